"""Ready-made forms: each can be published as it is, is short enough for a phone, and is shown before it is chosen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engage.clock import now
from engage.identity.rules import Role
from surveys import commands, queries
from surveys.definitions import dump, estimated_minutes, gaps, load
from surveys.starters import STARTERS, permission
from surveys.views.lists import STARTER_WORDS
from tests.people import make_person, make_units, sign_in, without_csrf

READY = [name for name in STARTERS if name != "blank"]


def test_every_starter_is_told_in_words() -> None:
    assert set(STARTER_WORDS) == set(STARTERS)


@pytest.mark.parametrize("name", READY)
def test_a_ready_made_form_lacks_nothing(name: str) -> None:
    definition = STARTERS[name]("عنوان")
    assert gaps(definition) == [] and load(dump(definition)) == definition
    assert definition.title == "عنوان" and definition.intro
    assert 3 <= len(definition.questions) <= 8 and estimated_minutes(definition) <= 3
    assert any(not question.required for question in definition.questions if question.reveals), "own words are never demanded"


def test_the_question_of_permission_lacks_nothing() -> None:
    assert gaps(permission("اجازه", "می‌پذیرم که شهرداری پیامک بفرستد.")) == []


@pytest.mark.parametrize("name", READY)
def test_a_ready_made_form_is_shown_made_and_published(app: Flask, client: FlaskClient, name: str) -> None:
    _, district, _, _ = make_units()
    officer = sign_in(client, make_person(district))
    shown = officer.get(f"/console/surveys/new/{name}/preview")
    first = STARTERS[name]("").questions[0].label
    assert shown.status_code == 200 and first in shown.text and 'method="post"' not in shown.text
    with without_csrf(app):
        made = officer.post("/console/surveys/new", data={"title": "نظر شما", "starter": name})
    survey = queries.find_survey(made.location.split("/surveys/")[1].split("/")[0])
    assert survey is not None and survey.draft.questions == STARTERS[name]("").questions
    commands.publish_survey(survey.id, closes_at=now() + timedelta(days=3), results_on=None, actor_id=None)


def test_starters_are_for_those_who_may_make_surveys(client: FlaskClient) -> None:
    _, district, _, _ = make_units()
    manager = sign_in(client, make_person(district, Role.MANAGER))
    assert manager.get("/console/surveys/new/mayor/preview").status_code == 403
    assert manager.get("/console/surveys/new").status_code == 403
