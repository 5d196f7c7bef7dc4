"""Free filters: the true counts of a part, never of fewer than ten, of no anonymous survey, and only for who may read responses."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.reports.filtering.queries import filter_answers
from engage.reports.grid import Dimension
from surveys.queries import get_survey
from tests.features.test_reports_census import answered
from tests.people import make_person, sign_in
from tests.sealed import ask


def test_the_figures_are_those_of_the_chosen_part(app: Flask) -> None:
    asked = answered(40, 15)
    women = filter_answers(asked.id, {Dimension.GENDER: "female"}, {})
    assert women.answers == 40 and women.choices[Dimension.GENDER] == ["female", "male"]
    question = next(each for each in women.questions if each.key == "q1")
    assert {option.id: option.count for option in question.options or []} == {"a1": 40, "a2": 0, "a3": 0}
    assert (question.answered, question.asked) == (40, 40)
    assert filter_answers(asked.id, {}, {}).answers == 55


def test_fewer_than_ten_show_nothing(app: Flask) -> None:
    asked = answered(30, 9)
    men = filter_answers(asked.id, {Dimension.GENDER: "male"}, {})
    assert men.is_too_small and men.questions == []
    nobody = filter_answers(asked.id, {Dimension.GENDER: "nonsense"}, {})
    assert nobody.answers == 0 and not nobody.is_too_small


def test_only_who_may_read_responses_filters_and_that_is_written_down(app: Flask, client: FlaskClient) -> None:
    asked = answered(40, 15)
    path = f"{asked.url}/filter"
    officer = sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    assert "گزارش با پالایه" in officer.get(asked.url).text
    page = officer.get(f"{path}?gender=female").text
    assert "۴۰ پاسخ" in page and "جنسیت: زنان" in page
    manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
    assert manager.get(path).status_code == 403 and "گزارش با پالایه" not in manager.get(asked.url).text
    stranger = sign_in(app.test_client(), make_person(asked.units[2], Role.OFFICER))
    assert stranger.get(path).status_code == 404
    entries = db.session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "report_filtered")).all()
    assert [each["filter"] for each in entries] == ["جنسیت: زنان"]


def test_an_anonymous_survey_has_no_filters(app: Flask, client: FlaskClient) -> None:
    asked = ask(12)
    survey = get_survey(asked.survey_id)
    assert survey is not None and survey.is_anonymous
    officer = sign_in(client, make_person(survey.unit_id, Role.OFFICER))
    assert officer.get(f"/console/reports/{survey.slug}").status_code == 200
    assert officer.get(f"/console/reports/{survey.slug}/filter").status_code == 404
