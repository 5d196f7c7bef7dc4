"""Units, users, their rights and sessions, and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engage.db import Model, UTCDateTime
from engage.identity.rules import PERMISSIONS, Role


class UnitKind(StrEnum):
    MUNICIPALITY = "municipality"
    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    NEIGHBOURHOOD = "neighbourhood"
    ORGANISATION = "organisation"


class Unit(Model):
    """A node of the tree everyone's rights hang on. `path` is '/1/5/9/': a subtree is one prefix."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    path: Mapped[str] = mapped_column(Text, unique=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    sms_name: Mapped[str] = mapped_column(Text)
    """The short name citizens see in a text, counted against its 70 characters."""
    approval_recipients: Mapped[int] = mapped_column(Integer, default=500, server_default="500")
    """Campaigns up to this many recipients and `approval_cost` rials are approved by the rule; above, by a second person."""
    approval_cost: Mapped[int] = mapped_column(BigInteger, default=1_000_000, server_default="1000000")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_unit_path_prefix", "path", postgresql_ops={"path": "text_pattern_ops"}),)


@dataclass(frozen=True)
class HeldRole(RoleMixin):  # type: ignore[misc]  # Flask-Security has no types
    """A role as Flask-Security sees one: a name and names of permissions."""

    name: str
    permissions: list[str]  # type: ignore[assignment]


class User(UserMixin, Model):  # type: ignore[misc]
    """A person who signs in. The columns of Flask-Security's contract, and our own. Never deleted: the audit log names them."""

    __tablename__ = "app_user"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(Text)
    """Argon2; None until one is set."""
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Someone else knows the password: the account opens nothing but the page where a new one is chosen."""
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    fs_uniquifier: Mapped[str] = mapped_column(Text, unique=True)
    """Changes with the password; sessions that carry the old one are dead."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The authenticator app's secret, encrypted; None while there is no second factor."""
    totp_pending_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Shown as a QR code and not yet confirmed by a code."""
    totp_counter: Mapped[int | None] = mapped_column(BigInteger)
    """The last time step a code was accepted for: no code works twice."""
    recovery_digests: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    """Keyed digests of the recovery codes that are left."""
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The person's own mobile number, encrypted; set by a code that was texted to it alone."""
    phone_confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    texts_off: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    """Groups of notices this person doesn't want by SMS as well."""
    current_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    is_demo: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    grants: Mapped[list[RoleGrant]] = relationship(back_populates="user", cascade="all, delete-orphan", lazy="selectin")

    @property
    def roles(self) -> list[HeldRole]:  # type: ignore[override]
        """Every role held anywhere; what a role may do where is decided by `engage.identity.guard`."""
        return [HeldRole(role, sorted(PERMISSIONS[role])) for role in sorted({Role(grant.role) for grant in self.grants})]


class RoleGrant(Model):
    """This user holds this role in this unit and all units below it."""

    __tablename__ = "role_grant"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    role: Mapped[str] = mapped_column(Text)

    user: Mapped[User] = relationship(back_populates="grants")

    __table_args__ = (
        UniqueConstraint("user_id", "unit_id", "role"),
        CheckConstraint("role IN ('admin', 'officer', 'manager')", name="role_known"),
    )


class Delegation(Model):
    """On these days the delegate may approve in the manager's name («جانشین»), in the unit and below it. Kept after its end: approvals name it."""

    __tablename__ = "delegation"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    """The manager whose right it is"""
    delegate_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    """Days of Tehran's calendar, both included"""
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("user_id <> delegate_id", name="somebody_else"),
        CheckConstraint("first_day <= last_day", name="days_ordered"),
    )


class SignInSession(Model):
    """One browser that is signed in. Kept here, not in the cookie, so that signing out ends it wherever the cookie was copied to."""

    __tablename__ = "sign_in_session"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the 256-bit id in the cookie: who reads the table can't sign in with it."""
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    fs_uniquifier: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class SignInThrottle(Model):
    """Wrong passwords and codes in a row, per address typed, whether an account stands behind it or not."""

    __tablename__ = "sign_in_throttle"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed digest of the address: people type passwords into the wrong field."""
    failed_count: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class UserCode(Model):
    """A code that was texted to a colleague. Number and code are unreadable here; the row stays a day, for the limits on asking."""

    __tablename__ = "user_code"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(Text)
    """What it proves: one of them never opens another thing."""
    number_digest: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    """Keyed digest of the number, for the limit per number."""
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The number that waits for being confirmed; gone once the code is used or too old."""
    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Keyed digest of the code; None once it opens nothing any more."""
    attempt_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Notice(Model):
    """Something a colleague is told once: that it waits for them, stopped, or is done. Holds no personal data; kept 90 days."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    path: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """What it waited for has happened."""
    text_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """A text about it waits for the morning; it isn't sent if the notice is read or done by then."""

    __table_args__ = (
        UniqueConstraint("user_id", "cause"),
        Index("ix_notice_unread", "user_id", postgresql_where=text("read_at IS NULL AND done_at IS NULL")),
        Index("ix_notice_open_cause", "cause", postgresql_where=text("done_at IS NULL")),
        Index("ix_notice_text_due", "text_due_at", postgresql_where=text("text_due_at IS NOT NULL")),
    )


class AuditEntry(Model):
    """Who decided what, when, about which thing. Appended only: the database refuses changes (trigger in the migration)."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    action: Mapped[str] = mapped_column(Text)
    object_type: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    __table_args__ = (Index("ix_audit_entry_object", "object_type", "object_id"),)


class KeyFingerprint(Model):
    """The keys this database was written with, by public fingerprint: a swapped or missing key file is found at start."""

    __tablename__ = "key_fingerprint"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    """Empty for a key that a rotation announced and that nobody has seen yet"""
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Nothing needs it any more: the key file may hold it or not."""
