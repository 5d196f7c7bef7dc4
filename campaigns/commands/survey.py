"""What a campaign needs to know of its survey before it may send."""

from __future__ import annotations

from datetime import datetime

from engage.clock import TEHRAN
from engage.persian import format_jalali
from engage.refusal import Refused
from surveys.queries import SurveyFacts, get_survey_facts


def require_open_survey(survey_id: int, at: datetime) -> SurveyFacts:
    """The survey, when citizens can answer it at `at`; Refused("survey_not_open") otherwise."""
    facts = get_survey_facts(survey_id)
    if facts is None or facts.state != "open" or (facts.closes_at is not None and facts.closes_at <= at):
        raise Refused("survey_not_open")
    return facts


def deadline_text(closes_at: datetime) -> str:
    """«۲۰ آذر»: short enough for a text."""
    return format_jalali(closes_at.astimezone(TEHRAN).date(), with_year=False)
