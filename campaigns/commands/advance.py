"""Move a campaign to its next state when its moment has come. Called after every step and by the sweeper; repeatable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, exists, func, insert, select, text

from campaigns import rules
from campaigns.commands.control import change_state, pause_within
from campaigns.events import CampaignFinished
from campaigns.models import Campaign, Message, SendBatch, Wave
from campaigns.states import ACTIVE_CAMPAIGN_STATES, CampaignState, MessageState
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.events import publish
from engage.jobs import enqueue_after_commit
from surveys.queries import get_survey_facts

_C = CampaignState


def active_campaign_ids() -> list[int]:
    with transaction() as session:
        return list(session.execute(select(Campaign.id).where(Campaign.state.in_(ACTIVE_CAMPAIGN_STATES)).order_by(Campaign.id)).scalars())


def advance_campaign(campaign_id: int, settings: Settings) -> str:
    """One step if one is due; the state after it. A campaign somebody else is stepping right now is left alone."""
    with transaction() as session:
        campaign = session.execute(
            select(Campaign).where(Campaign.id == campaign_id).with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if campaign is None:
            return ""
        session.refresh(campaign)
        state = _C(campaign.state)
        if state == _C.SCHEDULED:
            _start(campaign)
        elif state == _C.MATERIALISING:
            _begin_sending(campaign)
        elif state == _C.PAUSED:
            _reopen(campaign)
        elif state == _C.SENDING:
            _keep_sending(campaign, settings)
        elif state == _C.SETTLING:
            _finish(campaign)
        session.refresh(campaign)
        return campaign.state


def _start(campaign: Campaign) -> None:
    at = now()
    if campaign.scheduled_at is None or campaign.scheduled_at > at:
        return
    if not change_state(campaign.id, _C.SCHEDULED, _C.MATERIALISING):
        return
    wave_id = db.session.execute(insert(Wave).values(campaign_id=campaign.id, number=1, due_at=at).returning(Wave.id)).scalar_one()
    enqueue_after_commit("bulk", "campaigns.jobs.materialise_wave", wave_id)


def _begin_sending(campaign: Campaign) -> None:
    wave = _wave(campaign, 1)
    if wave is None or wave.materialised_at is None:
        return
    at = now()
    if not change_state(campaign.id, _C.MATERIALISING, _C.SENDING, started_at=at):
        return
    if campaign.reminder_after is not None:
        due_at = at + timedelta(seconds=campaign.reminder_after)
        db.session.execute(insert(Wave).values(campaign_id=campaign.id, number=2, due_at=due_at))
    enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def _reopen(campaign: Campaign) -> None:
    if not campaign.pause_resumes or not rules.is_within_window(now(), campaign.window_start, campaign.window_end):
        return
    change_state(campaign.id, _C.PAUSED, _C.SENDING, pause_code=None, pause_resumes=False)
    enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def _keep_sending(campaign: Campaign, settings: Settings) -> None:
    at = now()
    wave = _due_wave(campaign)
    if wave is not None and not _can_still_be_answered(campaign):
        wave.materialised_at = at  # nobody is reminded of a survey that has closed
        wave = None
    # One statement, one snapshot: between two a look-up could turn the last unknown message into an open batch.
    has_open, has_unknown = db.session.execute(
        select(
            exists().where(SendBatch.campaign_id == campaign.id, SendBatch.is_open),
            exists().where(Message.state == MessageState.UNKNOWN, Message.campaign_id == campaign.id),
        )
    ).one()
    is_open_now = rules.is_within_window(at, campaign.window_start, campaign.window_end, settings.timings.lease_margin)
    if (has_open or (wave is not None and wave.due_at <= at)) and not is_open_now:
        pause_within(campaign.id, "window", resumes=True)
        return
    if has_open:
        code = _reason_to_stop(campaign)
        if code is not None:
            pause_within(campaign.id, code)
        return
    if wave is not None:
        if wave.due_at <= at:
            enqueue_after_commit("bulk", "campaigns.jobs.materialise_wave", wave.id)
        return
    if not has_unknown:
        change_state(campaign.id, _C.SENDING, _C.SETTLING)


def _finish(campaign: Campaign) -> None:
    if _is_there(
        select(Message.id).where(
            Message.campaign_id == campaign.id,
            Message.state.in_([MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.SENDING, MessageState.PENDING]),
        )
    ):
        return
    if change_state(campaign.id, _C.SETTLING, _C.FINISHED, finished_at=now()):
        publish(CampaignFinished(campaign.id, campaign.survey_id))


def _reason_to_stop(campaign: Campaign) -> str | None:
    counted = db.session.execute(select(Message.state, func.count()).where(Message.campaign_id == campaign.id).group_by(Message.state))
    by_state: dict[str, int] = dict(counted.tuples().all())
    failed = by_state.get(MessageState.FAILED, 0) + by_state.get(MessageState.UNKNOWN, 0)
    tried = sum(by_state.values()) - by_state.get(MessageState.PENDING, 0) - by_state.get(MessageState.SUPPRESSED, 0)
    if rules.should_pause_for_errors(tried, failed):
        return "error_rate"
    reached = by_state.get(MessageState.ACCEPTED, 0) + by_state.get(MessageState.DELIVERED, 0)
    if reached >= rules.OPT_OUT_SAMPLE and rules.should_pause_for_opt_outs(reached, _opted_out(campaign)):
        return "opt_out_rate"
    return None


def _opted_out(campaign: Campaign) -> int:
    """Numbers that were suppressed after this campaign texted them."""
    found = db.session.execute(
        text(
            "SELECT count(DISTINCT m.identity_id) FROM message m JOIN phone_identity number ON number.id = m.identity_id "
            "WHERE m.campaign_id = :campaign AND number.suppressed_at > m.claimed_at"
        ),
        {"campaign": campaign.id},
    )
    return int(found.scalar_one())


def _due_wave(campaign: Campaign) -> Wave | None:
    return db.session.execute(
        select(Wave).where(Wave.campaign_id == campaign.id, Wave.materialised_at.is_(None)).order_by(Wave.number).limit(1)
    ).scalar_one_or_none()


def _wave(campaign: Campaign, number: int) -> Wave | None:
    return db.session.execute(select(Wave).where(Wave.campaign_id == campaign.id, Wave.number == number)).scalar_one_or_none()


def _can_still_be_answered(campaign: Campaign) -> bool:
    facts = get_survey_facts(campaign.survey_id)
    return facts is not None and facts.state == "open" and (facts.closes_at is None or facts.closes_at > now())


def _is_there(rows: Select[Any]) -> bool:
    return bool(db.session.execute(select(exists(rows))).scalar())
