"""Ask for approval, approve, send back, and launch.

What is submitted is frozen: text, count, cost, and everybody the audience's rule finds at that moment, written down. Approval is given to
exactly that, and sending reads it; going back to a draft thaws it. Whoever wrote a campaign never approves it. Below the unit's limits the rule
approves, and is recorded as the approver.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from campaigns import rules, texts
from campaigns.alerting.deciding import tell_approvers, tell_author
from campaigns.commands.approving import (
    WAITING,
    frozen_content,
    require_approver,
    require_unchanged,
    terms_of,
    void_campaigns,
    void_words,
    why_void,
)
from campaigns.commands.content import require_clean
from campaigns.commands.control import change_state, require_open_hours, require_true_deadline
from campaigns.commands.crediting import reserve_credit
from campaigns.commands.draft import Draft, Estimate, deadline_of, draft_of, estimate_campaign, require_deadline
from campaigns.commands.lines import require_line, seed_first_line
from campaigns.commands.survey import require_open_survey
from campaigns.conversation.asking import begin_words
from campaigns.conversation.commands import askable_definition
from campaigns.credit import Credit
from campaigns.events import CampaignLaunched
from campaigns.kinds import CampaignKind, traits_of
from campaigns.models import Campaign
from campaigns.queries.parents import count_of_parent
from campaigns.states import CampaignState
from contacts.commands import drop_audience, freeze_audience
from contacts.queries import count_audience, with_current_rule
from engage.clock import now
from engage.db import release_session, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit, user_name
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from engage.sms.codes import CodeClass, classify
from engage.sms.port import Gateway, GatewayUnavailable

_C = CampaignState

SOON = timedelta(minutes=2)


def submit_campaign(campaign_id: int, *, actor_id: int | None) -> CampaignState:
    """Freeze the campaign and ask for approval; small ones are approved by the rule at once. The state after it.

    Refused: "audience_empty", "survey_not_open", "text_filtered", and what `check_draft` refuses.
    """
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.state != _C.DRAFT:
            raise Refused("state_forbids", state=campaign.state, to=_C.IN_REVIEW)
        draft = draft_of(campaign)
        require_clean("\n".join((draft.text, *(each.text or "" for each in draft.reminders))))
        seed_first_line(current_app.extensions["engage_settings"])
        require_line(campaign.line, campaign.unit_id, needs_links=_leads_anywhere(draft), kind=campaign.kind)
        if draft.parent_id is None:
            audience = with_current_rule(draft.audience)
            campaign.audience = audience.to_json()
            campaign.snapshot_id, count = freeze_audience(audience, campaign.purpose)
            draft = replace(draft, audience=audience)
        else:
            count = count_of_parent(draft.kind, draft.parent_id, with_legal_basis=bool(draft.legal_basis)).sendable
        if count == 0:
            raise Refused("audience_empty")
        estimate = estimate_campaign(campaign.unit_id, draft, frozen=count)
        unit = require_unit(campaign.unit_id)
        campaign.recipient_count = estimate.recipients
        campaign.cost_estimate = estimate.cost
        parameters: dict[str, Any] = {"unit": unit.sms_name, "deadline": deadline_of(draft)}
        if traits_of(campaign.kind).invites and campaign.survey_id is not None:
            parameters["closes_at"] = require_deadline(campaign.survey_id).isoformat()
        if estimate.talk is not None and campaign.survey_id is not None:
            parameters |= {"begin": begin_words(askable_definition(campaign.survey_id)), "follow_ups": estimate.talk.expected}
        campaign.parameters = parameters | {"terms": terms_of(campaign)}
        campaign.exclusions = asdict(count_audience(draft.audience, campaign.purpose)) if draft.parent_id is None else {}
        campaign.frozen_sha256 = rules.frozen_digest(frozen_content(campaign))
        campaign.submitted_at = now()
        campaign.return_note = ""
        change_state(campaign.id, _C.DRAFT, _C.IN_REVIEW)
        _audit("campaign.submitted", campaign, actor_id, _summary(estimate))
        if rules.needs_second_person(
            estimate.recipients, estimate.cost, limit_recipients=unit.approval_recipients, limit_cost=unit.approval_cost
        ):
            if campaign.kind != CampaignKind.SAFETY_ALERT and campaign.kind != CampaignKind.ALL_CLEAR:
                tell_approvers(campaign)
            return _C.IN_REVIEW
        reserve_credit(campaign)
        campaign.approved_at = now()
        campaign.approved_by_rule = True
        change_state(campaign.id, _C.IN_REVIEW, _C.APPROVED)
        _audit("campaign.approved_by_rule", campaign, None, _summary(estimate))
        return _C.APPROVED


def approve_campaign(campaign_id: int, *, actor_id: int) -> None:
    """The frozen campaign may be sent, and the credit it needs is set aside. By a manager of the unit, or a delegate in a manager's name.

    Refused: "state_forbids", "approver_is_author", "approver_unfit", "credit_not_free", and what `require_unchanged` refuses.
    """
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.state != _C.IN_REVIEW:
            raise Refused("state_forbids", state=campaign.state, to=_C.APPROVED)
        in_name_of = require_approver(actor_id, campaign)
        require_unchanged(campaign)
        reserve_credit(campaign)
        campaign.approved_by = actor_id
        campaign.approved_for = in_name_of
        campaign.approved_at = now()
        change_state(campaign.id, _C.IN_REVIEW, _C.APPROVED)
        tell_author(campaign, "campaign_approved", decided_by=actor_id)
        if in_name_of is None:
            _audit("campaign.approved", campaign, actor_id, {})
        else:
            _audit("campaign.approved_for", campaign, actor_id, {"manager": user_name(in_name_of)})


def reopen_void_campaigns() -> int:
    """Campaigns whose approval is over, or whose terms have changed, go back to their authors with the reason; how many. A sweep."""
    count = 0
    for campaign_id, _why in void_campaigns():
        with transaction():
            campaign = _locked(campaign_id)
            why = why_void(campaign, now()) if campaign.state in WAITING else None
            if why is not None:
                return_campaign(campaign_id, void_words(why), actor_id=None)
                count += 1
    return count


def return_campaign(campaign_id: int, note: str, *, actor_id: int | None) -> None:
    """Back to its author for changes; an approval is void."""
    with transaction() as session:
        campaign = _locked(campaign_id)
        if campaign.state not in (_C.IN_REVIEW, _C.APPROVED):
            raise Refused("state_forbids", state=campaign.state, to=_C.DRAFT)
        campaign.return_note = note.strip()[:500]
        campaign.approved_by = None
        campaign.approved_for = None
        campaign.approved_at = None
        campaign.approved_by_rule = False
        campaign.exclusions = {}
        campaign.frozen_sha256 = None
        snapshot_id, campaign.snapshot_id = campaign.snapshot_id, None
        session.flush()
        if snapshot_id is not None:
            drop_audience(snapshot_id)
        tell_author(campaign, "campaign_void" if actor_id is None else "campaign_returned", decided_by=actor_id)
        campaign.revision += 1
        change_state(campaign.id, _C(campaign.state), _C.DRAFT)
        _audit("campaign.returned", campaign, actor_id, {})


def launch_campaign(campaign_id: int, *, actor_id: int | None, at: datetime | None = None) -> None:
    """Sending starts at `at` (now when None). A second call finds it launched and is refused.

    Refused: "state_forbids", "outside_window", "resting_day", "window_never_opens", "survey_not_open", "schedule_in_past",
    "schedule_after_deadline", "line_unknown", "line_without_links", "line_not_for_alerts", "credit_insufficient",
    "gateway_unavailable", "gateway_debug", "credit_not_free", and what `require_unchanged` refuses.
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
        if traits_of(campaign.kind).invites and campaign.survey_id is not None:
            facts = require_open_survey(campaign.survey_id, start)
            if facts.closes_at is not None and start >= facts.closes_at:
                raise Refused("schedule_after_deadline")
        if campaign.not_after is not None and start + timedelta(seconds=campaign.spread_seconds or 0) >= campaign.not_after:
            raise Refused("schedule_after_deadline")
        require_line(campaign.line, campaign.unit_id, needs_links=_leads_anywhere(draft_of(campaign)), kind=campaign.kind)
        require_open_hours(campaign, start)
        cost = campaign.cost_estimate or 0
    release_session()
    told = Credit(check_gateway(cost), 0, moment)
    with transaction():
        campaign = _locked(campaign_id)
        if campaign.state != _C.APPROVED:
            raise Refused("state_forbids", state=campaign.state, to=_C.SCHEDULED)
        if campaign.survey_id is not None:
            require_true_deadline(campaign)
        require_unchanged(campaign)
        reserve_credit(campaign, told)
        change_state(campaign.id, _C.APPROVED, _C.SCHEDULED, scheduled_at=start)
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


def _leads_anywhere(draft: Draft) -> bool:
    """Whether any text of the campaign holds a link, its recipients' own or the office's."""
    written = (draft.text, *(each.text or "" for each in draft.reminders))
    return traits_of(draft.kind).has_link or any(texts.names_address(each) for each in written)


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
