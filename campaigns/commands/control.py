"""Pause, resume, cancel: each takes hold within one batch, because every claim looks at the campaign's state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update

from campaigns import rules
from campaigns.commands.survey import require_open_survey
from campaigns.events import CampaignPaused
from campaigns.models import Campaign, Message, SendBatch, Wave
from campaigns.states import CANCELLABLE_CAMPAIGN_STATES, CampaignState, MessageState
from engage.clock import now
from engage.db import db, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused


def change_state(campaign_id: int, before: frozenset[CampaignState] | CampaignState, to: CampaignState, **values: object) -> bool:
    """Compare-and-set of a campaign's state inside the current transaction. False when it no longer was in `before`."""
    states = [before] if isinstance(before, CampaignState) else list(before)
    return (
        db.session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id, Campaign.state.in_(states))
            .values(state=to, state_since=now(), **values)
            .returning(Campaign.id)
            .execution_options(synchronize_session=False)
        ).first()
        is not None
    )


def pause_within(campaign_id: int, code: str, *, resumes: bool = False) -> bool:
    """The engine pauses a sending campaign for `code`, inside the current transaction."""
    paused = change_state(campaign_id, CampaignState.SENDING, CampaignState.PAUSED, pause_code=code, pause_resumes=resumes)
    if paused:
        publish(CampaignPaused(campaign_id, code))
    return paused


def pause_campaign(campaign_id: int, *, actor_id: int | None) -> None:
    """No batch is claimed after this. Refused("state_forbids") unless it is sending."""
    from_state = CampaignState.SENDING
    with transaction():
        campaign = _get(campaign_id)
        if not change_state(campaign_id, from_state, CampaignState.PAUSED, pause_code="user", pause_resumes=False):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.PAUSED)
        publish(CampaignPaused(campaign_id, "user"))
        _audit("campaign.paused", campaign, actor_id)


def resume_campaign(campaign_id: int, *, actor_id: int | None) -> None:
    """Sending goes on with the next claim; refused outside the window, or when the survey has closed meanwhile."""
    with transaction():
        campaign = _get(campaign_id)
        if campaign.state != CampaignState.PAUSED:
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)
        require_open_survey(campaign.survey_id, now())
        if not rules.is_within_window(now(), campaign.window_start, campaign.window_end):
            raise Refused("outside_window", **rules.window_words(campaign.window_start, campaign.window_end))
        change_state(campaign_id, CampaignState.PAUSED, CampaignState.SENDING, pause_code=None, pause_resumes=False)
        _audit("campaign.resumed", campaign, actor_id)
        enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def cancel_campaign(campaign_id: int, *, actor_id: int | None) -> None:
    """Nothing more goes out. What is under way settles; what waits becomes cancelled, in the background."""
    with transaction():
        campaign = _get(campaign_id)
        if not change_state(campaign_id, CANCELLABLE_CAMPAIGN_STATES, CampaignState.CANCELLED, finished_at=now()):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.CANCELLED)
        _audit("campaign.cancelled", campaign, actor_id)
        enqueue_after_commit("bulk", "campaigns.jobs.cancel_pending", campaign_id)


def cancel_pending_messages(campaign_id: int) -> int:
    """Mark what a cancelled campaign never sent, one batch a transaction so that no lock is held long. Repeatable."""
    count = 0
    while True:
        with transaction() as session:
            batch = session.execute(
                select(SendBatch.id, SendBatch.first_id, SendBatch.last_id)
                .join(Campaign, Campaign.id == SendBatch.campaign_id)
                .where(
                    SendBatch.campaign_id == campaign_id,
                    SendBatch.is_open,
                    Campaign.state == CampaignState.CANCELLED,
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
                .values(state=MessageState.CANCELLED, reason="campaign_cancelled", settled_at=at)
                .execution_options(synchronize_session=False)
            )
            count += result.rowcount
            session.execute(
                update(SendBatch)
                .where(SendBatch.id == batch.id)
                .values(is_open=False, claim_token=None, lease_until=None)
                .execution_options(synchronize_session=False)
            )


def expire_leases(at: datetime) -> int:
    """Messages whose worker let the lease run out become unknown: the look-up by local id decides what happened to them."""
    count = 0
    with transaction() as session:
        batches = session.execute(
            select(SendBatch.id, SendBatch.first_id, SendBatch.last_id)
            .where(SendBatch.is_open, SendBatch.lease_until <= at)
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
    return count


def _get(campaign_id: int) -> Campaign:
    campaign = db.session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if campaign is None:
        raise Refused("campaign_unknown")
    return campaign


def _audit(action: str, campaign: Campaign, actor_id: int | None) -> None:
    record_audit(
        action,
        unit_id=campaign.unit_id,
        object_type="campaign",
        object_id=campaign.slug,
        actor_id=actor_id,
        detail={"title": campaign.title},
    )


def remind_now(campaign_id: int, *, actor_id: int | None) -> None:
    """The reminder goes out at once instead of at its time. Refused("no_reminder_waiting") when there is none."""
    with transaction():
        campaign = _get(campaign_id)
        if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)
        moved = db.session.execute(
            update(Wave)
            .where(Wave.campaign_id == campaign_id, Wave.number == 2, Wave.materialised_at.is_(None), Wave.due_at > now())
            .values(due_at=now())
            .returning(Wave.id)
            .execution_options(synchronize_session=False)
        ).first()
        if moved is None:
            raise Refused("no_reminder_waiting")
        _audit("campaign.reminded_early", campaign, actor_id)
        enqueue_after_commit("default", "campaigns.jobs.advance_campaign", campaign_id)
