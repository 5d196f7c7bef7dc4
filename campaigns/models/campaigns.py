"""Campaigns and their waves."""

from __future__ import annotations

from collections.abc import Iterable
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

from campaigns.kinds import CampaignKind, kinds_where
from engage.db import Model, UTCDateTime


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(repr(str(kind)) for kind in kinds)


class Campaign(Model):
    """One text to one audience, mostly about one survey, with its reminders. States: `campaigns.states.CampaignState`."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(Text, default=CampaignKind.SURVEY, server_default="survey")
    """What it is, and with it what it needs and what holds it back: `campaigns.kinds.CampaignKind`."""
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("survey.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    """The campaign whose recipients it writes to: the one it corrects, gives the all-clear for, thanks for, or goes on with."""
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    asks_permission: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """It asks people without documented consent for one, and so may reach them where nothing else may."""
    text: Mapped[str] = mapped_column(Text)
    """With placeholders; see `campaigns.texts`."""
    reminders: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    """Waves to those who have not answered, in order: {"after": seconds since sending began, "text": its own or null for the first one
    again, "stop_above": it is left out when more per cent have answered, or null}; see `campaigns.rules.Reminder`."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Unit, rule and sample as `contacts.queries.AudienceFilter` writes them."""
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("audience_snapshot.id"))
    """Who the rule found when approval was asked for; null while it is a draft."""
    line: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    pause_code: Mapped[str | None] = mapped_column(Text)
    """Why it is paused: user, window, pilot, credit, error_rate, opt_out_rate, not_for_me_rate, budget, or gateway_<code>."""
    pause_resumes: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Whether it goes on by itself (a closed window opens again, the first texts were waited for)."""
    pause_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Not before this moment; null where the hours alone decide."""
    state_since: Mapped[datetime] = mapped_column(UTCDateTime)
    window_start: Mapped[int] = mapped_column(SmallInteger, default=540, server_default="540")
    window_end: Mapped[int] = mapped_column(SmallInteger, default=1260, server_default="1260")
    """Minutes of the day in Tehran between which texts may go out; the line's own hours narrow them."""
    sends_on_holidays: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    sends_on_fridays: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    not_after: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Nothing goes out from this moment on; what still waits then expires."""
    spread_seconds: Mapped[int | None] = mapped_column(Integer)
    """A wave's batches become due evenly over so long; null for as fast as the line carries."""
    pilot_count: Mapped[int | None] = mapped_column(Integer)
    """So many texts go out first and are waited for; null for none."""
    pilot_wait: Mapped[int | None] = mapped_column(Integer)
    """Seconds between the first texts and the rest."""
    pilot_last_id: Mapped[int | None] = mapped_column(BigInteger)
    """While the first texts are tried, the last message that may be claimed; null before and after."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Values that are the same for every recipient (unit, deadline), frozen with the text."""
    cap_count: Mapped[int] = mapped_column(SmallInteger, default=4, server_default="4")
    cap_days: Mapped[int] = mapped_column(SmallInteger, default=7, server_default="7")
    """At most so many of our texts on one number in so many days, over all units."""
    ignores_cap: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    legal_basis: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why a safety alert may go to numbers that opted out; empty: it may not."""
    recipient_count: Mapped[int | None] = mapped_column(Integer)
    cost_estimate: Mapped[int | None] = mapped_column(BigInteger)
    """Rials for all waves at their largest, as approved; sending stops before it is exceeded."""
    exclusions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Who the rule found and who of them is left out, and why, as `contacts.queries.AudienceCount`, when approval was asked for."""
    frozen_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was approved: text, reminder, audience, counts and cost."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_for: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    """The manager in whose name a delegate approved; null where the approver's own right was used."""
    approved_by_rule: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    """The second person who looked at a safety alert after it was sent."""
    reviewed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    return_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When its author wants it to start; null for as soon as it is approved and launched."""
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name="second_person"),
        CheckConstraint("approved_for IS NULL OR approved_for <> author_id", name="not_in_own_name"),
        CheckConstraint("reviewed_by IS NULL OR reviewed_by <> author_id", name="second_look"),
        CheckConstraint(f"kind IN ({_listed(CampaignKind)})", name="kind_known"),
        CheckConstraint(f"survey_id IS NOT NULL OR kind NOT IN ({_listed(kinds_where(needs_survey=True))})", name="survey_where_needed"),
        CheckConstraint(f"parent_id IS NOT NULL OR kind NOT IN ({_listed(kinds_where(needs_parent=True))})", name="parent_where_needed"),
        CheckConstraint("pilot_count > 0 AND pilot_wait >= 0", name="pilot_positive"),
        CheckConstraint("spread_seconds > 0", name="spread_positive"),
        CheckConstraint("window_start >= 0 AND window_end <= 1440 AND window_start < window_end", name="window_ordered"),
        Index("ix_campaign_active", "state", postgresql_where=sql("state NOT IN ('draft', 'finished', 'cancelled')")),
    )


class Wave(Model):
    """One round of sending: the first, a reminder, or those it failed at once more."""

    __tablename__ = "wave"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text, default="first", server_default="first")
    """first, reminder or resend"""
    text: Mapped[str | None] = mapped_column(Text)
    """Its own text; null for the campaign's."""
    states: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    """Of a resend: the states of earlier texts that are sent once more."""
    stop_above: Mapped[int | None] = mapped_column(SmallInteger)
    """Of a reminder: left out when more per cent than this have answered by then."""
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Last contact, or message of the wave before, whose row exists: a killed materialisation goes on from here."""
    message_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Rows written so far."""
    materialised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    skipped: Mapped[str | None] = mapped_column(Text)
    """Why nothing was written: answered_enough, survey_closed, not_after"""

    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        CheckConstraint("kind IN ('first', 'reminder', 'resend')", name="kind_known"),
    )
