"""Write a campaign: create, change, estimate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from campaigns import rules, texts
from campaigns.commands.survey import require_open_survey
from campaigns.models import Campaign
from campaigns.queries.campaigns import CampaignView
from campaigns.states import EDITABLE_CAMPAIGN_STATES, CampaignState
from contacts.queries import AudienceCount, AudienceFilter, count_audience, with_current_rule
from engage.clock import TEHRAN, now
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit
from engage.persian import format_jalali
from engage.refusal import Refused
from engage.sms.cost import estimate_text
from engage.vault import vault

PURPOSE = "survey_invitation"


@dataclass(frozen=True)
class Draft:
    """What an officer decides about a campaign."""

    survey_id: int
    title: str
    text: str
    audience: AudienceFilter
    reminder_after: timedelta | None = None
    reminder_text: str | None = None
    window_start: int = 540
    window_end: int = 1260
    planned_at: datetime | None = None


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
    """Rials for all waves, should nobody answer before the reminder."""


def create_campaign(unit_id: int, draft: Draft, *, actor_id: int | None) -> int:
    """A new draft; its id. Refused when the text or the window can't be (codes of `check_draft`)."""
    at = now()
    with transaction() as session:
        check_draft(draft)
        settings = _settings()
        campaign = Campaign(
            unit_id=unit_id,
            slug=_free_slug(),
            purpose=PURPOSE,
            line=settings.gateway_line,
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
    """Refused with what is wrong: text_empty, placeholder_unknown, text_has_own_link, text_too_long, window_invalid, title_empty."""
    if not draft.title.strip():
        raise Refused("title_empty")
    texts.check_template(draft.text)
    if draft.reminder_text:
        texts.check_template(draft.reminder_text)
    earliest, latest = rules.LATEST_WINDOW
    if not earliest <= draft.window_start < draft.window_end <= latest:
        raise Refused("window_invalid", **rules.window_words(earliest, latest))


def estimate_campaign(unit_id: int, draft: Draft, *, frozen: int | None = None) -> Estimate:
    """Counts and cost as they would be now, or with the `frozen` number of recipients. Writes nothing."""
    settings = _settings()
    if frozen is None:
        counts = count_audience(with_current_rule(draft.audience), PURPOSE)
    else:
        counts = AudienceCount(total=frozen, eligible=frozen, recipients=frozen)
    unit = require_unit(unit_id)
    deadline = deadline_text(require_deadline(draft.survey_id))
    longest = texts.largest(draft.text, settings.base_url, unit.sms_name, deadline)
    reminder = texts.largest(draft.reminder_text or draft.text, settings.base_url, unit.sms_name, deadline)
    sample = texts.render(
        draft.text,
        {"unit": unit.sms_name, "deadline": deadline},
        f"{settings.base_url}/{vault().link_token(0)}",
    )
    each = estimate_text(longest, rules.PRICES, settings.gateway_line)
    cost = counts.recipients * each
    if draft.reminder_after is not None:
        cost += counts.recipients * estimate_text(reminder, rules.PRICES, settings.gateway_line)
    return Estimate(counts, counts.recipients, texts.measure(sample), texts.measure(longest), sample, each, cost)


def require_deadline(survey_id: int) -> datetime:
    facts = require_open_survey(survey_id, now())
    if facts.closes_at is None:
        raise Refused("survey_without_deadline")
    return facts.closes_at


def deadline_text(closes_at: datetime) -> str:
    """«۲۰ آذر»: short enough for a text."""
    return format_jalali(closes_at.astimezone(TEHRAN).date(), with_year=False)


def draft_of(campaign: Campaign | CampaignView) -> Draft:
    return Draft(
        survey_id=campaign.survey_id,
        title=campaign.title,
        text=campaign.text,
        audience=AudienceFilter.from_json(campaign.audience),
        reminder_after=None if campaign.reminder_after is None else timedelta(seconds=campaign.reminder_after),
        reminder_text=campaign.reminder_text,
        window_start=campaign.window_start,
        window_end=campaign.window_end,
        planned_at=campaign.planned_at,
    )


def _fill(campaign: Campaign, draft: Draft) -> None:
    campaign.survey_id = draft.survey_id
    campaign.title = draft.title.strip()
    campaign.text = draft.text.strip()
    campaign.reminder_text = (draft.reminder_text or "").strip() or None
    campaign.reminder_after = None if draft.reminder_after is None else int(draft.reminder_after.total_seconds())
    campaign.audience = draft.audience.to_json()
    campaign.asks_permission = draft.audience.asks_permission
    campaign.window_start = draft.window_start
    campaign.window_end = draft.window_end
    campaign.planned_at = draft.planned_at


def _free_slug() -> str:
    while True:
        slug = "c" + secrets.token_hex(4)
        if db.session.execute(select(Campaign.id).where(Campaign.slug == slug)).first() is None:
            return slug


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
