"""Ask for approval, approve, send back, and launch.

What is submitted is frozen: text, count, cost, and everybody the audience's rule finds at that moment, written down. Approval is given to
exactly that, and sending reads it; going back to a draft thaws it. Whoever wrote a campaign never approves it. Below the unit's limits the rule
approves, and is recorded as the approver.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from campaigns import rules
from campaigns.commands.control import change_state
from campaigns.commands.draft import Estimate, deadline_text, draft_of, estimate_campaign, require_deadline
from campaigns.commands.survey import require_open_survey
from campaigns.events import CampaignLaunched
from campaigns.models import Campaign
from campaigns.states import CampaignState
from contacts.commands import drop_audience, freeze_audience
from contacts.queries import with_current_rule
from engage.clock import now
from engage.db import release_session, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from engage.sms.codes import CodeClass, classify
from engage.sms.port import Gateway, GatewayUnavailable

_C = CampaignState

SOON = timedelta(minutes=2)


def submit_campaign(campaign_id: int, *, actor_id: int | None) -> CampaignState:
    """Freeze the campaign and ask for approval; small ones are approved by the rule at once. The state after it.

    Refused: "audience_empty", "survey_not_open", and what `check_draft` refuses.
    """
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.state != _C.DRAFT:
            raise Refused("state_forbids", state=campaign.state, to=_C.IN_REVIEW)
        draft = draft_of(campaign)
        audience = with_current_rule(draft.audience)
        campaign.audience = audience.to_json()
        campaign.snapshot_id, count = freeze_audience(audience, campaign.purpose)
        if count == 0:
            raise Refused("audience_empty")
        estimate = estimate_campaign(campaign.unit_id, replace(draft, audience=audience), frozen=count)
        unit = require_unit(campaign.unit_id)
        closes_at = require_deadline(campaign.survey_id)
        campaign.recipient_count = estimate.recipients
        campaign.cost_estimate = estimate.cost
        campaign.parameters = {"unit": unit.sms_name, "deadline": deadline_text(closes_at), "closes_at": closes_at.isoformat()}
        campaign.frozen_sha256 = rules.frozen_digest(_frozen(campaign))
        campaign.submitted_at = now()
        campaign.return_note = ""
        change_state(campaign.id, _C.DRAFT, _C.IN_REVIEW)
        _audit("campaign.submitted", campaign, actor_id, _summary(estimate))
        if rules.needs_second_person(
            estimate.recipients, estimate.cost, limit_recipients=unit.approval_recipients, limit_cost=unit.approval_cost
        ):
            return _C.IN_REVIEW
        campaign.approved_at = now()
        campaign.approved_by_rule = True
        change_state(campaign.id, _C.IN_REVIEW, _C.APPROVED)
        _audit("campaign.approved_by_rule", campaign, None, _summary(estimate))
        return _C.APPROVED


def approve_campaign(campaign_id: int, *, actor_id: int) -> None:
    """The frozen campaign may be sent. Refused("approver_is_author") for the person who wrote it."""
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.state != _C.IN_REVIEW:
            raise Refused("state_forbids", state=campaign.state, to=_C.APPROVED)
        if campaign.author_id == actor_id:
            raise Refused("approver_is_author")
        if campaign.frozen_sha256 != rules.frozen_digest(_frozen(campaign)):
            raise Refused("campaign_changed")
        campaign.approved_by = actor_id
        campaign.approved_at = now()
        change_state(campaign.id, _C.IN_REVIEW, _C.APPROVED)
        _audit("campaign.approved", campaign, actor_id, {})


def return_campaign(campaign_id: int, note: str, *, actor_id: int | None) -> None:
    """Back to its author for changes; an approval is void."""
    with transaction() as session:
        campaign = _locked(campaign_id)
        if campaign.state not in (_C.IN_REVIEW, _C.APPROVED):
            raise Refused("state_forbids", state=campaign.state, to=_C.DRAFT)
        campaign.return_note = note.strip()[:500]
        campaign.approved_by = None
        campaign.approved_at = None
        campaign.approved_by_rule = False
        campaign.frozen_sha256 = None
        snapshot_id, campaign.snapshot_id = campaign.snapshot_id, None
        session.flush()
        if snapshot_id is not None:
            drop_audience(snapshot_id)
        campaign.revision += 1
        change_state(campaign.id, _C(campaign.state), _C.DRAFT)
        _audit("campaign.returned", campaign, actor_id, {})


def launch_campaign(campaign_id: int, *, actor_id: int | None, at: datetime | None = None) -> None:
    """Sending starts at `at` (now when None). A second call finds it launched and is refused.

    Refused: "state_forbids", "outside_window", "survey_not_open", "schedule_in_past", "schedule_after_deadline",
    "credit_insufficient", "gateway_unavailable", "gateway_debug".
    """
    moment = now()
    start = at or moment
    with transaction() as session:
        campaign = session.get(Campaign, campaign_id)
        if campaign is None:
            raise Refused("campaign_unknown")
        if campaign.state != _C.APPROVED:
            raise Refused("state_forbids", state=campaign.state, to=_C.SCHEDULED)
        if start < moment - SOON:
            raise Refused("schedule_in_past")
        facts = require_open_survey(campaign.survey_id, start)
        if facts.closes_at is not None and start >= facts.closes_at:
            raise Refused("schedule_after_deadline")
        if not rules.is_within_window(start, campaign.window_start, campaign.window_end):
            raise Refused("outside_window", **rules.window_words(campaign.window_start, campaign.window_end))
        cost = campaign.cost_estimate or 0
    release_session()
    check_gateway(cost)
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.frozen_sha256 != rules.frozen_digest(_frozen(campaign)):
            raise Refused("campaign_changed")
        if not change_state(campaign.id, _C.APPROVED, _C.SCHEDULED, scheduled_at=start):
            raise Refused("state_forbids", state=campaign.state, to=_C.SCHEDULED)
        publish(CampaignLaunched(campaign.id, campaign.survey_id))
        _audit("campaign.launched", campaign, actor_id, {"at": start.isoformat()})
        enqueue_after_commit("default", "campaigns.jobs.advance_campaign", campaign_id)


def check_gateway(cost: int) -> int:
    """Whether the gateway can carry `cost` rials now; the credit it has. Refused says what is missing."""
    gateway: Gateway = current_app.extensions["engage_gateway"]
    try:
        account = gateway.account()
        configuration = gateway.configuration()
    except GatewayUnavailable as error:
        # What a person must mend at the gateway has a sentence of its own; the rest passes by itself.
        if error.code is not None and classify(error.code) == CodeClass.HALT:
            raise Refused("credit_missing" if error.reason == "credit_insufficient" else f"gateway_{error.reason}") from None
        raise Refused("gateway_unavailable", reason=error.reason) from None
    if account.credit < cost:
        raise Refused("credit_insufficient", credit=account.credit, cost=cost)
    if str(configuration.get("debugmode", "")).lower() in ("enabled", "true", "1"):
        raise Refused("gateway_debug")
    return account.credit


def _frozen(campaign: Campaign) -> dict[str, Any]:
    return {
        "survey": campaign.survey_id,
        "text": campaign.text,
        "reminder_text": campaign.reminder_text,
        "reminder_after": campaign.reminder_after,
        "audience": campaign.audience,
        "snapshot": campaign.snapshot_id,
        "window": [campaign.window_start, campaign.window_end],
        "parameters": campaign.parameters,
        "recipients": campaign.recipient_count,
        "cost": campaign.cost_estimate,
        "line": campaign.line,
    }


def _summary(estimate: Estimate) -> dict[str, int]:
    return {"recipients": estimate.recipients, "cost": estimate.cost}


def _locked(campaign_id: int) -> Campaign:
    with transaction() as session:
        campaign = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if campaign is None:
        raise Refused("campaign_unknown")
    return campaign


def _audit(action: str, campaign: Campaign, actor_id: int | None, detail: dict[str, Any]) -> None:
    record_audit(
        action,
        unit_id=campaign.unit_id,
        object_type="campaign",
        object_id=campaign.slug,
        actor_id=actor_id,
        detail={"title": campaign.title} | detail,
    )
