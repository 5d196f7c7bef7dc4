"""Moving the day on which citizens were promised the results, once a survey is published."""

from __future__ import annotations

from datetime import date

from engage.clock import TEHRAN
from engage.db import transaction
from engage.refusal import Refused
from surveys.models import Survey


def move_results_date(survey_id: int, results_on: date | None) -> date | None:
    """Citizens are told this day from now on; the day they were told before is returned. Whoever calls keeps the reason.

    Refused: "survey_not_found", also for a draft; "results_before_deadline".
    """
    with transaction() as session:
        survey = session.get(Survey, survey_id, with_for_update={"key_share": True}, populate_existing=True)
        if survey is None or survey.published_version_id is None:
            raise Refused("survey_not_found")
        ends_at = survey.closed_at or survey.closes_at
        if results_on is not None and ends_at is not None and results_on < ends_at.astimezone(TEHRAN).date():
            raise Refused("results_before_deadline")
        before, survey.results_on = survey.results_on, results_on
    return before
