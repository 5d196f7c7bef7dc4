"""Citizens at the door: sign-ups that wait for their code, codes by SMS, and the single texts of this room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class SignUpPage(Model):
    """A public page and QR poster on which citizens join a unit's contact base for some purposes."""

    __tablename__ = "sign_up_page"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_open: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PendingConsent(Model):
    """Somebody asked to join, or was entered by an officer, and hasn't confirmed yet. Deleted after 14 days without an answer."""

    __tablename__ = "pending_consent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    page_id: Mapped[int | None] = mapped_column(ForeignKey("sign_up_page.id"))
    blind_index: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    phone_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    """Context "pending_consent:<id>" """
    name_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON of what was said of the person (first_name, last_name, …), context "pending_consent_name:<id>" """
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    text_sha256s: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    """The exact words that stood beside each purpose, in its order"""
    channel: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class PendingCount(Model):
    """What became of sign-ups, per unit, page and day; nothing in it leads to a number."""

    __tablename__ = "pending_count"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    page_id: Mapped[int] = mapped_column(Integer, primary_key=True, default=0, server_default="0")
    """0 where an officer or a list asked"""
    day: Mapped[datetime] = mapped_column(Date, primary_key=True)
    asked_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    confirmed_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    expired_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class PhoneCode(Model):
    """A code sent to a number to prove that it is in the citizen's hand. Only its HMAC is kept, for minutes."""

    __tablename__ = "phone_code"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    """sign_up, self_service"""
    blind_index: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    code_mac: Mapped[bytes] = mapped_column(LargeBinary)
    attempt_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    session_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """The visit that this code opened lasts until then; NULL when it opened none or its holder has left."""


class SingleText(Model):
    """One text to one number outside campaigns: a code, a request for confirmation, an apology. Never lost, never twice.

    Number and words are encrypted and are cleared as soon as the text is settled.
    """

    __tablename__ = "single_text"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=4611686018427387904), primary_key=True)
    """The gateway's local id, made of the moment and this sequence; 2^62 and up, far above the messages of campaigns."""
    kind: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Context "single_text_phone:<id>" """
    body_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Context "single_text_body:<id>" """
    line: Mapped[str | None] = mapped_column(Text)
    """The line it goes out on; null: the installation's own"""
    charged_to: Mapped[int | None] = mapped_column(BigInteger)
    """The campaign whose cost it is; null: nobody's. Such a row stays: it is the bill, and holds neither number nor words"""
    page_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    cost: Mapped[int | None] = mapped_column(Integer)
    """Rials the gateway charged; null where a look-up found the text, which doesn't tell"""
    state: Mapped[str] = mapped_column(Text)
    attempt_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    claim_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    unknown_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looked_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    absent_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Look-ups in a row at which the gateway didn't know it"""
    gateway_id: Mapped[int | None] = mapped_column(BigInteger)
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """After this the text would only confuse: it is no longer sent."""
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_single_text_open", "id", postgresql_where=settled_at.is_(None)),
        Index("ix_single_text_charged_to", "charged_to", postgresql_where=charged_to.isnot(None)),
        CheckConstraint("state IN ('pending', 'sending', 'unknown', 'accepted', 'failed', 'expired')", name="state_known"),
    )
