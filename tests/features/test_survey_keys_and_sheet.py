"""What an operator and an officer find without being told: a survey's key that is gone, and the sheet for the city's telephone."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from engage.db import db
from engage.identity.rules import Role
from engage.operations.doctor import as_lines, examine
from surveys.sealing import seals_without_key
from surveys.sealing.keys import key_path
from tests.entrances import ANONYMOUS
from tests.make import make_survey, make_unit
from tests.people import make_person, sign_in


def test_doctor_says_that_a_sealed_survey_has_lost_its_key(app: Flask) -> None:
    make_survey(make_unit(), ANONYMOUS)
    assert [each for each in examine(app) if each.name == "survey keys"] == []
    public = bytes(db.session.execute(text("SELECT public_key FROM survey_seal")).scalar_one())
    db.session.rollback()
    path = key_path(public)
    away = path.rename(path.with_suffix(".away"))
    try:
        assert len(seals_without_key()) == 1
        [finding] = [each for each in examine(app) if each.name == "survey keys"]
        assert finding.state == "fail" and finding.says.startswith("1 anonymous survey") and "surveys" in finding.advice
        assert sum("survey keys" in line for line in as_lines([finding])) == 1
    finally:
        away.rename(path)
    assert [each for each in examine(app) if each.name == "survey keys"] == []


def test_the_operators_sheet_is_found_where_officers_look(app: Flask) -> None:
    unit_id = make_unit()
    make_survey(unit_id)
    for role in (Role.OFFICER, Role.MANAGER):
        page = sign_in(app.test_client(), make_person(unit_id, role)).get("/console/surveys").text
        assert 'href="/verify/sheet"' in page and "برگهٔ اپراتورهای ۱۳۷" in page
    assert "کار بعدی محلهٔ شما چه باشد؟" in app.test_client().get("/verify/sheet").text
    assert app.test_client().get("/console/surveys").status_code in (302, 303), "the link itself stands behind sign-in"
