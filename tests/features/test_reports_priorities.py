"""Priorities beside satisfaction: chosen by an officer, seen by whoever sees the report."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports import commands as reports
from engage.reports.trends.commands import save_priorities
from engage.reports.trends.queries import priorities_of
from surveys.definitions import Definition
from surveys.types import Option, Rating, Single
from tests.features.test_reports_live import Asked
from tests.people import make_person, sign_in, without_csrf

ASKED = Definition(
    title="اولویت‌های محله",
    questions=[
        Single(id="q1", label="چه مهم‌تر است؟", options=[Option(id="a1", label="روشنایی"), Option(id="a2", label="فضای سبز")]),
        Rating(id="q2", label="از روشنایی راضی هستید؟"),
        Rating(id="q3", label="از فضای سبز راضی هستید؟"),
    ],
)
PAIRS = {"a1": "q2", "a2": "q3"}


@pytest.fixture
def asked(app: Flask) -> Asked:
    found = Asked(ASKED)
    found.answer({"q1": "a1", "q2": 1, "q3": 5}, 20)
    found.answer({"q1": "a2", "q2": 2, "q3": 4}, 10)
    reports.refresh_report(found.id, force=True)
    return found


def test_an_officer_chooses_and_a_manager_reads(app: Flask, client: FlaskClient, asked: Asked) -> None:
    path = f"{asked.url}/priorities"
    with without_csrf(app):
        officer = sign_in(client, make_person(asked.unit_id, Role.OFFICER))
        page = officer.get(path).text
        assert len(re.findall(r'<option value="q[23]" selected>', page)) == 2, "the words suggest the pairs"
        form = {"importance": "q1", "revision": "0", "s-a1": "q2", "s-a2": "q3"}
        assert officer.post(path, data=form).status_code == 303
        late = officer.post(path, data=form)
        assert late.status_code == 422 and "پرسش‌های دیگری برگزیده" in late.text
        assert officer.post(path, data={"importance": "q1", "revision": "1", "s-a1": "q2"}).status_code == 422
        manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
        page = manager.get(path).text
        assert "مهم و ناراضی: اول این" in page and "<circle" in page and "style=" not in page.split("<main")[1]
        stranger = sign_in(app.test_client(), make_person(asked.units[2], Role.OFFICER))
        assert stranger.get(path).status_code == stranger.post(path, data=form).status_code == 404
    assert db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "priorities_chosen")).all() == ["priorities_chosen"]


@pytest.mark.parametrize(
    ("key", "pairs", "code"),
    [
        ("q2", PAIRS, "priorities_question_unknown"),
        ("q1", {"a1": "q1", "a2": "q3"}, "priorities_question_unknown"),
        ("q1", {"a9": "q2", "a2": "q3"}, "priorities_question_unknown"),
        ("q1", {"a1": "q2"}, "priorities_too_few"),
    ],
)
def test_what_cannot_be_set_beside_each_other_is_refused(asked: Asked, key: str, pairs: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        save_priorities(asked.report(), key, pairs, seen=0, actor_id=None)
    assert refused.value.code == code
    db.session.rollback()
    assert priorities_of(asked.id) is None


def test_a_survey_without_scales_says_what_it_takes(app: Flask, client: FlaskClient) -> None:
    plain = Asked(Definition(title="ساده", questions=ASKED.questions[:1]))
    reports.refresh_report(plain.id, force=True)
    manager = sign_in(client, make_person(plain.unit_id, Role.MANAGER))
    assert "این نظرسنجی آن را نشان نمی‌دهد" in manager.get(f"{plain.url}/priorities").text
