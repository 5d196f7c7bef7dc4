"""How long what is kept, and what became of keys and people who were erased."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class RetentionRule(Model):
    """After so many months a field is cleared, a consent ends, or a person without any consent is erased."""

    __tablename__ = "retention_rule"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    subject: Mapped[str] = mapped_column(Text)
    """field, purpose, person"""
    key: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The field (custom:KEY for a unit's own) or the purpose"""
    months: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("unit_id", "subject", "key"),
        CheckConstraint("subject IN ('field', 'purpose', 'person')", name="subject_known"),
        CheckConstraint("months > 0", name="months_positive"),
    )


class Erasure(Model):
    """That somebody was erased, by whom and when; nothing in it leads to them but the ledger's pseudonym."""

    __tablename__ = "erasure"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    origin: Mapped[str] = mapped_column(Text)
    """citizen, officer, retention, no_answer"""
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class KeyRotation(Model):
    """One rotation of a key, from its start to its end; a killed one goes on from its cursor."""

    __tablename__ = "key_rotation"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    from_version: Mapped[int] = mapped_column(SmallInteger)
    to_version: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[str] = mapped_column(Text)
    """`engage.operations.rotating.Phase`; from "clearing" on, `to_version` is the one in force"""
    cursor: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Encrypted column → last id that was rewritten"""
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("purpose", "to_version"),)
