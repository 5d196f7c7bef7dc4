"""What an operator wants to know before anything is sent, from what campaigns have met so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, cast, exists, func, select

from campaigns.events import CampaignPaused
from campaigns.kinds import TRAITS
from campaigns.models import Campaign, Message, SendBatch
from campaigns.states import CampaignState, MessageState
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.events import Outbox

MOST = 10_000
OVERDUE = timedelta(hours=1)


LINKS_REMEMBERED = timedelta(days=7)
LINKS_REFUSED = "gateway_420"


def links_refused_at(line: str) -> datetime | None:
    """When the gateway last said in these days that links aren't allowed on the line; None once it took a text with a
    link on it since."""
    told = db.session.scalar(
        select(func.max(Outbox.occurred_at))
        .join(Campaign, Campaign.id == cast(Outbox.payload["campaign_id"].astext, BigInteger))
        .where(
            Outbox.name == CampaignPaused.__name__,
            Outbox.payload["code"].astext == LINKS_REFUSED,
            Outbox.occurred_at > now() - LINKS_REMEMBERED,
            Campaign.line == line,
        )
    )
    paused = db.session.scalar(
        select(func.max(Campaign.state_since)).where(
            Campaign.line == line, Campaign.pause_code == LINKS_REFUSED, Campaign.state_since > now() - LINKS_REMEMBERED
        )
    )
    refused: datetime | None = max(filter(None, (told, paused)), default=None)
    if refused is None:
        return None
    linked = [str(kind) for kind, traits in TRAITS.items() if traits.has_link]
    went_on = db.session.scalar(
        select(exists().where(Campaign.line == line, Campaign.kind.in_(linked), Campaign.started_at.is_not(None), _took_texts(refused)))
    )
    return None if went_on else refused


def _took_texts(since: datetime) -> ColumnElement[bool]:
    """The gateway took a text of the campaign after that moment."""
    return exists().where(
        SendBatch.campaign_id == Campaign.id, Message.id.between(SendBatch.first_id, SendBatch.last_id), Message.accepted_at > since
    )


@dataclass(frozen=True)
class SendingFacts:
    """`undecided_count` are messages that stay unknown until an officer decides; counts end at 10,000."""

    links_refused_at: datetime | None
    receipts_overdue: bool
    unknown_count: int
    undecided_count: int


def sending_facts(settings: Settings) -> SendingFacts:
    """Read from what is open alone, however many messages there are."""
    at = now()
    refused = db.session.scalar(
        select(func.max(Campaign.state_since)).where(Campaign.state == CampaignState.PAUSED, Campaign.pause_code == "gateway_420")
    )
    # Batches that still have to be polled lead to what was accepted and not settled.
    overdue = db.session.scalar(
        select(
            exists().where(
                SendBatch.poll_at.is_not(None),
                Message.id.between(SendBatch.first_id, SendBatch.last_id),
                Message.state == MessageState.ACCEPTED,
                Message.gateway_status.in_((1, 2)),
                Message.accepted_at < at - OVERDUE,
            )
        )
    )
    unknown = (
        select(Message.claimed_at).where(Message.unknown_since.is_not(None), Message.state == MessageState.UNKNOWN).limit(MOST).subquery()
    )
    oldest = at - timedelta(seconds=settings.timings.lookup_window)
    counted, undecided = db.session.execute(
        select(func.count(), func.count().filter(func.coalesce(unknown.c.claimed_at, oldest) <= oldest)).select_from(unknown)
    ).one()
    return SendingFacts(refused, bool(overdue), counted, undecided)
