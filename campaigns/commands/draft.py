"""Write a campaign: create, change, estimate."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns import rules, texts
from campaigns.commands.lines import seed_first_line
from campaigns.commands.survey import deadline_text, require_open_survey
from campaigns.conversation.commands.checking import askable_definition, require_askable
from campaigns.conversation.rules import TalkCost, preview_texts, talk_cost
from campaigns.conversation.words import SAMPLE_CODE, THANKS
from campaigns.kinds import CampaignKind, traits_of
from campaigns.models import Campaign
from campaigns.queries.campaigns import CampaignView
from campaigns.queries.lines import prices_of
from campaigns.queries.parents import count_of_parent
from campaigns.rules import Reminder
from campaigns.states import EDITABLE_CAMPAIGN_STATES, CampaignState
from contacts.queries import AudienceCount, AudienceFilter, count_audience, with_current_rule
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit
from engage.refusal import Refused
from engage.sms.cost import estimate_text
from engage.vault import vault
from surveys.queries import get_survey_facts

PURPOSE = "survey_invitation"
PURPOSES: Mapping[CampaignKind, str] = {
    CampaignKind.SURVEY: PURPOSE,
    CampaignKind.CONVERSATION: PURPOSE,
    CampaignKind.RESULT: PURPOSE,
    CampaignKind.ANNOUNCEMENT: "service_notice",
    CampaignKind.SAFETY_ALERT: "weather_safety",
}
"""What people must have agreed to, by kind; all-clears and corrections go by what the first text went by."""

MAX_SPREAD = timedelta(days=7)


@dataclass(frozen=True)
class Draft:
    """What an officer decides about a campaign."""

    survey_id: int | None
    title: str
    text: str
    audience: AudienceFilter
    reminders: tuple[Reminder, ...] = ()
    window_start: int = 540
    window_end: int = 1260
    planned_at: datetime | None = None
    kind: CampaignKind = CampaignKind.SURVEY
    parent_id: int | None = None
    purpose: str | None = None
    """None: what its kind goes by (`PURPOSES`)"""
    line: str | None = None
    """None: the installation's first line"""
    not_after: datetime | None = None
    spread: timedelta | None = None
    pilot_count: int | None = None
    pilot_wait: timedelta | None = None
    """None: after the first texts a person decides"""
    sends_on_holidays: bool = True
    sends_on_fridays: bool = True
    legal_basis: str = ""


@dataclass(frozen=True)
class Estimate:
    """What a campaign would do now: who gets it, who doesn't and why, how long the text is, what it costs at most."""

    audience: AudienceCount
    recipients: int
    typical: texts.TextMeasure
    longest: texts.TextMeasure
    sample: str
    cost_each: int
    cost: int
    """Rials for all waves, should nobody answer before a reminder, and for the texts of a conversation that are expected."""
    talk: TalkCost | None = None
    """Of a conversation: what follows the first texts; the expected part of it stands in `cost`"""


def create_campaign(unit_id: int, draft: Draft, *, actor_id: int | None, slug: str | None = None) -> int:
    """A new draft, under `slug` where one is given; its id. Refused when the text or the window can't be (codes of `check_draft`)."""
    at = now()
    with transaction() as session:
        check_draft(draft)
        seed_first_line(_settings())
        campaign = Campaign(
            unit_id=unit_id,
            slug=slug or _free_slug(),
            state=CampaignState.DRAFT,
            state_since=at,
            author_id=actor_id,
            created_at=at,
        )
        _fill(campaign, draft)
        session.add(campaign)
        session.flush()
        record_audit(
            "campaign.created",
            unit_id=unit_id,
            object_type="campaign",
            object_id=campaign.slug,
            actor_id=actor_id,
            detail={"title": campaign.title},
        )
        return campaign.id


def update_campaign(campaign_id: int, draft: Draft, revision: int, *, actor_id: int | None) -> None:
    """The draft as given. Refused("campaign_changed") when somebody saved another revision first."""
    with transaction() as session:
        campaign = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
        if campaign is None:
            raise Refused("campaign_unknown")
        if campaign.state not in EDITABLE_CAMPAIGN_STATES:
            raise Refused("campaign_not_editable", state=campaign.state)
        if campaign.revision != revision:
            raise Refused("campaign_changed")
        check_draft(draft)
        _fill(campaign, draft)
        campaign.revision += 1
        record_audit(
            "campaign.changed",
            unit_id=campaign.unit_id,
            object_type="campaign",
            object_id=campaign.slug,
            actor_id=actor_id,
            detail={"title": campaign.title},
        )


def check_draft(draft: Draft) -> None:
    """Refused with what is wrong: title_empty, survey_missing, parent_missing, text_empty, placeholder_unknown, text_has_own_link,
    text_has_foreign_link, text_too_long, deadline_missing, window_invalid, reminders_not_possible, reminders_too_many,
    reminders_unordered, reminder_stop_invalid, spread_invalid, pilot_invalid, legal_basis_not_possible, begin_not_possible, and what `require_askable` refuses."""
    traits = traits_of(draft.kind)
    if not draft.title.strip():
        raise Refused("title_empty")
    if traits.needs_survey and draft.survey_id is None:
        raise Refused("survey_missing")
    if traits.needs_parent and draft.parent_id is None:
        raise Refused("parent_missing")
    if draft.reminders and not traits.invites:
        raise Refused("reminders_not_possible")
    for text in (draft.text, *(each.text for each in draft.reminders if each.text)):
        texts.check_template(text, has_link=traits.has_link, own_address=_settings().base_url)
        if draft.survey_id is None and "deadline" in texts.placeholders_of(text):
            raise Refused("deadline_missing")
        if draft.kind != CampaignKind.CONVERSATION and "begin" in texts.placeholders_of(text):
            raise Refused("begin_not_possible", word=texts.BEGIN)
    if draft.kind == CampaignKind.CONVERSATION and draft.survey_id is not None:
        require_askable(draft.survey_id)
    rules.check_reminders(draft.reminders)
    earliest, latest = rules.LATEST_WINDOW
    if not earliest <= draft.window_start < draft.window_end <= latest:
        raise Refused("window_invalid", **rules.window_words(earliest, latest))
    if draft.spread is not None and not timedelta(0) < draft.spread <= MAX_SPREAD:
        raise Refused("spread_invalid", most=MAX_SPREAD.days)
    if draft.pilot_count is not None and draft.pilot_count < 1 or draft.pilot_wait is not None and draft.pilot_wait < timedelta(0):
        raise Refused("pilot_invalid")
    if draft.legal_basis and draft.kind not in (CampaignKind.SAFETY_ALERT, CampaignKind.ALL_CLEAR):
        raise Refused("legal_basis_not_possible")


def estimate_campaign(unit_id: int, draft: Draft, *, frozen: int | None = None) -> Estimate:
    """Counts and cost as they would be now, or with the `frozen` number of recipients. Writes nothing."""
    settings = _settings()
    if frozen is not None:
        counts = AudienceCount(total=frozen, eligible=frozen, recipients=frozen)
    elif draft.parent_id is not None:
        found = count_of_parent(draft.kind, draft.parent_id, with_legal_basis=bool(draft.legal_basis))
        counts = AudienceCount(
            total=found.total, eligible=found.sendable, suppressed=found.total - found.sendable, recipients=found.sendable
        )
    else:
        counts = count_audience(with_current_rule(_audience_of(draft)), purpose_of(draft))
    unit = require_unit(unit_id)
    has_link = traits_of(draft.kind).has_link
    deadline = deadline_of(draft)
    prices = prices_of(draft.line or settings.gateway_line)
    longest, *later = (
        texts.largest(text, settings.base_url, unit.sms_name, deadline, has_link=has_link)
        for text in (draft.text, *(each.text or draft.text for each in draft.reminders))
    )
    sample = texts.render(
        draft.text,
        {"unit": unit.sms_name, "deadline": deadline},
        f"{settings.base_url}/{vault().link_token(0)}" if has_link else "",
    )
    each = estimate_text(longest, prices)
    cost = counts.recipients * (each + sum(estimate_text(text, prices) for text in later))
    talk = None
    if draft.kind == CampaignKind.CONVERSATION and draft.survey_id is not None:
        asked = preview_texts(askable_definition(draft.survey_id), prices, thanks=THANKS.format(code=SAMPLE_CODE), translate=_)
        talk = talk_cost(asked, counts.recipients)
        cost += talk.expected
    return Estimate(counts, counts.recipients, texts.measure(sample), texts.measure(longest), sample, each, cost, talk)


def purpose_of(draft: Draft) -> str:
    """What the recipients must have agreed to."""
    if draft.purpose:
        return draft.purpose
    if draft.kind in PURPOSES:
        return PURPOSES[draft.kind]
    found = db.session.scalar(select(Campaign.purpose).where(Campaign.id == draft.parent_id))
    if found is None:
        raise Refused("parent_missing")
    return found


def deadline_of(draft: Draft) -> str:
    """The last day to answer as a text names it; empty where nothing is asked any more."""
    if draft.survey_id is None:
        return ""
    if traits_of(draft.kind).invites:
        return deadline_text(require_deadline(draft.survey_id))
    facts = get_survey_facts(draft.survey_id)
    return deadline_text(facts.closes_at) if facts is not None and facts.closes_at is not None else ""


def require_deadline(survey_id: int) -> datetime:
    facts = require_open_survey(survey_id, now())
    if facts.closes_at is None:
        raise Refused("survey_without_deadline")
    return facts.closes_at


def draft_of(campaign: Campaign | CampaignView) -> Draft:
    return Draft(
        survey_id=campaign.survey_id,
        title=campaign.title,
        text=campaign.text,
        audience=AudienceFilter.from_json(campaign.audience),
        reminders=tuple(Reminder.from_json(each) for each in campaign.reminders),
        window_start=campaign.window_start,
        window_end=campaign.window_end,
        planned_at=campaign.planned_at,
        kind=CampaignKind(campaign.kind),
        parent_id=campaign.parent_id,
        purpose=campaign.purpose,
        line=campaign.line,
        not_after=campaign.not_after,
        spread=_span(campaign.spread_seconds),
        pilot_count=campaign.pilot_count,
        pilot_wait=_span(campaign.pilot_wait),
        sends_on_holidays=campaign.sends_on_holidays,
        sends_on_fridays=campaign.sends_on_fridays,
        legal_basis=campaign.legal_basis,
    )


def _fill(campaign: Campaign, draft: Draft) -> None:
    campaign.kind = draft.kind
    campaign.survey_id = draft.survey_id
    campaign.parent_id = draft.parent_id
    campaign.purpose = purpose_of(draft)
    campaign.line = draft.line or campaign.line or _settings().gateway_line
    campaign.title = draft.title.strip()
    completed = texts.with_begin if draft.kind == CampaignKind.CONVERSATION else str.strip
    campaign.text = completed(draft.text.strip())
    campaign.reminders = [
        replace(each, text=completed(words) if (words := (each.text or "").strip()) else None).to_json() for each in draft.reminders
    ]
    campaign.audience = _audience_of(draft).to_json()
    campaign.asks_permission = draft.audience.asks_permission
    campaign.window_start = draft.window_start
    campaign.window_end = draft.window_end
    campaign.planned_at = draft.planned_at
    campaign.not_after = draft.not_after
    campaign.spread_seconds = _seconds(draft.spread)
    campaign.pilot_count = draft.pilot_count
    campaign.pilot_wait = _seconds(draft.pilot_wait) if draft.pilot_count else None
    campaign.sends_on_holidays = draft.sends_on_holidays
    campaign.sends_on_fridays = draft.sends_on_fridays
    campaign.ignores_cap = traits_of(draft.kind).ignores_cap
    campaign.legal_basis = draft.legal_basis.strip()


def _audience_of(draft: Draft) -> AudienceFilter:
    return replace(draft.audience, with_legal_basis=bool(draft.legal_basis.strip()))


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _free_slug() -> str:
    while True:
        slug = "c" + secrets.token_hex(4)
        if db.session.execute(select(Campaign.id).where(Campaign.slug == slug)).first() is None:
            return slug


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
