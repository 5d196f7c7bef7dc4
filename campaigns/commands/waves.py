"""More waves of a campaign than the first: a reminder before its time, and those it failed at once more."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, insert, select, update

from campaigns import rules
from campaigns.commands.control import audit_campaign, change_state, get_locked, require_true_deadline
from campaigns.commands.survey import require_open_survey
from campaigns.kinds import traits_of
from campaigns.models import Campaign, SendBatch, Wave
from campaigns.queries.resending import RESENDABLE, count_failed
from campaigns.states import CampaignState, MessageState
from engage.clock import now
from engage.db import db, transaction
from engage.identity.queries import require_unit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused

MAX_RESENDS = 3


def remind_now(campaign_id: int, *, actor_id: int | None) -> None:
    """The next reminder goes out at once instead of at its time. Refused: "state_forbids", "no_reminder_waiting"."""
    with transaction():
        campaign = get_locked(campaign_id)
        if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)
        following = (
            select(Wave.id)
            .where(Wave.campaign_id == campaign_id, Wave.kind == "reminder", Wave.materialised_at.is_(None), Wave.due_at > now())
            .order_by(Wave.due_at)
            .limit(1)
            .scalar_subquery()
        )
        moved = db.session.execute(
            update(Wave).where(Wave.id == following).values(due_at=now()).returning(Wave.id).execution_options(synchronize_session=False)
        ).first()
        if moved is None:
            raise Refused("no_reminder_waiting")
        audit_campaign("campaign.reminded_early", campaign, actor_id)
        enqueue_after_commit("default", "campaigns.jobs.advance_campaign", campaign_id)


def resend_failed(campaign_id: int, *, actor_id: int | None, states: Collection[MessageState] = RESENDABLE, text: str | None = None) -> int:
    """One more wave, to every number at which no text of the campaign arrived and whose texts ended in one of these states, once each.
    Returns how many numbers that are now.

    A campaign that waits for receipts, or is finished, sends again by that. Refused: "state_forbids", "states_not_resendable",
    "nothing_to_resend", "resend_waiting", "resends_too_many", "resend_over_budget" when what was approved doesn't cover it,
    "survey_not_open", "text_names_past_day".
    """
    with transaction():
        campaign = get_locked(campaign_id)
        at = now()
        if not set(states) <= RESENDABLE or not states:
            raise Refused("states_not_resendable")
        if campaign.state not in (CampaignState.SENDING, CampaignState.SETTLING, CampaignState.FINISHED):
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)
        if traits_of(campaign.kind).invites and campaign.survey_id is not None:
            require_open_survey(campaign.survey_id, at)
        if campaign.not_after is not None and campaign.not_after <= at:
            raise Refused("schedule_after_deadline")
        require_true_deadline(campaign)
        waves = db.session.scalars(select(Wave).where(Wave.campaign_id == campaign_id).order_by(Wave.number)).all()
        if any(wave.kind == "resend" and wave.materialised_at is None for wave in waves):
            raise Refused("resend_waiting")
        if sum(wave.kind == "resend" for wave in waves) >= MAX_RESENDS:
            raise Refused("resends_too_many", most=MAX_RESENDS)
        count = count_failed(campaign_id, states)
        if count == 0:
            raise Refused("nothing_to_resend")
        _cover(campaign, count)
        db.session.execute(
            insert(Wave).values(
                campaign_id=campaign_id,
                number=waves[-1].number + 1,
                kind="resend",
                text=(text or "").strip() or None,
                states=sorted(str(state) for state in states),
                due_at=at,
            )
        )
        change_state(campaign_id, frozenset({CampaignState.SETTLING, CampaignState.FINISHED}), CampaignState.SENDING, finished_at=None)
        audit_campaign("campaign.resent", campaign, actor_id, count=count)
        enqueue_after_commit("default", "campaigns.jobs.advance_campaign", campaign_id)
        return count


def _cover(campaign: Campaign, count: int) -> None:
    """What was approved covers the texts, or the unit's rule lets the whole cost without a second person: it approves the rest then."""
    if not campaign.cost_estimate or not campaign.recipient_count:
        return
    spent = db.session.scalar(select(func.coalesce(func.sum(SendBatch.cost), 0)).where(SendBatch.campaign_id == campaign.id)) or 0
    more = count * rules.cost_each(campaign.cost_estimate, campaign.recipient_count, 1 + len(campaign.reminders))
    if spent + more <= rules.budget(campaign.cost_estimate):
        return
    unit = require_unit(campaign.unit_id)
    whole = campaign.cost_estimate + more
    limits = {"limit_recipients": unit.approval_recipients, "limit_cost": unit.approval_cost}
    if rules.needs_second_person(campaign.recipient_count, whole, **limits):
        raise Refused("resend_over_budget", cost=more)
    campaign.cost_estimate = whole
