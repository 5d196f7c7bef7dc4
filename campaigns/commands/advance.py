"""Move a campaign to its next state when its moment has come. Called after every step and by the sweeper; repeatable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, insert, select, text, true

from campaigns import rules
from campaigns.commands.control import campaign_hours, change_state, pause_within, spread_open_batches
from campaigns.events import CampaignFinished, CampaignPaused
from campaigns.models import Campaign, Message, SendBatch, Wave
from campaigns.queries.progress import answered_of
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
        session.flush()
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
    wave = db.session.execute(select(Wave).where(Wave.campaign_id == campaign.id, Wave.number == 1)).scalar_one_or_none()
    if wave is None or wave.materialised_at is None:
        return
    at = now()
    if not change_state(campaign.id, _C.MATERIALISING, _C.SENDING, started_at=at):
        return
    for number, each in enumerate(campaign.reminders, 2):
        reminder = rules.Reminder.from_json(each)
        values = {"text": reminder.text, "stop_above": reminder.stop_above, "due_at": at + reminder.after}
        db.session.execute(insert(Wave).values(campaign_id=campaign.id, number=number, kind="reminder", **values))
    if campaign.pilot_last_id is None:
        spread_open_batches(campaign, at)
    enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def _reopen(campaign: Campaign) -> None:
    at = now()
    if not campaign.pause_resumes or (campaign.pause_until is not None and campaign.pause_until > at):
        return
    if campaign.not_after is not None and campaign.not_after <= at:
        # Nothing is left to wait for: what has not gone out expires.
        change_state(campaign.id, _C.PAUSED, _C.SENDING, pause_code=None, pause_resumes=False, pause_until=None)
        return
    hours = campaign_hours(campaign, at)
    if hours is None or not rules.may_send_at(at, hours):
        return
    is_pilot = campaign.pause_code == "pilot"
    if is_pilot and (code := rules.reason_to_stop(_counts(campaign), is_pilot=True)) is not None:
        campaign.pause_code, campaign.pause_resumes, campaign.pause_until = code, False, None
        publish(CampaignPaused(campaign.id, code))
        return
    kept = {} if not is_pilot else {"pilot_last_id": None}
    change_state(campaign.id, _C.PAUSED, _C.SENDING, pause_code=None, pause_resumes=False, pause_until=None, **kept)
    if is_pilot:
        spread_open_batches(campaign, at)
    enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def _keep_sending(campaign: Campaign, settings: Settings) -> None:
    at = now()
    wave = _next_wave(campaign, at)
    # One statement, one snapshot: between two a look-up could turn the last unknown message into an open batch.
    in_pilot = SendBatch.last_id <= campaign.pilot_last_id if campaign.pilot_last_id is not None else true()
    has_open, has_open_now, has_unknown = db.session.execute(
        select(
            exists().where(SendBatch.campaign_id == campaign.id, SendBatch.is_open),
            exists().where(SendBatch.campaign_id == campaign.id, SendBatch.is_open, in_pilot),
            exists().where(Message.state == MessageState.UNKNOWN, Message.campaign_id == campaign.id),
        )
    ).one()
    if has_open and campaign.not_after is not None and campaign.not_after <= at:
        enqueue_after_commit("bulk", "campaigns.jobs.expire_pending", campaign.id)
        return
    if campaign.pilot_last_id is not None and not has_open_now:
        if has_open:
            wait = campaign.pilot_wait
            until = None if wait is None else at + timedelta(seconds=wait)
            pause_within(campaign.id, "pilot", resumes=wait is not None, until=until)
            return
        campaign.pilot_last_id = None
    if has_open or (wave is not None and wave.due_at <= at):
        hours = campaign_hours(campaign, at)
        if hours is None or not rules.may_send_at(at, hours, settings.timings.lease_margin):
            pause_within(campaign.id, "window", resumes=True)
            return
    if has_open:
        code = rules.reason_to_stop(_counts(campaign))
        if code is not None:
            pause_within(campaign.id, code)
            return
    # Those it failed at are written to while the others still are; a reminder waits until everybody has the text before it.
    if wave is not None and wave.due_at <= at and (not has_open or wave.kind == "resend"):
        enqueue_after_commit("bulk", "campaigns.jobs.materialise_wave", wave.id)
        return
    if not has_open and wave is None and not has_unknown:
        change_state(campaign.id, _C.SENDING, _C.SETTLING)


def _next_wave(campaign: Campaign, at: datetime) -> Wave | None:
    """The wave that is written next; those nobody needs any more are left out, with the reason."""
    waiting = db.session.scalars(
        select(Wave).where(Wave.campaign_id == campaign.id, Wave.materialised_at.is_(None)).order_by(Wave.due_at, Wave.number)
    ).all()
    for wave in waiting:
        skipped = _why_skipped(campaign, wave, at)
        if skipped is None:
            return wave
        wave.materialised_at, wave.skipped = at, skipped
    return None


def _why_skipped(campaign: Campaign, wave: Wave, at: datetime) -> str | None:
    if campaign.not_after is not None and max(wave.due_at, at) >= campaign.not_after:
        return "not_after"
    if wave.kind == "reminder" and not _can_still_be_answered(campaign, max(wave.due_at, at)):
        return "survey_closed"
    # Half written it is finished, whoever answers meanwhile.
    if wave.kind == "reminder" and wave.due_at <= at and wave.message_count == 0 and wave.stop_above is not None:
        reached, answered = answered_of(campaign.id)
        if rules.is_answered_enough(reached, answered, wave.stop_above):
            return "answered_enough"
    return None


def _finish(campaign: Campaign) -> None:
    if _is_there(select(SendBatch.id).where(SendBatch.campaign_id == campaign.id, SendBatch.is_open)):
        # The gateway took back what it had said of a text, and knows nothing of it.
        if change_state(campaign.id, _C.SETTLING, _C.SENDING):
            enqueue_after_commit("send", "campaigns.jobs.send_due_batches")
        return
    if _is_there(
        select(Message.id).where(
            Message.campaign_id == campaign.id,
            Message.state.in_([MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.SENDING, MessageState.PENDING]),
        )
    ):
        return
    if change_state(campaign.id, _C.SETTLING, _C.FINISHED, finished_at=now()):
        publish(CampaignFinished(campaign.id, campaign.survey_id))


def _counts(campaign: Campaign) -> rules.Counts:
    counted = db.session.execute(select(Message.state, func.count()).where(Message.campaign_id == campaign.id).group_by(Message.state))
    by_state: dict[str, int] = dict(counted.tuples().all())
    waiting = (MessageState.PENDING, MessageState.SUPPRESSED, MessageState.CANCELLED)
    reached = by_state.get(MessageState.ACCEPTED, 0) + by_state.get(MessageState.DELIVERED, 0)
    opted_out = not_for_me = 0
    if reached >= rules.PILOT_SAMPLE:
        opted_out, not_for_me = db.session.execute(text(_TURNED_AWAY), {"campaign": campaign.id, "since": campaign.started_at}).one()
    return rules.Counts(
        tried=sum(by_state.values()) - sum(by_state.get(state, 0) for state in waiting),
        failed=by_state.get(MessageState.FAILED, 0) + by_state.get(MessageState.UNKNOWN, 0),
        reached=reached,
        opted_out=opted_out,
        not_for_me=not_for_me,
    )


# Numbers that were stopped, or changed hands, after this campaign texted them. It starts from those numbers, which are few.
_TURNED_AWAY = """
    SELECT (SELECT count(DISTINCT number.id) FROM phone_identity number JOIN message m ON m.identity_id = number.id
            WHERE number.suppressed_at > :since AND m.campaign_id = :campaign AND number.suppressed_at > m.claimed_at),
           (SELECT count(DISTINCT m.identity_id) FROM contact person JOIN message m ON m.identity_id = person.former_identity_id
            WHERE person.reassigned_at > :since AND m.campaign_id = :campaign AND person.reassigned_at > m.claimed_at)
"""


def _can_still_be_answered(campaign: Campaign, at: datetime) -> bool:
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    return facts is not None and facts.state == "open" and (facts.closes_at is None or facts.closes_at > at)


def _is_there(rows: Select[Any]) -> bool:
    return bool(db.session.execute(select(exists(rows))).scalar())
