"""What an office keeps ready for writing: texts, words that operators hold back, and the law its alerts may rest on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.kinds import CampaignKind
from engage.db import Model, UTCDateTime

_KINDS = ", ".join(repr(str(kind)) for kind in CampaignKind)


class ReadyText(Model):
    """A text somebody wrote once, for every unit below its own."""

    __tablename__ = "ready_text"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    """With placeholders; see `campaigns.texts`"""
    use_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),)


class FilteredWord(Model):
    """A word for which operators hold texts back: no text with it goes out."""

    __tablename__ = "filtered_word"

    word: Mapped[str] = mapped_column(Text, primary_key=True)
    """As `engage.persian.search_key` writes it"""
    label: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AlertPolicy(Model):
    """The law that lets a unit's safety alerts go to numbers that opted out, too. Without a row none does."""

    __tablename__ = "alert_policy"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    legal_basis: Mapped[str] = mapped_column(Text)
    set_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
