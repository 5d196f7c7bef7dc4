"""Campaigns and their waves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
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
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Campaign(Model):
    """One text to one audience about one survey, with its reminder. States: `campaigns.states.CampaignState`."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    asks_permission: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """It asks people without documented consent for one, and so may reach them where nothing else may."""
    text: Mapped[str] = mapped_column(Text)
    """With placeholders; see `campaigns.texts`."""
    reminder_text: Mapped[str | None] = mapped_column(Text)
    reminder_after: Mapped[int | None] = mapped_column(Integer)
    """Seconds between the start of sending and the reminder to those who have not answered; null for none."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Unit, rule and sample as `contacts.queries.AudienceFilter` writes them."""
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("audience_snapshot.id"))
    """Who the rule found when approval was asked for; null while it is a draft."""
    line: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    pause_code: Mapped[str | None] = mapped_column(Text)
    """Why it is paused: user, window, credit, error_rate, opt_out_rate, budget, or gateway_<code>."""
    pause_resumes: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Whether it goes on by itself (a closed window opens again)."""
    state_since: Mapped[datetime] = mapped_column(UTCDateTime)
    window_start: Mapped[int] = mapped_column(SmallInteger, default=540, server_default="540")
    window_end: Mapped[int] = mapped_column(SmallInteger, default=1260, server_default="1260")
    """Minutes of the day in Tehran between which texts may go out."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Values that are the same for every recipient (unit, deadline), frozen with the text."""
    cap_count: Mapped[int] = mapped_column(SmallInteger, default=4, server_default="4")
    cap_days: Mapped[int] = mapped_column(SmallInteger, default=7, server_default="7")
    """At most so many of our texts on one number in so many days, over all units."""
    recipient_count: Mapped[int | None] = mapped_column(Integer)
    cost_estimate: Mapped[int | None] = mapped_column(BigInteger)
    """Rials for all waves at their largest, as approved; sending stops before it is exceeded."""
    frozen_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was approved: text, reminder, audience, counts and cost."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by_rule: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    return_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When its author wants it to start; null for as soon as it is approved and launched."""
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name="second_person"),
        CheckConstraint("window_start >= 0 AND window_end <= 1440 AND window_start < window_end", name="window_ordered"),
        Index("ix_campaign_active", "state", postgresql_where=sql("state NOT IN ('draft', 'finished', 'cancelled')")),
    )


class Wave(Model):
    """One round of sending: 1 the invitation, 2 the reminder."""

    __tablename__ = "wave"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Last contact id whose message row exists: a killed materialisation goes on from here."""
    materialised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("campaign_id", "number"),)
