"""The officer's way from an empty form to a published survey, and what others may not do."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import now
from engage.db import db
from engage.identity.commands import create_unit, create_user
from engage.identity.rules import Role
from engage.refusal import Refused
from surveys import commands, queries
from surveys.cli import group
from surveys.definitions import Definition, dump, dump_text
from surveys.editing import delete_question
from surveys.starters import STARTERS
from surveys.types import ShortText, Single

PASSWORD = "a long password 1405"


@pytest.fixture(autouse=True)
def without_csrf(app: Flask) -> Any:
    app.config["WTF_CSRF_ENABLED"] = False
    yield
    app.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def unit_id(app: Flask) -> int:
    return create_unit(name="شهرداری منطقهٔ ۱۲", sms_name="منطقهٔ ۱۲", kind="municipality", parent_id=None, slug="m12", actor_id=None)


def sign_in(app: Flask, unit_id: int, role: Role = Role.OFFICER, email: str = "officer@example.ir") -> FlaskClient:
    create_user(email=email, name="مریم کاظمی", password=PASSWORD, role=role, unit_id=unit_id, must_change_password=False, actor_id=None)
    client = app.test_client()
    assert client.post("/console/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
    return client


@pytest.fixture
def officer(app: Flask, unit_id: int) -> FlaskClient:
    return sign_in(app, unit_id)


def only_survey(unit_id: int) -> queries.SurveyDetail:
    db.session.rollback()
    [summary] = queries.list_surveys([unit_id])
    survey = queries.get_survey(summary.id)
    assert survey is not None
    return survey


def test_an_officer_makes_edits_and_publishes_a_survey(officer: FlaskClient, unit_id: int) -> None:
    assert "هنوز نظرسنجی‌ای نیست" in officer.get("/console/surveys").text
    made = officer.post("/console/surveys/new", data={"title": "نظافت محله", "starter": "blank"})
    assert made.status_code == 303
    survey = only_survey(unit_id)
    base = f"/console/surveys/{survey.slug}"

    refused = officer.post(f"{base}/publish", data={"closes_on": "1405/09/20", "results_on": "1405/10/01"})
    assert refused.status_code == 422 and "نظرسنجی پرسشی ندارد" in refused.text

    officer.post(f"{base}/edit/add", data={"kind": "multiple", "revision": survey.revision})
    survey = only_survey(unit_id)
    [question] = survey.draft.questions
    saved = officer.post(
        f"{base}/edit/questions/{question.id}",
        data={
            f"{question.id}-revision": survey.revision,
            f"{question.id}-label": "چه چیزی آزارتان می‌دهد؟",
            f"{question.id}-options": "زباله\n تاریکی \n\nسروصدا",
            f"{question.id}-exclusive": "نظری ندارم",
            f"{question.id}-max_choices": "۲",
            f"{question.id}-required": "y",
        },
    )
    assert saved.status_code == 303
    question = only_survey(unit_id).draft.questions[0]
    assert [(option.label, option.exclusive) for option in question.options] == [  # type: ignore[union-attr]
        ("زباله", False),
        ("تاریکی", False),
        ("سروصدا", False),
        ("نظری ندارم", True),
    ]
    assert question.required and question.max_choices == 2  # type: ignore[union-attr]

    published = officer.post(f"{base}/publish", data={"closes_on": "۱۴۰۵/۰۹/۲۰", "results_on": "1405/10/01"})
    assert published.status_code == 303
    survey = only_survey(unit_id)
    assert survey.state == "open" and survey.results_on == date(2026, 12, 22)
    assert "نسخهٔ ۱" in officer.get(base).text
    actions = db.session.execute(text("SELECT action FROM audit_entry WHERE object_type = 'survey' ORDER BY id")).scalars().all()
    assert actions == ["survey_created", "survey_draft_saved", "survey_draft_edited", "survey_published"]

    assert officer.post(f"{base}/close").status_code == 303
    assert only_survey(unit_id).state == "closed"


def test_questions_move_vanish_and_come_back(officer: FlaskClient, unit_id: int) -> None:
    commands.create_survey(unit_id, "نمونه", STARTERS["quick_poll"]("نمونه"), actor_id=None)
    survey = only_survey(unit_id)
    base = f"/console/surveys/{survey.slug}/edit"
    officer.post(f"{base}/questions/urgent/up", data={"revision": survey.revision})
    assert [each.id for each in only_survey(unit_id).draft.questions] == ["urgent", "satisfaction", "words"]
    officer.post(f"{base}/questions/urgent/delete", data={"revision": 2})
    assert [each.id for each in only_survey(unit_id).draft.questions] == ["satisfaction", "words"]
    assert "/edit/undo/3" in officer.get(base).text
    officer.post(f"{base}/undo/3")
    assert [each.id for each in only_survey(unit_id).draft.questions] == ["urgent", "satisfaction", "words"]


def test_two_officers_never_overwrite_each_other_silently(officer: FlaskClient, unit_id: int) -> None:
    commands.create_survey(unit_id, "نمونه", STARTERS["quick_poll"]("نمونه"), actor_id=None)
    survey = only_survey(unit_id)
    commands.save_draft(survey.id, delete_question(survey.draft, "urgent"), survey.revision, actor_id=None)
    page = officer.post(
        f"/console/surveys/{survey.slug}/edit/questions/words",
        data={"words-revision": survey.revision, "words-label": "نوشتهٔ من", "words-max_length": "300"},
    )
    assert page.status_code == 409 and "نوشتهٔ من" in page.text
    assert f'name="words-revision" type="hidden" value="{survey.revision + 1}"' in page.text
    assert only_survey(unit_id).draft.question("words").label != "نوشتهٔ من"  # type: ignore[union-attr]
    with pytest.raises(Refused) as refused:
        commands.save_draft(survey.id, survey.draft, 1, actor_id=None)
    assert refused.value.code == "draft_changed"


def test_the_preview_cannot_be_sent(officer: FlaskClient, unit_id: int) -> None:
    commands.create_survey(unit_id, "نمونه", STARTERS["mayor"]("نمونه"), actor_id=None)
    survey = only_survey(unit_id)
    page = officer.get(f"/console/surveys/{survey.slug}/preview/page")
    assert "form-action 'none'" in page.headers["Content-Security-Policy"] and page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert 'method="post"' not in page.text and "پیش‌نمایش" in page.text
    assert officer.get(f"/console/surveys/{survey.slug}/preview").status_code == 200


def test_other_units_surveys_do_not_exist_and_every_page_is_guarded(app: Flask, unit_id: int) -> None:
    own = create_unit(name="ناحیهٔ ۱", sms_name="ناحیهٔ ۱", kind="district", parent_id=unit_id, slug="n1", actor_id=None)
    commands.create_survey(unit_id, "نمونه", STARTERS["mayor"]("نمونه"), actor_id=None)
    survey = only_survey(unit_id)
    stranger = sign_in(app, own, email="stranger@example.ir")
    base = f"/console/surveys/{survey.slug}"
    for path in ("", "/edit", "/publish", "/preview", "/preview/page"):
        assert stranger.get(base + path).status_code == 404
        assert app.test_client().get(base + path).status_code == 303
    for path in ("/edit", "/edit/add", "/close", "/edit/undo/1", "/edit/questions/idea/delete"):
        assert stranger.post(base + path, data={"revision": 1}).status_code == 404
    assert only_survey(unit_id).revision == survey.revision
    assert "نمونه" not in stranger.get("/console/surveys").text


def test_publishing_the_same_form_again_changes_only_the_dates(unit_id: int) -> None:
    definition = Definition(title="نمونه", questions=[ShortText(id="q", label="?")])
    survey_id = commands.create_survey(unit_id, "نمونه", definition, actor_id=None)
    first = commands.publish_survey(survey_id, closes_at=now() + timedelta(days=1), results_on=None, actor_id=None)
    again = commands.publish_survey(survey_id, closes_at=now() + timedelta(days=2), results_on=None, actor_id=None)
    assert first == again
    commands.save_draft(survey_id, Definition(title="نمونه", questions=[ShortText(id="q", label="??")]), 1, actor_id=None)
    second = commands.publish_survey(survey_id, closes_at=now() + timedelta(days=2), results_on=None, actor_id=None)
    assert second != first and [each.number for each in queries.versions_of(survey_id)] == [2, 1]
    assert queries.definition_of(first) == definition


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (Definition(title="نمونه"), "survey_has_no_question"),
        (Definition(title="نمونه", questions=[Single(id="q", label="?")]), "survey_incomplete"),
    ],
)
def test_what_is_not_finished_is_not_published(unit_id: int, definition: Definition, code: str) -> None:
    survey_id = commands.create_survey(unit_id, "نمونه", definition, actor_id=None)
    with pytest.raises(Refused) as refused:
        commands.publish_survey(survey_id, closes_at=None, results_on=None, actor_id=None)
    assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        commands.import_definition(unit_id, dump_text(definition), actor_id=None)
    assert refused.value.code == code
    assert len(queries.list_surveys([unit_id])) == 1


def test_dates_must_make_sense(unit_id: int) -> None:
    survey_id = commands.create_survey(unit_id, "نمونه", STARTERS["mayor"]("نمونه"), actor_id=None)
    for closes_at, results_on, code in (
        (now(), None, "deadline_passed"),
        (now() + timedelta(days=9), date(2026, 11, 25), "results_before_deadline"),
    ):
        with pytest.raises(Refused) as refused:
            commands.publish_survey(survey_id, closes_at=closes_at, results_on=results_on, actor_id=None)
        assert refused.value.code == code


class Stage:
    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


def test_definitions_go_out_and_in_unchanged_as_files(app: Flask, unit_id: int, tmp_path: Path) -> None:
    source = tmp_path / "survey.json"
    definition = STARTERS["mayor"]("من شهردارم")
    source.write_text(dump_text(definition), encoding="utf-8")
    run = CliRunner()
    imported = run.invoke(group, ["import", str(source), "--json"], obj=Stage(app))
    assert imported.exit_code == 0, imported.output
    result = json.loads(imported.output)
    assert result["questions"] == 4 and result["skipped"] == [] and result["warnings"] == []
    target = tmp_path / "again.json"
    assert run.invoke(group, ["export", result["survey"], "--to", str(target)], obj=Stage(app)).exit_code == 0
    assert json.loads(target.read_text(encoding="utf-8")) == dump(definition)
    for name, content, code in (("x.txt", "", "survey_file_kind_unknown"), ("y.json", "{", "definition_not_json"), ("z.json", "[]", "definition_malformed")):
        (tmp_path / name).write_text(content)
        refused = run.invoke(group, ["import", str(tmp_path / name)], obj=Stage(app))
        assert isinstance(refused.exception, Refused) and refused.exception.code == code
