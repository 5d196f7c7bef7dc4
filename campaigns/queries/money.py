"""What campaigns may still spend."""

from __future__ import annotations

from sqlalchemy import func, select

from campaigns.models import Campaign, SendBatch
from campaigns.states import CampaignState
from engage.db import db

_COMMITTED = (
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.MATERIALISING,
    CampaignState.SENDING,
    CampaignState.PAUSED,
)


def reserved_cost() -> int:
    """Rials that approved and running campaigns of all units may still need: they share one gateway account."""
    spent = select(func.coalesce(func.sum(SendBatch.cost), 0)).where(SendBatch.campaign_id == Campaign.id).scalar_subquery()
    left = func.greatest(func.coalesce(Campaign.cost_estimate, 0) - spent, 0)
    return int(db.session.execute(select(func.coalesce(func.sum(left), 0)).where(Campaign.state.in_(_COMMITTED))).scalar_one())
