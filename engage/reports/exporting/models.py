"""Files that people asked for: what is to be written, what lies ready, and until when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ReportFile(Model):
    """One file of one survey's report or answers. Its bytes lie below the data folder under `slug`, never in the database."""

    __tablename__ = "report_file"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    """Nobody can guess it"""
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    """A key of `engage.reports.render.FORMATS`"""
    is_whole: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """With what links brought along: whoever asked may read single responses"""
    state: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    writing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    ready_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answers: Mapped[int | None] = mapped_column(Integer)
    """That counted when it was written"""
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text, default="", server_default="")
    problem: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Code of the refusal it failed by"""

    __table_args__ = (
        CheckConstraint("state IN ('asked', 'writing', 'ready', 'failed', 'expired')", name="state_known"),
        CheckConstraint("(state = 'ready') <= (ready_at IS NOT NULL AND bytes IS NOT NULL AND sha256 <> '')", name="ready_is_there"),
        CheckConstraint("(state = 'failed') = (problem <> '')", name="failure_has_reason"),
        Index("ix_report_file_survey", "survey_id", "id"),
        Index("ix_report_file_due", "state", "asked_at"),
    )
