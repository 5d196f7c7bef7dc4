"""What campaigns may still spend, and what they have cost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from campaigns.kinds import CampaignKind
from campaigns.models import Campaign, Message, SendBatch, TrialText
from campaigns.states import CampaignState
from contacts.queries.single_texts import charges_between, cost_charged_to
from engage.db import db
from engage.sms import statuses

_COMMITTED = (
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.MATERIALISING,
    CampaignState.SENDING,
    CampaignState.PAUSED,
)


def reserved_cost(*, besides: int | None = None) -> int:
    """Rials that approved and running campaigns of all units may still need, `besides` one: they share one gateway account."""
    spent = select(func.coalesce(func.sum(SendBatch.cost), 0)).where(SendBatch.campaign_id == Campaign.id).scalar_subquery()
    left = func.greatest(func.coalesce(Campaign.cost_estimate, 0) - spent - cost_charged_to(Campaign.id), 0)
    # A conversation goes on after its first texts have left: what its questions may still cost stays set aside until it settles.
    is_talking = (Campaign.state == CampaignState.SETTLING) & (Campaign.kind == CampaignKind.CONVERSATION)
    rows = select(func.coalesce(func.sum(left), 0)).where(Campaign.state.in_(_COMMITTED) | is_talking)
    if besides is not None:
        rows = rows.where(Campaign.id != besides)
    return int(db.session.execute(rows).scalar_one())


def spent_ever() -> int:
    """Rials the gateway has charged for texts of campaigns so far."""
    return int(db.session.execute(select(func.coalesce(func.sum(SendBatch.cost), 0))).scalar_one())


@dataclass(frozen=True)
class CostLedger:
    """What a campaign was approved at, what the gateway charged when it took its texts, and what is left of that after refunds. Rials."""

    estimated: int
    accepted: int
    refunded: int

    @property
    def reconciled(self) -> int:
        return self.accepted - self.refunded

    @property
    def unused(self) -> int:
        """Approved and not spent; negative where more was spent."""
        return self.estimated - self.reconciled


_REFUND = func.coalesce(func.sum(Message.cost).filter(Message.gateway_status.in_(statuses.REFUNDED)), 0)
_CHARGED = func.coalesce(func.sum(Message.cost), 0)


def ledger_of(campaign_id: int) -> CostLedger:
    """Its messages, and the texts beside them that were written on its behalf (the questions of a conversation after the first)."""
    estimate = db.session.scalar(select(Campaign.cost_estimate).where(Campaign.id == campaign_id)) or 0
    charged, refunded = db.session.execute(select(_CHARGED, _REFUND).where(Message.campaign_id == campaign_id)).one()
    beside = db.session.execute(select(cost_charged_to(campaign_id))).scalar_one()
    return CostLedger(int(estimate), int(charged) + int(beside), int(refunded))


@dataclass(frozen=True)
class BillRow:
    """A campaign's texts that the gateway took in one span of time, and what they cost. Rials."""

    unit_id: int
    title: str
    slug: str
    line: str
    texts: int
    pages: int
    accepted: int
    refunded: int


def bill_of(unit_ids: Collection[int], first: datetime, last: datetime) -> list[BillRow]:
    """What the units' campaigns cost from `first` to before `last`, by the moment the gateway took a text."""
    rows = db.session.execute(
        select(
            Campaign.unit_id,
            Campaign.title,
            Campaign.slug,
            Campaign.line,
            func.count(),
            func.coalesce(func.sum(Message.page_count), 0),
            _CHARGED,
            _REFUND,
        )
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(Campaign.unit_id.in_(unit_ids), Message.accepted_at >= first, Message.accepted_at < last)
        .group_by(Campaign.id)
        .order_by(Campaign.id)
    )
    return [BillRow(*row) for row in rows]


def conversation_bill_of(unit_ids: Collection[int], first: datetime, last: datetime) -> list[BillRow]:
    """What the units' conversations cost in that span beyond their first texts, a row a campaign and line; never refunded."""
    campaigns = {
        row.id: row
        for row in db.session.execute(
            select(Campaign.id, Campaign.unit_id, Campaign.title, Campaign.slug).where(Campaign.unit_id.in_(unit_ids))
        )
    }
    return [
        BillRow(campaign.unit_id, campaign.title, campaign.slug, each.line or "", each.texts, each.pages, each.cost, 0)
        for each in charges_between(campaigns.keys(), first, last)
        for campaign in (campaigns[each.charged_to],)
    ]


def trial_bill_of(unit_ids: Collection[int], first: datetime, last: datetime) -> list[BillRow]:
    """What the units' officers sent to their own phones in that span, a row a unit and line; by the line's price, never refunded."""
    rows = db.session.execute(
        select(TrialText.unit_id, Campaign.line, func.count(), func.sum(TrialText.page_count), func.sum(TrialText.cost))
        .join(Campaign, Campaign.id == TrialText.campaign_id)
        .where(TrialText.unit_id.in_(unit_ids), TrialText.created_at >= first, TrialText.created_at < last)
        .group_by(TrialText.unit_id, Campaign.line)
        .order_by(TrialText.unit_id, Campaign.line)
    )
    return [BillRow(unit_id, "", "", line, count, pages, cost, 0) for unit_id, line, count, pages, cost in rows]
