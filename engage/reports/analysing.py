"""The analysis of a report as it stands now: what the database knows, handed to the pure calculations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from campaigns.queries.invited import INVITED, invited_params
from campaigns.queries.inviting import inviting_campaigns
from engage.clock import TEHRAN
from engage.db import db, driver_connection
from engage.identity.queries import units_tree
from engage.reports.analysis.claims import Inviting, asked_claim, city_claim
from engage.reports.analysis.equity import funnel_splits
from engage.reports.analysis.groups import break_down, group_size
from engage.reports.analysis.people import people_of
from engage.reports.analysis.quality import quality_of
from engage.reports.analysis.shapes import Analysis, Quality
from engage.reports.census.queries import Margins, margins_for
from engage.reports.content import Funnel
from engage.reports.grid import Dimension, Grid
from engage.reports.suppression import is_step
from engage.reports.tally import AskedQuestion, QuestionTally
from surveys.queries import get_survey_facts
from surveys.queries.aggregates import AnswerCounts
from surveys.queries.steps import ANSWERED, STARTED, STEPS_JOIN

_OUTCOMES = f"""
    SELECT CASE
            WHEN {ANSWERED} AND response.excluded_at IS NOT NULL THEN 'left_out'
            WHEN {ANSWERED} THEN 'answered'
            WHEN response.is_partial THEN 'partial'
            WHEN EXISTS (SELECT FROM contact person WHERE person.id = invited.contact_id AND person.reassigned_at > invited.first_at)
                THEN 'not_for_me'
            WHEN number.suppressed_at > invited.first_at THEN 'opted_out'
            WHEN {STARTED} THEN 'broke_off'
            WHEN invited.is_delivered THEN 'silent'
            ELSE 'not_delivered'
        END, count(*), min(invited.first_at)
    FROM ({INVITED}) invited {STEPS_JOIN.format(invitation_id="invited.invitation_id")}
    LEFT JOIN response ON response.invitation_id = invited.invitation_id
    LEFT JOIN phone_identity number ON number.id = invitation.identity_id
    GROUP BY 1
"""
_CHANNELS = """
    SELECT channel, count(*) FROM response WHERE survey_id = %s AND excluded_at IS NULL AND NOT is_partial GROUP BY channel
"""


def analyse(
    survey_id: int,
    questions: Sequence[AskedQuestion],
    tallies: Sequence[QuestionTally],
    whole: AnswerCounts,
    grid: Grid,
    funnel: Funnel,
    previous: Analysis | None,
    *,
    is_anonymous: bool,
) -> Analysis:
    """People, quality and the claim about those asked are of this moment. What tells groups apart moves on in steps: until so many more
    answers have come it stays what was published, whatever else has changed (a new version, too)."""
    answers = group_size(whole)
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(_CHANNELS, (survey_id,))
        by_channel: dict[str, int] = dict(cursor.fetchall())
    published = previous.based_on if previous is not None else 0
    is_new = not is_anonymous and is_step(published, answers)
    kept = previous if previous is not None and not is_anonymous else Analysis()
    survey = get_survey_facts(survey_id)
    known_margins = (margins_for(survey.unit_id) if survey is not None else None) or Margins([], "")
    breakdowns, differences, splits, city = kept.breakdowns, kept.differences, kept.funnel, kept.city
    if is_new:
        units = {str(node.id): node.name for node in units_tree()}
        breakdowns, differences = break_down(questions, tallies, grid, {Dimension.UNIT: units})
        splits = funnel_splits(grid, {"unit": units})
    if not is_anonymous and (is_new or (published and known_margins.version != city.margins_version)):
        claim = city_claim(grid, tallies, known_margins.margins, dated=known_margins.dated)
        city = replace(claim, margins_version=known_margins.version)
    return Analysis(
        people_of(by_channel),
        None if funnel.is_under_seal else _quality(survey_id, funnel, whole),
        asked_claim([Inviting(*each) for each in inviting_campaigns(survey_id)], by_channel),
        city,
        breakdowns,
        differences,
        splits,
        answers if is_new else (kept.based_on if not is_anonymous else 0),
    )


def _quality(survey_id: int, funnel: Funnel, whole: AnswerCounts) -> Quality | None:
    outcomes: dict[str, int] = {}
    days: list[date | None] = [min(whole.by_day, default=None), max(whole.by_day, default=None)]
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(_OUTCOMES, {**invited_params(), "survey_id": survey_id})
        for outcome, count, first_at in cursor:
            outcomes[outcome] = count
            days.append(first_at.astimezone(TEHRAN).date() if first_at is not None else None)
    return quality_of(outcomes, delivered=funnel.delivered, opened=funnel.opened, started=funnel.started, days=days)
