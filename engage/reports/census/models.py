"""How many people live in a unit, by group: what answers are weighted to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class CensusVersion(Model):
    """One import. The newest that wasn't removed holds; rows are never deleted, so that an old report's figures can be traced."""

    __tablename__ = "census_version"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    source: Mapped[str] = mapped_column(Text)
    """Who counted, in the importer's words"""
    dated_on: Mapped[date] = mapped_column(Date)
    """The day the figures are of"""
    margins: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """dimension → group → people"""
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_census_version_unit", "unit_id", "id"),
        CheckConstraint("source <> ''", name="source_said"),
    )
