"""The office's words for themes, what the last count found, and quotes nobody is to see again. No answers are kept here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ReportTheme(Model):
    """One theme of a unit's lexicon; it serves all surveys of that unit."""

    __tablename__ = "report_theme"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    label: Mapped[str] = mapped_column(Text)
    words: Mapped[list[str]] = mapped_column(JSONB)
    """Beginnings of words, as they were typed"""
    is_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReportThemeCount(Model):
    """What the last count of a survey's texts found; computed anew as a whole, never added to."""

    __tablename__ = "report_theme_count"

    # To the report and not to the survey: storing a count never waits for a survey that is being deleted.
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey_report.survey_id", ondelete="CASCADE"), primary_key=True)
    is_stale: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """The lexicon was changed since"""
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """question key → counts of `counting.Counts`"""


class ReportHiddenQuote(Model):
    """A text an officer took out of sight, by its digest."""

    __tablename__ = "report_hidden_quote"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    hidden_at: Mapped[datetime] = mapped_column(UTCDateTime)
