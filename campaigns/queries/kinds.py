"""What pages of the several kinds of campaigns ask: alerts nobody has looked at, what follows a campaign, and the law of a unit's alerts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campaigns.kinds import CampaignKind
from campaigns.models import AlertPolicy, Campaign
from campaigns.states import CampaignState
from engage.db import db
from engage.identity.queries import get_unit


@dataclass(frozen=True)
class SentAlert:
    slug: str
    title: str
    unit_id: int
    author_id: int | None
    started_at: datetime
    recipient_count: int | None


@dataclass(frozen=True)
class Follower:
    slug: str
    title: str
    kind: CampaignKind
    state: CampaignState


def alerts_to_review(unit_ids: Collection[int], viewer_id: int) -> list[SentAlert]:
    """Safety alerts that went out without a second person and that this one, who didn't write them, may look at; oldest first."""
    rows = db.session.execute(
        select(*[getattr(Campaign, name) for name in SentAlert.__dataclass_fields__])
        .where(
            Campaign.unit_id.in_(unit_ids),
            Campaign.kind == CampaignKind.SAFETY_ALERT,
            Campaign.started_at.is_not(None),
            Campaign.reviewed_at.is_(None),
            Campaign.author_id.is_distinct_from(viewer_id),
        )
        .order_by(Campaign.started_at)
        .limit(50)
    )
    return [SentAlert(*row) for row in rows]


def followers_of(campaign_id: int) -> list[Follower]:
    """Campaigns that write to recipients of this one, newest first."""
    rows = db.session.execute(
        select(Campaign.slug, Campaign.title, Campaign.kind, Campaign.state)
        .where(Campaign.parent_id == campaign_id)
        .order_by(Campaign.id.desc())
        .limit(20)
    )
    return [Follower(slug, title, CampaignKind(kind), CampaignState(state)) for slug, title, kind, state in rows]


def legal_basis_of(unit_id: int) -> str:
    """The law the unit's alerts may rest on: its own, or that of the nearest unit above; "" where there is none."""
    unit = get_unit(unit_id)
    above = [] if unit is None else [int(part) for part in unit.path.strip("/").split("/")]
    found = {
        row[0]: row[1]
        for row in db.session.execute(select(AlertPolicy.unit_id, AlertPolicy.legal_basis).where(AlertPolicy.unit_id.in_(above)))
    }
    return next((found[each] for each in reversed(above) if each in found), "")
