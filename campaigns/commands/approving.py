"""Who may approve a campaign, and until when what was approved still holds.

Nobody approves what they wrote: not by a manager's role, not as somebody's delegate, and nobody in the author's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns import rules, texts
from campaigns.commands.survey import deadline_text
from campaigns.models import Campaign
from campaigns.queries.campaigns import CampaignView
from campaigns.queries.lines import prices_of
from campaigns.states import CampaignState
from engage.clock import now
from engage.config import Settings
from engage.db import transaction
from engage.identity.delegations import delegators_of
from engage.identity.queries import may_user
from engage.identity.rules import Permission
from engage.persian import to_persian_digits
from engage.refusal import Refused
from surveys.queries import get_survey_facts

WAITING = frozenset({CampaignState.IN_REVIEW, CampaignState.APPROVED})


@dataclass(frozen=True)
class Standing:
    """What somebody is to a campaign that waits for approval."""

    may_approve: bool
    in_name_of: int | None = None
    """The manager whose delegate they are; None where the right is their own"""
    is_author: bool = False


def standing_of(user_id: int, campaign: Campaign | CampaignView) -> Standing:
    """Whether this user may approve the campaign, and in whose name. The author never may, and nobody may in the author's name."""
    if campaign.author_id == user_id:
        return Standing(False, is_author=True)
    if may_user(user_id, Permission.CAMPAIGNS_APPROVE, campaign.unit_id):
        return Standing(True)
    managers = [each for each in delegators_of(user_id, campaign.unit_id) if each != campaign.author_id]
    return Standing(bool(managers), managers[0] if managers else None)


def require_approver(user_id: int, campaign: Campaign) -> int | None:
    """The manager in whose name this user approves, or None for their own right. Refused: "approver_is_author", "approver_unfit"."""
    found = standing_of(user_id, campaign)
    if found.is_author:
        raise Refused("approver_is_author")
    if not found.may_approve:
        raise Refused("approver_unfit")
    return found.in_name_of


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """What lies outside of the campaign and decides what citizens read and what a page costs, kept with what is approved."""
    price = prices_of(campaign.line).default
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    return {
        "prices": [price.persian, price.latin],
        "survey_version": None if facts is None else facts.published_version_id,
    }


def frozen_content(campaign: Campaign) -> dict[str, Any]:
    """Everything that is approved."""
    return {
        "kind": campaign.kind,
        "survey": campaign.survey_id,
        "parent": campaign.parent_id,
        "purpose": campaign.purpose,
        "text": campaign.text,
        "reminders": campaign.reminders,
        "audience": campaign.audience,
        "snapshot": campaign.snapshot_id,
        "window": [campaign.window_start, campaign.window_end],
        "days": [campaign.sends_on_holidays, campaign.sends_on_fridays],
        "not_after": None if campaign.not_after is None else campaign.not_after.isoformat(),
        "pace": [campaign.spread_seconds, campaign.pilot_count, campaign.pilot_wait],
        "legal_basis": campaign.legal_basis,
        "parameters": campaign.parameters,
        "recipients": campaign.recipient_count,
        "cost": campaign.cost_estimate,
        "line": campaign.line,
    }


def why_void(campaign: Campaign, at: datetime) -> str | None:
    """Why what was frozen can't be approved or started any more: "expired", "changed" (its own content), "prices", "survey" (another version
    was published), "deadline" (the last day it names was moved); None while it holds."""
    if campaign.approved_at is not None and at - campaign.approved_at >= timedelta(hours=_settings().approval_hours):
        return "expired"
    if campaign.frozen_sha256 != rules.frozen_digest(frozen_content(campaign)):
        return "changed"
    today, then = terms_of(campaign), campaign.parameters.get("terms") or {}
    if any(price > before for price, before in zip(today["prices"], then.get("prices", []), strict=False)):
        return "prices"
    if then.get("survey_version") != today["survey_version"] and "survey_version" in then:
        return "survey"
    return "deadline" if _names_another_day(campaign) else None


def require_unchanged(campaign: Campaign) -> None:
    """Refused: "campaign_changed", "approval_expired", "approval_prices", "approval_survey", "approval_deadline"."""
    why = why_void(campaign, now())
    if why is not None:
        raise Refused("campaign_changed" if why == "changed" else f"approval_{why}")


def void_campaigns() -> list[tuple[int, str]]:
    """(campaign, why) of all that wait for a decision or for their start on terms that hold no more."""
    with transaction() as session:
        waiting = session.scalars(select(Campaign).where(Campaign.state.in_(WAITING)).order_by(Campaign.id)).all()
        at = now()
        return [(each.id, why) for each in waiting if (why := why_void(each, at)) is not None]


def void_words(why: str) -> str:
    """The note its author finds."""
    hours = to_persian_digits(str(_settings().approval_hours))
    return {
        "expired": _(
            "The approval wasn't used within %(hours)s hours and is void. Look it over and send it for approval again.", hours=hours
        ),
        "prices": _("A page costs more on this line than it did at the time of approval. Send it for approval again."),
        "survey": _("The survey was published anew after this campaign was sent for approval. Send it for approval again."),
        "deadline": _("The last day to answer was moved, and the text names another. Send it for approval again."),
    }.get(why, _("What was approved isn't what would be sent any more. Send it for approval again."))


def _names_another_day(campaign: Campaign) -> bool:
    templates = [campaign.text, *(each.get("text") or "" for each in campaign.reminders)]
    if campaign.survey_id is None or not any("deadline" in texts.placeholders_of(each) for each in templates):
        return False
    facts = get_survey_facts(campaign.survey_id)
    return facts is not None and facts.closes_at is not None and deadline_text(facts.closes_at) != campaign.parameters.get("deadline", "")


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
