"""What an officer wrote on a survey's one page; the figures on it are the report's."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ReportOnepage(Model):
    """One row a survey, from the first time somebody saves its page; until then the page is made of the report's own sentences."""

    __tablename__ = "report_onepage"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    headline: Mapped[str] = mapped_column(Text)
    lead: Mapped[str] = mapped_column(Text, default="", server_default="")
    wanted: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The decision that is asked for"""
    addressee: Mapped[str] = mapped_column(Text, default="", server_default="")
    question_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Of the question whose chart is drawn; empty for none"""
    dimension: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Groups the chart compares (`grid.Dimension`); empty for everybody's answers"""
    letter_number: Mapped[str] = mapped_column(Text, default="", server_default="")
    letter_date: Mapped[date | None] = mapped_column(Date)
    attachment: Mapped[str] = mapped_column(Text, default="", server_default="")
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
