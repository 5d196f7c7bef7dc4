"""Messages that are not sent after all: of cancelled campaigns, past the last moment, lost by a worker, or given up by an officer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update

from campaigns.commands.control import audit_campaign, get_locked
from campaigns.commands.mending import longest_lease
from campaigns.models import Campaign, Message, SendBatch
from campaigns.queries.undecided import is_beyond_look_up
from campaigns.states import CampaignState, MessageState
from engage.clock import now
from engage.config import Settings
from engage.db import transaction
from engage.jobs import enqueue_after_commit
from engage.meter import METER
from engage.refusal import Refused


def cancel_pending_messages(campaign_id: int) -> int:
    """Mark what a cancelled campaign never sent. Repeatable."""
    return _close_waiting(campaign_id, Campaign.state == CampaignState.CANCELLED, MessageState.CANCELLED, "campaign_cancelled")


def expire_pending_messages(campaign_id: int) -> int:
    """Mark what a campaign has not sent by its last moment. Repeatable."""
    return _close_waiting(
        campaign_id, (Campaign.state == CampaignState.SENDING) & (Campaign.not_after <= now()), MessageState.EXPIRED, "not_after"
    )


def _close_waiting(campaign_id: int, condition: ColumnElement[bool], to: MessageState, reason: str) -> int:
    """What waits in the campaign's batches while `condition` holds, one batch a transaction so that no lock is held long."""
    count = 0
    while True:
        with transaction() as session:
            batch = session.execute(
                select(SendBatch.id, SendBatch.first_id, SendBatch.last_id)
                .join(Campaign, Campaign.id == SendBatch.campaign_id)
                .where(
                    SendBatch.campaign_id == campaign_id,
                    SendBatch.is_open,
                    condition,
                    (SendBatch.lease_until.is_(None)) | (SendBatch.lease_until <= now()),
                )
                .order_by(SendBatch.id)
                .limit(1)
                .with_for_update(of=SendBatch, skip_locked=True)
            ).first()
            if batch is None:
                return count
            at = now()
            in_range = (Message.id.between(batch.first_id, batch.last_id),)
            session.execute(
                update(Message)
                .where(*in_range, Message.state == MessageState.SENDING)
                .values(state=MessageState.UNKNOWN, unknown_since=at, reason="lease_expired")
                .execution_options(synchronize_session=False)
            )
            result: Any = session.execute(
                update(Message)
                .where(*in_range, Message.state == MessageState.PENDING)
                .values(state=to, reason=reason, settled_at=at)
                .execution_options(synchronize_session=False)
            )
            count += result.rowcount
            session.execute(
                update(SendBatch)
                .where(SendBatch.id == batch.id)
                .values(is_open=False, claim_token=None, lease_until=None)
                .execution_options(synchronize_session=False)
            )


def expire_leases(at: datetime, settings: Settings) -> int:
    """Messages whose worker let the lease run out become unknown: the look-up by local id decides what happened to them.

    A lease longer than leases are was given by a clock that ran ahead; nobody may wait for its end.
    """
    count = 0
    with transaction() as session:
        batches = session.execute(
            select(SendBatch.id, SendBatch.first_id, SendBatch.last_id)
            .where(SendBatch.is_open, or_(SendBatch.lease_until <= at, SendBatch.lease_until > longest_lease(at, settings)))
            .order_by(SendBatch.id)
            .limit(200)
            .with_for_update(skip_locked=True)
        ).all()
        for batch in batches:
            orphans: Any = session.execute(
                update(Message)
                .where(Message.id.between(batch.first_id, batch.last_id), Message.state == MessageState.SENDING)
                .values(state=MessageState.UNKNOWN, unknown_since=at, reason="lease_expired")
                .execution_options(synchronize_session=False)
            )
            count += orphans.rowcount
            has_pending = exists().where(Message.id.between(batch.first_id, batch.last_id), Message.state == MessageState.PENDING)
            session.execute(
                update(SendBatch)
                .where(SendBatch.id == batch.id)
                .values(lease_until=None, claim_token=None, is_open=has_pending)
                .execution_options(synchronize_session=False)
            )
    if count:
        METER.add("leases_expired", amount=count)
        METER.flush_when_due()
    return count


def write_off_unknown(campaign_id: int, message_ids: Sequence[int] | None, *, actor_id: int | None, settings: Settings) -> int:
    """An officer gives messages up whose fate the gateway no longer tells: they count as "may have been sent" for good, and are never
    sent again. Only what is past the look-up's time; all of the campaign's with None. Returns how many.

    A report that still comes for one of them makes it delivered. Refused("nothing_to_write_off").
    """
    with transaction() as session:
        campaign = get_locked(campaign_id)
        at = now()
        chosen = [Message.campaign_id == campaign_id, *is_beyond_look_up(at, settings)]
        if message_ids is not None:
            chosen.append(Message.id.in_(message_ids))
        result: Any = session.execute(
            update(Message)
            .where(*chosen)
            .values(state=MessageState.WRITTEN_OFF, reason="written_off", unknown_since=None, settled_at=at)
            .execution_options(synchronize_session=False)
        )
        if not result.rowcount:
            raise Refused("nothing_to_write_off")
        audit_campaign("campaign.written_off", campaign, actor_id, count=result.rowcount)
        enqueue_after_commit("default", "campaigns.jobs.advance_campaign", campaign_id)
        return int(result.rowcount)
