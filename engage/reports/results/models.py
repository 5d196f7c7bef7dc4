"""What of a survey's results the public may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ResultsPublication(Model):
    """The words of an office and the figures as they were published; the figures are copied, so that what the public read stays what it was."""

    __tablename__ = "results_publication"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(Text, default="draft", server_default="draft")
    headline: Mapped[str] = mapped_column(Text, default="", server_default="")
    intro: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the office says of it: what will be done"""
    left_out: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    """Keys of questions that are not published; that some are is said"""
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """`snapshot.PublicResults`; null until the first publication"""
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """The first time; what citizens were promised is held against it"""
    published_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name="state_known"),
        CheckConstraint("state = 'draft' OR (figures IS NOT NULL AND published_at IS NOT NULL)", name="published_has_figures"),
        CheckConstraint("(withdrawn_reason <> '') = (state = 'withdrawn')", name="withdrawn_has_reason"),
    )
