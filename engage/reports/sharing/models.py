"""What was shared, decided and promised about a survey's results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ReportLink(Model):
    """A link by which somebody without an account reads parts of a report. Its letters are stored nowhere."""

    __tablename__ = "report_link"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(Text)
    """For whom it was made"""
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sections: Mapped[list[str]] = mapped_column(JSONB)
    """`rules.Section`"""
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    last_opened_on: Mapped[date | None] = mapped_column(Date)
    """Day precision: who looks when is nobody's business"""


class ReportShared(Model):
    """The figures every link of a survey shows. One row for all of them: two links made a few answers apart would tell those answers."""

    __tablename__ = "report_shared"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    answers: Mapped[int] = mapped_column(Integer)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    computed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReportDecision(Model):
    """What was decided after reading a report. Rows are never deleted; what was given up stays, with its reason."""

    __tablename__ = "report_decision"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the answers said"""
    question_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Of the question it rests on; empty for none"""
    owner: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    first_due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    told_by: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Public id of the campaign whose text tells those who took part; empty until one was drafted"""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("state IN ('wanted', 'doing', 'done', 'dropped')", name="state_known"),)


class ReportDecisionStep(Model):
    """One change of a decision: its history."""

    __tablename__ = "report_decision_step"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("report_decision.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReportPromiseLine(Model):
    """One word given to citizens about the day of the results: made, moved, taken back, or why it is late. Only ever added to."""

    __tablename__ = "report_promise_line"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), index=True)
    was_on: Mapped[date | None] = mapped_column(Date)
    now_on: Mapped[date | None] = mapped_column(Date)
    """Null once no day is promised any more"""
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Shown to citizens. Empty for the first promise, and while a move made by publishing again is still unexplained."""
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
