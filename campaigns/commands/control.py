"""Pause, resume, cancel: each takes hold within one batch, because every claim looks at the campaign's state."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from campaigns import rules, texts
from campaigns.alerting.deciding import close_approval
from campaigns.commands.survey import deadline_text, require_open_survey
from campaigns.events import CampaignPaused
from campaigns.kinds import traits_of
from campaigns.models import Campaign, SendBatch
from campaigns.queries.lines import hours_of
from campaigns.states import CANCELLABLE_CAMPAIGN_STATES, CampaignState
from engage.clock import TEHRAN, now
from engage.db import db, driver_connection, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.persian import format_jalali
from engage.refusal import Refused
from surveys.queries import get_survey_facts


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


def pause_within(campaign_id: int, code: str, *, resumes: bool = False, until: datetime | None = None) -> bool:
    """The engine pauses a sending campaign for `code`, inside the current transaction; one that `resumes` goes on by itself when its
    hours are open, not before `until`."""
    paused = change_state(
        campaign_id, CampaignState.SENDING, CampaignState.PAUSED, pause_code=code, pause_resumes=resumes, pause_until=until
    )
    if paused:
        publish(CampaignPaused(campaign_id, code))
    return paused


def pause_campaign(campaign_id: int, *, actor_id: int | None) -> None:
    """No batch is claimed after this. Refused("state_forbids") unless it is sending."""
    from_state = CampaignState.SENDING
    with transaction():
        campaign = get_locked(campaign_id)
        if not change_state(campaign_id, from_state, CampaignState.PAUSED, pause_code="user", pause_resumes=False, pause_until=None):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.PAUSED)
        publish(CampaignPaused(campaign_id, "user"))
        audit_campaign("campaign.paused", campaign, actor_id)


def resume_campaign(campaign_id: int, *, actor_id: int | None, not_after: datetime | None = None) -> None:
    """Sending goes on with the next claim, until `not_after` where a new last moment is given.

    Refused: "state_forbids", "survey_not_open", "outside_window", "resting_day", "sending_deadline_passed" when the last moment is over and no
    later one is given (`proposed` names one), "text_names_past_day" when a text that waits names a last day to answer that is over or
    no longer true: what was approved can't be sent any more, and `continue_campaign` makes a campaign of the rest.
    """
    with transaction():
        campaign = get_locked(campaign_id)
        if campaign.state != CampaignState.PAUSED:
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)
        at = now()
        if traits_of(campaign.kind).invites and campaign.survey_id is not None:
            require_open_survey(campaign.survey_id, at)
        is_pilot = campaign.pause_code == "pilot"
        until = not_after or campaign.not_after
        if until is not None and until <= at:
            raise Refused("sending_deadline_passed", proposed=propose_deadline(campaign, at))
        campaign.not_after = until
        require_true_deadline(campaign)
        require_open_hours(campaign, at)
        change_state(
            campaign_id,
            CampaignState.PAUSED,
            CampaignState.SENDING,
            pause_code=None,
            pause_resumes=False,
            pause_until=None,
            pilot_last_id=None if is_pilot else campaign.pilot_last_id,
        )
        if is_pilot:
            spread_open_batches(campaign, at)
        audit_campaign("campaign.resumed", campaign, actor_id)
        enqueue_after_commit("send", "campaigns.jobs.send_due_batches")


def propose_deadline(campaign: Campaign, at: datetime) -> datetime | None:
    """A last moment to go on with: as long after now as the old one was after the start, a day at least, before the survey closes."""
    if campaign.not_after is None:
        return None
    length = max(campaign.not_after - (campaign.started_at or campaign.not_after), timedelta(days=1))
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    closes_at = None if facts is None else facts.closes_at
    return at + length if closes_at is None else min(at + length, closes_at)


def require_true_deadline(campaign: Campaign) -> None:
    """Refused("text_names_past_day") when a text names a last day to answer that is not, or no longer, the survey's."""
    templates = [campaign.text, *(each.get("text") or "" for each in campaign.reminders)]
    if campaign.survey_id is None or not any("deadline" in texts.placeholders_of(each) for each in templates):
        return
    facts = get_survey_facts(campaign.survey_id)
    named = campaign.parameters.get("deadline", "")
    if facts is None or facts.closes_at is None or deadline_text(facts.closes_at) != named:
        raise Refused("text_names_past_day", day=named)


def require_open_hours(campaign: Campaign, at: datetime) -> None:
    """Refused: "outside_window", "resting_day", "window_never_opens"."""
    hours = campaign_hours(campaign, at)
    opens = None if hours is None else rules.next_opening(at, hours)
    if hours is None or opens is None:
        raise Refused("window_never_opens")
    if rules.may_send_at(at, hours):
        return
    if not hours.is_day(at.astimezone(TEHRAN).date()):
        raise Refused("resting_day", opens=format_jalali(opens.astimezone(TEHRAN).date(), with_year=False))
    raise Refused("outside_window", **rules.window_words(hours.start, hours.end))


def campaign_hours(campaign: Campaign, at: datetime) -> rules.Hours | None:
    """When the campaign's texts may go out from `at` on; None when they never may."""
    return hours_of(
        campaign.kind,
        (campaign.window_start, campaign.window_end),
        campaign.line,
        at,
        sends_on_holidays=campaign.sends_on_holidays,
        sends_on_fridays=campaign.sends_on_fridays,
        until=campaign.not_after,
    )


def spread_open_batches(campaign: Campaign, at: datetime, wave_id: int | None = None) -> None:
    """What a wave has not begun yet becomes due evenly over the campaign's spread, in its open hours; nothing where there is none."""
    hours = campaign_hours(campaign, at)
    if campaign.spread_seconds is None or hours is None:
        return
    waiting = [SendBatch.campaign_id == campaign.id, SendBatch.is_open, SendBatch.lease_until.is_(None)]
    if wave_id is not None:
        waiting.append(SendBatch.wave_id == wave_id)
    if campaign.pilot_last_id is not None:
        waiting.append(SendBatch.first_id > campaign.pilot_last_id)
    ids = db.session.scalars(select(SendBatch.id).where(*waiting).order_by(SendBatch.id).with_for_update(skip_locked=True)).all()
    moments = rules.spread_moments(at, campaign.spread_seconds, len(ids), hours)
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(
            "UPDATE send_batch b SET available_at = due.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(id, at) WHERE b.id = due.id",
            (list(ids), moments),
        )


def cancel_campaign(campaign_id: int, *, actor_id: int | None) -> None:
    """Nothing more goes out. What is under way settles; what waits becomes cancelled, in the background."""
    with transaction():
        campaign = get_locked(campaign_id)
        if not change_state(campaign_id, CANCELLABLE_CAMPAIGN_STATES, CampaignState.CANCELLED, finished_at=now()):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.CANCELLED)
        close_approval(campaign)
        audit_campaign("campaign.cancelled", campaign, actor_id)
        enqueue_after_commit("bulk", "campaigns.jobs.cancel_pending", campaign_id)


def get_locked(campaign_id: int) -> Campaign:
    """The campaign, its row locked until the transaction ends. Refused("campaign_unknown")."""
    campaign = db.session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if campaign is None:
        raise Refused("campaign_unknown")
    return campaign


def audit_campaign(action: str, campaign: Campaign, actor_id: int | None, **detail: object) -> None:
    record_audit(
        action,
        unit_id=campaign.unit_id,
        object_type="campaign",
        object_id=campaign.slug,
        actor_id=actor_id,
        detail={"title": campaign.title} | detail,
    )
