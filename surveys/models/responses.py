"""Responses, what is on its way to become one, and files that came with them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Channel(StrEnum):
    """How an answer came in."""

    LINK = "link"
    """By a personal link"""
    OPEN = "open"
    """By an open link or its poster: who it was is not known"""
    KIOSK = "kiosk"
    """On the office's own device, by the citizen"""
    COLLECTOR = "collector"
    """Entered by an ambassador who asked the citizen"""
    PAPER = "paper"
    """Typed off a paper form"""
    SMS = "sms"
    """By replying to texts, with a personal link's right to answer"""


class Response(Model):
    """One person's answers as one document, checked against the version it names."""

    __tablename__ = "response"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("survey_version.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"), unique=True)
    channel: Mapped[str] = mapped_column(Text)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    receipt_code: Mapped[str] = mapped_column(Text)
    """Empty for an anonymous response: its receipt is nowhere beside it."""
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """Noon of the day for an anonymous response."""
    entrance_id: Mapped[int | None] = mapped_column(ForeignKey("survey_entrance.id"))
    collector_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    """Who entered it for the citizen"""
    language: Mapped[str] = mapped_column(Text, default="fa", server_default="fa")
    seconds: Mapped[int | None] = mapped_column(Integer)
    """From the first page sent to the last; None where there was only one, or where nothing may be known of it."""
    order_seed: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """What the order of shuffled options was drawn from"""
    is_partial: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Never sent off: what had been saved when the survey closed, or lay for a week. Whoever finishes later takes its place."""
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    """Signs of poor quality (`surveys.quality`)"""
    excluded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Left out of every count since then, for a reason"""
    excluded_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    exclusion_reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        CheckConstraint("channel IN ('link', 'open', 'kiosk', 'collector', 'paper', 'sms')", name="channel_known"),
        CheckConstraint("(excluded_at IS NULL) = (exclusion_reason = '')", name="exclusion_has_reason"),
        Index("ix_response_survey", "survey_id", "id"),
        Index("ix_response_entrance", "entrance_id", postgresql_where="entrance_id IS NOT NULL"),
    )


class AnswersMark(Model):
    """Whether answers have arrived since reports were last told: a burst of thousands makes one event, not thousands."""

    __tablename__ = "survey_answers_mark"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    pending: Mapped[bool] = mapped_column(Boolean, default=False)


class ResponseDraft(Model):
    """Answers of a confidential survey's earlier pages. They show only in the browser that gave them."""

    __tablename__ = "response_draft"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("survey_version.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    entrance_id: Mapped[int | None] = mapped_column(ForeignKey("survey_entrance.id"))
    browser_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed digest of the browser's cookie"""
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Read and valid page by page; not yet a whole"""
    language: Mapped[str] = mapped_column(Text, default="fa", server_default="fa")
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("browser_digest", "survey_id"),
        Index("ix_response_draft_survey", "survey_id", "updated_at"),
        Index("ix_response_draft_invitation", "invitation_id", postgresql_where="invitation_id IS NOT NULL"),
    )


class ResponseUpload(Model):
    """A photo or file a citizen added. Its bytes lie encrypted in a file; without a response it is removed after a while."""

    __tablename__ = "response_upload"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    """What stands in the answers; nobody can guess it"""
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    question_id: Mapped[str] = mapped_column(Text)
    response_id: Mapped[int | None] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), index=True)
    media_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    stored_name: Mapped[str] = mapped_column(Text)
    key_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    """What opens the file, encrypted: so that a rotated key rewrites rows, not files"""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_response_upload_loose", "created_at", postgresql_where="response_id IS NULL"),)


class QuotaCount(Model):
    """How many complete responses fell into a quota."""

    __tablename__ = "survey_quota_count"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    quota_id: Mapped[str] = mapped_column(Text, primary_key=True)
    response_count: Mapped[int] = mapped_column(Integer, default=0)


class TestResponse(Model):
    """Answers an officer gave while trying a survey out: never counted, deleted at will."""

    __tablename__ = "survey_test_response"
    __test__ = False

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), index=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What was answered, as it stood then"""
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
