"""The largest surveys there may be: the builder takes them, every page of theirs is drawn, and they are answered to the last question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engage.db import db
from surveys.definitions import MAX_QUESTIONS, Definition
from surveys.models import Response
from surveys.queries import get_survey
from surveys.types import Multiple, Option, Single
from surveys.types.matrix import MAX_COLUMNS, MAX_ROWS, Matrix, Row
from tests.features.test_survey_type_forms import sent_by
from tests.features.test_surveys_links import ask
from tests.people import make_person, sign_in, without_csrf


def options(count: int, letter: str = "a") -> list[Option]:
    return [Option(id=f"{letter}{number}", label=f"گزینهٔ شمارهٔ {number}") for number in range(1, count + 1)]


def table() -> Definition:
    rows = [Row(id=f"r{number}", label=f"خیابان شمارهٔ {number}") for number in range(1, MAX_ROWS + 1)]
    return Definition(
        title="جدول بزرگ",
        questions=[Matrix(id="q1", label="چقدر راضی هستید؟", rows=rows, options=options(MAX_COLUMNS, "c"), required=True)],
    )


def many_questions() -> Definition:
    found: list[Any] = [
        Single(id=f"q{number}", label=f"پرسش {number}", options=options(3), required=True, show_if='q1 = "a1"' if number > 1 else "")
        for number in range(1, MAX_QUESTIONS + 1)
    ]
    return Definition(title="پرسش‌های بسیار", questions=found)


def many_options() -> Definition:
    return Definition(
        title="گزینه‌های بسیار",
        questions=[Multiple(id=f"q{number}", label=f"پرسش {number}", options=options(200)) for number in range(1, 31)],
    )


LARGEST = pytest.mark.parametrize("made", [table, many_questions, many_options], ids=lambda made: made.__name__)


@LARGEST
def test_the_builder_opens_saves_and_copies_them(app: Flask, made: Callable[[], Definition]) -> None:
    definition = made()
    asked = ask(definition)
    survey = get_survey(asked.survey_id)
    assert survey is not None
    base, last = f"/console/surveys/{survey.slug}", definition.questions[-1]
    with without_csrf(app):
        officer = sign_in(app.test_client(), make_person(survey.unit_id))
        page = officer.get(f"{base}/edit?open={last.id}")
        assert page.status_code == 200 and page.text.count('data-question="') == len(definition.questions)
        for rest in ("/publish", "/settings", "/preview", "/preview/page", "/versions"):
            assert officer.get(f"{base}{rest}").status_code == 200, rest
        with app.test_request_context():
            form = sent_by(last)
        form[f"{last.id}-revision"], form[f"{last.id}-label"] = "1", "تازه"
        saved = officer.post(f"{base}/edit/questions/{last.id}", data=form, headers={"Accept": "application/json"})
        assert saved.status_code == 200 and saved.json["revision"] == 2, saved.text[:300]
        copied = officer.post(f"{base}/edit/questions/{last.id}/copy", data={"revision": 2})
        db.session.rollback()
        after = get_survey(survey.id)
        assert after is not None and after.draft.questions[len(definition.questions) - 1].label == "تازه"
        assert len(after.draft.questions) == min(len(definition.questions) + 1, MAX_QUESTIONS) and copied.status_code in (303, 422)


@LARGEST
def test_citizens_answer_them_to_the_last_question(app: Flask, client: FlaskClient, made: Callable[[], Definition]) -> None:
    definition = made()
    asked = ask(definition)
    first = client.get(asked.path)
    assert first.status_code == 200
    answers = (
        {f"q1.r{number}": f"c{number % MAX_COLUMNS + 1}" for number in range(1, MAX_ROWS + 1)}
        if made is table
        else {each.id: "a1" for each in definition.questions}
    )
    assert client.post(asked.path, data=answers).status_code == 200
    (stored,) = db.session.query(Response.answers).one()
    assert len(stored) == len(answers)
