"""A campaign's text to the phone of the officer who writes it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from campaigns import texts
from campaigns.commands.control import audit_campaign, get_locked
from campaigns.models import TrialText
from campaigns.queries.lines import prices_of
from contacts.commands.single_texts import queue_text
from engage.clock import TEHRAN, now
from engage.db import transaction
from engage.identity.notices import confirmed_phone
from engage.refusal import Refused
from engage.sms.cost import estimate_text
from engage.sms.port import MAX_CHARACTERS

TRIAL_KIND = "campaign_trial"
"""To a colleague's own number, at their own request: suppression of citizens' texts doesn't hold it back."""
MARK = "[آزمایشی]"
A_DAY = 10
HOLDS = timedelta(minutes=30)


def send_trial(campaign_id: int, text: str, *, user_id: int) -> int:
    """The text, rendered and marked as a trial, goes to this user's own confirmed number; what a text costs on the line, in rials, is
    booked for the unit. Returns the number of pages.

    `text` holds no live link. Refused: "phone_unconfirmed", "trials_used_up" (most) when they had their ten of the day, "text_too_long".
    """
    body = f"{MARK} {text}"
    if len(body) > MAX_CHARACTERS:
        raise Refused("text_too_long", most=MAX_CHARACTERS)
    at = now()
    midnight = at.astimezone(TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction() as session:
        campaign = get_locked(campaign_id)
        # One after the other for each person: two clicks can't both be the tenth.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(TRIAL_KIND, user_id))))
        number = confirmed_phone(user_id)
        if number is None:
            raise Refused("phone_unconfirmed")
        today = select(func.count()).select_from(TrialText).where(TrialText.user_id == user_id, TrialText.created_at >= midnight)
        if (session.scalar(today) or 0) >= A_DAY:
            raise Refused("trials_used_up", most=A_DAY)
        pages = texts.measure(body).pages
        cost = estimate_text(body, prices_of(campaign.line))
        session.add(
            TrialText(campaign_id=campaign_id, unit_id=campaign.unit_id, user_id=user_id, page_count=pages, cost=cost, created_at=at)
        )
        queue_text(TRIAL_KIND, unit_id=campaign.unit_id, e164=number, body=body, expires_in=HOLDS)
        audit_campaign("campaign.tried", campaign, user_id, pages=pages, cost=cost)
    return pages
