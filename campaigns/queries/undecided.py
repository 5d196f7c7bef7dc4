"""Texts whose fate the gateway no longer tells: they wait for a person's decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from campaigns.models import Campaign, Message
from campaigns.states import CampaignState, MessageState
from engage.clock import now
from engage.config import Settings
from engage.db import db


@dataclass(frozen=True)
class UndecidedCampaign:
    """`oldest_at`: when the first of them was handed to the gateway."""

    slug: str
    title: str
    unit_id: int
    state: CampaignState
    count: int
    oldest_at: datetime


def is_beyond_look_up(at: datetime, settings: Settings) -> list[ColumnElement[bool]]:
    """Conditions on messages: unknown, and so old that the gateway has forgotten our ids."""
    oldest = at - timedelta(seconds=settings.timings.lookup_window)
    return [Message.state == MessageState.UNKNOWN, Message.unknown_since.is_not(None), Message.claimed_at <= oldest]


def count_undecided(campaign_id: int, settings: Settings) -> int:
    """How many of one campaign."""
    chosen = (Message.campaign_id == campaign_id, *is_beyond_look_up(now(), settings))
    return int(db.session.scalar(select(func.count()).select_from(Message).where(*chosen)) or 0)


def undecided_campaigns(unit_ids: Collection[int], settings: Settings, *, most: int | None = None) -> list[UndecidedCampaign]:
    """Campaigns of these units with such texts, the oldest first.

    Only what is unknown is read, however many messages there are; of that the `most` oldest alone where a page may not wait for the rest
    (in an outage a million texts can be unknown, which the gateway will tell about).
    """
    unknown = (
        select(Message.campaign_id, Message.claimed_at)
        .where(Message.state == MessageState.UNKNOWN, Message.unknown_since.is_not(None))
        .order_by(Message.unknown_since)
        .limit(most)
        .subquery()
    )
    oldest = now() - timedelta(seconds=settings.timings.lookup_window)
    waiting = (
        select(unknown.c.campaign_id, func.count().label("count"), func.min(unknown.c.claimed_at).label("oldest_at"))
        .where(unknown.c.claimed_at <= oldest)
        .group_by(unknown.c.campaign_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Campaign.slug, Campaign.title, Campaign.unit_id, Campaign.state, waiting.c.count, waiting.c.oldest_at)
        .join(waiting, waiting.c.campaign_id == Campaign.id)
        .where(Campaign.unit_id.in_(unit_ids))
        .order_by(waiting.c.oldest_at)
    )
    return [UndecidedCampaign(slug, title, unit, CampaignState(state), count, oldest) for slug, title, unit, state, count, oldest in rows]
