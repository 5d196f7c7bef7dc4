"""What a campaign needs to know of its survey before it may send."""

from __future__ import annotations

from datetime import datetime

from engage.refusal import Refused
from surveys.queries import SurveyFacts, get_survey_facts


def require_open_survey(survey_id: int, at: datetime) -> SurveyFacts:
    """The survey, when citizens can answer it at `at`; Refused("survey_not_open") otherwise."""
    facts = get_survey_facts(survey_id)
    if facts is None or facts.state != "open" or (facts.closes_at is not None and facts.closes_at <= at):
        raise Refused("survey_not_open")
    return facts
