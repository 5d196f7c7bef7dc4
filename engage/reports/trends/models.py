"""Which answers are set against each other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model


class ReportPriorities(Model):
    """Of a survey: the question that says how important things are, and for each of its options the one that says how content people are."""

    __tablename__ = "report_priorities"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    importance_key: Mapped[str] = mapped_column(Text)
    pairs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """option → key of a question with a scale"""
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
