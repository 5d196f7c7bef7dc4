"""Surveys, their immutable versions, and the invitations that carry a personal link."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
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


class SurveyState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Survey(Model):
    """A questionnaire: an editable draft, and the published version citizens answer."""

    __tablename__ = "survey"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB)
    draft_revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Raised by every save; a save names the revision it started from, so two officers never overwrite each other silently."""
    draft_save: Mapped[int | None] = mapped_column(Integer)
    """The `DraftSave` the draft is; None before the first save. Undoing and redoing move it."""
    draft_top: Mapped[int | None] = mapped_column(Integer)
    """The newest `DraftSave` that redoing leads to"""
    draft_saved_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    draft_saved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Who changed the draft last, and when: what a colleague who comes too late is told"""
    published_version_id: Mapped[int | None] = mapped_column(BigInteger)
    closes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    results_on: Mapped[date | None] = mapped_column(Date)
    """The day on which citizens were promised the results."""
    is_anonymous: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """As published; it never changes afterwards, since citizens were told so."""
    response_limit: Mapped[int | None] = mapped_column(Integer)
    """So many complete responses close the survey."""
    notice: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Stands above the form while it isn't empty: what a text that invited to it got wrong"""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'closed')", name="state_known"),
        CheckConstraint("state = 'draft' OR published_version_id IS NOT NULL", name="published_has_version"),
        CheckConstraint("response_limit > 0", name="response_limit_positive"),
        Index("ix_survey_open", "closes_at", postgresql_where="state = 'open'"),
    )


class SurveyVersion(Model):
    """What was published: never changed (trigger in the migration), so every response can be read for ever."""

    __tablename__ = "survey_version"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    number: Mapped[int] = mapped_column(Integer)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("survey_id", "number"),)


class Invitation(Model):
    """One number's one right to answer one survey. The link's letters are derived from the id; only their digest is stored.

    No foreign keys, which would cost more than the rows: `commands.invite` asks for the survey, and surveys and units are never deleted.
    """

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    survey_id: Mapped[int] = mapped_column(BigInteger)
    unit_id: Mapped[int] = mapped_column(Integer)
    identity_id: Mapped[int] = mapped_column(BigInteger, index=True, nullable=True)
    """Null, against the type, once the number was erased: nothing finds such a row by a link or a number any more. Whoever writes many
    rows at once keeps the numbers from being erased meanwhile (`contacts.commands.hold_numbers`)."""
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """16 random bytes once the number was erased: no letters lead here any more."""
    key_version: Mapped[int] = mapped_column(SmallInteger)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_on: Mapped[date | None] = mapped_column(Date)
    """First GET, day precision; robots that preview links are included, and reports say so."""
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """First POST"""
    answered: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("survey_id", "identity_id"),)


class DraftSave(Model):
    """One state a survey's draft was saved in, the present one among them: for undo, redo, and for seeing who changed what."""

    __tablename__ = "survey_draft_save"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    follows: Mapped[int | None] = mapped_column(Integer)
    """The save this one was made from: undoing leads there"""
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
