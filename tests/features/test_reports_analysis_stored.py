"""The analysis as it is stored: of nothing, of one, of one district, in steps, over versions, and of an anonymous survey."""

from __future__ import annotations

import msgspec
from flask import Flask

from engage.reports import commands, queries
from engage.reports.analysis.shapes import Analysis
from surveys import commands as surveys
from surveys.queries import get_survey
from tests.features.test_reports_live import Asked
from tests.sealed import ask


def analysis(asked: Asked) -> Analysis:
    commands.refresh_report(asked.id, force=True)
    return asked.report().content.analysis


def test_of_nothing_and_of_one(app: Flask) -> None:
    asked = Asked()
    empty = analysis(asked)
    assert empty.breakdowns == [] and empty.people.ballots == 0 and empty.quality is None and empty.asked.kind == "none"
    asked.answer({"q1": "a1", "q2": 4})
    one = analysis(asked)
    assert one.breakdowns == [] and one.funnel == [] and one.based_on == 0
    assert (one.people.at_least, one.people.at_most) == (1, 1)


def test_of_one_district_moves_on_in_steps(app: Flask) -> None:
    asked = Asked()
    asked.answer({"q1": "a1", "q2": 4}, 12)
    first = analysis(asked)
    assert first.based_on == 12 and first.breakdowns == []  # one group is no breakdown
    asked.answer({"q1": "a2", "q2": 1}, 9)
    assert analysis(asked).based_on == 12 and asked.report().content.answers == 21
    detail = get_survey(asked.id)
    assert detail is not None
    surveys.save_draft(asked.id, msgspec.structs.replace(detail.draft, title="نسخهٔ دوم"), detail.revision, actor_id=None)
    surveys.publish_survey(asked.id, closes_at=detail.closes_at, results_on=None, actor_id=None)
    assert analysis(asked).based_on == 12  # a new version gives nobody's answers away
    asked.answer({"q1": "a2"})
    assert analysis(asked).based_on == 22


def test_of_an_anonymous_survey_nothing_tells_groups_apart(app: Flask) -> None:
    survey = ask(12)
    for place in range(11):
        survey.answer(place)
    commands.refresh_report(survey.survey_id, force=True)
    found = queries.report_of(survey.survey_id).content.analysis
    assert found.breakdowns == [] and found.differences == [] and found.funnel == [] and found.based_on == 0
    assert found.quality is None  # under seal nobody is told how many came
