"""Numbers, the people a unit knows under them, their consents, and imported lists.

A number is not a person: `phone_identity` is global and carries what holds for the number (suppression, the frequency of texts),
`contact` is what one unit knows of the people behind it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class PhoneIdentity(Model):
    """One mobile number in the world. The number itself is only here, encrypted (context "phone_identity:<id>")."""

    __tablename__ = "phone_identity"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    blind_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    phone_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    suppressed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Mirror of the `suppression` row of this number, so that a claim checks it without an HMAC."""
    last_texted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_phone_identity_suppressed", "id", postgresql_where=suppressed_at.isnot(None)),)


class Suppression(Model):
    """Never text this number again, for any unit, line or purpose. Keyed by an HMAC, so it outlives erasure."""

    __tablename__ = "suppression"

    number_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    """sms, page, officer, operator"""
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class Contact(Model):
    """What one unit knows of whoever answers this number."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("phone_identity.id"))
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """16 random bytes under which the consent ledger knows this person; erasure deletes the only place that links them."""
    first_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    last_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    neighbourhood: Mapped[str] = mapped_column(Text, default="", server_default="")
    gender: Mapped[str] = mapped_column(Text, default="", server_default="")
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    """Jalali"""
    custom: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    search_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    sort_key: Mapped[str] = mapped_column(Text(collation="C"), default="", server_default="")
    """Family name first, in the order of the Persian alphabet by code points."""
    is_shared: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Lists gave this number other names, too: see `contact_alias`."""
    reassigned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """«این پیامک برای من نیست»: the number has changed hands; what follows no longer speaks of this person."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("unit_id", "identity_id"),
        Index("ix_contact_identity", "identity_id"),
        Index("ix_contact_sorted", "unit_id", "sort_key", "id"),
        Index("ix_contact_neighbourhood", "unit_id", "neighbourhood"),
        CheckConstraint("gender IN ('', 'female', 'male')", name="gender_known"),
        CheckConstraint("birth_year BETWEEN 1250 AND 1500", name="birth_year_jalali"),
    )


class ContactAlias(Model):
    """A further name a list gave for a number the unit already knew under another one. Shown, never thrown away, never texted."""

    __tablename__ = "contact_alias"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("contact_id", "name_key"),)


class Purpose(Model):
    """What a person may agree to receive. The exact words lie in `consent_text`, one version each."""

    __tablename__ = "purpose"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    """What the office calls it, in the office's language."""
    position: Mapped[int] = mapped_column(SmallInteger, default=0)


class ConsentText(Model):
    """The exact words somebody agreed to; never changed, only followed by a new version."""

    __tablename__ = "consent_text"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(ForeignKey("purpose.key"))
    version: Mapped[int] = mapped_column(Integer)
    basis: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("purpose", "basis", "version"),)


class ConsentEntry(Model):
    """One line of the consent ledger: appended, chained to the person's line before it, never changed (trigger in the migration).

    `mac` = HMAC(ledger key, mac before it ‖ canonical bytes of this entry); the first `previous` is 32 zero bytes.
    """

    __tablename__ = "consent_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary)
    sequence: Mapped[int] = mapped_column(Integer)
    purpose: Mapped[str] = mapped_column(Text)
    given: Mapped[bool] = mapped_column(Boolean)
    basis: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    channel: Mapped[str] = mapped_column(Text)
    """import, officer, page, sms"""
    evidence_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of salt ‖ evidence; both lie in `consent_evidence`, where they can be erased."""
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("pseudonym", "sequence"),)


class ConsentEvidence(Model):
    """What backs a ledger line (which file, which row, which page), erasable."""

    __tablename__ = "consent_evidence"

    entry_id: Mapped[int] = mapped_column(ForeignKey("consent_entry.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    evidence: Mapped[str] = mapped_column(Text)


class ContactConsent(Model):
    """Where a person stands now, per purpose: what the ledger's last line says, kept in the same transaction."""

    __tablename__ = "contact_consent"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(ForeignKey("purpose.key"), primary_key=True)
    given: Mapped[bool] = mapped_column(Boolean)
    basis: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class ContactImport(Model):
    """One uploaded list, from upload to summary."""

    __tablename__ = "contact_import"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    stored_name: Mapped[str] = mapped_column(Text)
    """Name below <data>/uploads, never built from what the browser sent; empty for a list the command line read where it lay.
    Rows that were previewed or rejected lie beside it in files, not here: they hold numbers, and go when the upload goes."""
    state: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    """Per column of the file: its header, some masked values, and the field guessed for it."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Position of a column, as a string → field"""
    purpose: Mapped[str | None] = mapped_column(ForeignKey("purpose.key"))
    basis: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="", server_default="")
    row_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    done_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """The six numbers whose sum is the rows (created, updated, unchanged, duplicates, rejected, suppressed), and
    `reasons` and `warnings`: code → how many."""
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    file_deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_contact_import_waiting", "id", postgresql_where=state.in_(("checking", "queued", "running"))),
        Index("ix_contact_import_files", "created_at", postgresql_where=file_deleted_at.is_(None)),
    )
