"""Purposes, the words behind them, the consent ledger and what people dispute of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Purpose(Model):
    """What a person may agree to receive. The exact words lie in `consent_text`, one version each."""

    __tablename__ = "purpose"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    """What the office calls it, in the office's language."""
    position: Mapped[int] = mapped_column(SmallInteger, default=0)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    """Whether it is still offered to citizens and officers."""


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
    """`contacts.rules.consent.Channel`"""
    evidence_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of salt ‖ evidence; both lie in `consent_evidence`, where they can be erased."""
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    written_in: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    """The transaction that appended the line. Not sealed: it tells the sealer which lines can no longer get company (`ledger_checkpoint`)."""
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("pseudonym", "sequence"),
        Index("ix_consent_entry_written_in", "written_in", postgresql_using="brin"),
    )


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
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    """The list that brought this standing, as long as nothing newer was said: a held list stops its consents."""

    # A list's consents lie side by side: block ranges find them, and cost an import next to nothing.
    __table_args__ = (Index("ix_contact_consent_import", "import_id", postgresql_using="brin"),)


class LedgerCheckpoint(Model):
    """A seal over all ledger lines written by a range of transactions: one removed line changes the root.

    `mac` covers the checkpoint before it, so that checkpoints form a chain; its head is also written outside the database.
    """

    __tablename__ = "ledger_checkpoint"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    """1, 2, 3, … without gaps"""
    epoch: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Transaction numbers count on within one epoch; a database restored elsewhere, where they start lower, begins a new one."""
    after_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Lines of this epoch have ids above this one, those of the epochs before it have not."""
    cluster: Mapped[str] = mapped_column(Text, default="", server_default="")
    """PostgreSQL's name for the server that the epoch's lines were written on"""
    from_xid: Mapped[int] = mapped_column(BigInteger)
    to_xid: Mapped[int] = mapped_column(BigInteger)
    """Lines with from_xid ≤ written_in < to_xid are under this seal."""
    line_count: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    """Merkle root (RFC 9162, section 2.1) over those lines in the order of their ids; a leaf is id ‖ written_in ‖ mac"""
    words_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    words: Mapped[bytes] = mapped_column(LargeBinary, default=b"", server_default="")
    """SHA-256 over the first `words_count` rows of `consent_text` in the order they were made"""
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ConsentDispute(Model):
    """«اعتراض به رضایت»: somebody says they never agreed. Texting stopped in the same transaction."""

    __tablename__ = "consent_dispute"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"), index=True)
    """The list that had brought the disputed consent"""
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("consent_entry.id"))
    """The disputed ledger line"""
    channel: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ContactPolicy(Model):
    """What a unit decided about its contact base; holds for its subtree where nothing nearer says otherwise."""

    __tablename__ = "contact_policy"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    imports_need_release: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """An officer's list waits for an admin before it is written."""
    prior_relation_receives: Mapped[str] = mapped_column(Text, default="everything", server_default="everything")
    """What people without documented consent may receive: everything, re_permission (only the question for their consent), nothing"""
    dispute_hold_count: Mapped[int] = mapped_column(SmallInteger, default=5, server_default="5")
    """So many disputes hold a list: nobody whose consent it brought is texted until an admin decides. 0 never holds."""
    upload_days: Mapped[int] = mapped_column(SmallInteger, default=7, server_default="7")
    """So many days an uploaded file stays"""
    is_double_opt_in: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
