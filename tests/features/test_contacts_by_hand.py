"""One person is added by hand: own fields, a question first, and what is not told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands
from contacts.queries.fields import fields_of
from contacts.rules.custom_values import CustomKind
from engage.db import db
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.wizard import add, page, stop


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(app, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1]))


def test_one_person_with_own_fields_and_what_was_typed_stays_on_an_error(officer: FlaskClient, units) -> None:
    commands.add_field(units[1], "شمار فرزندان", CustomKind.NUMBER, actor_id=None)
    field = fields_of(units[1])[0]
    shown = page(officer, "/console/contacts/new")
    assert "شمار فرزندان" in shown
    form = {
        "phone": "۰۹۱۲۱۲۳۴۵۶۷", "first_name": "زهرا", "how": "state", "purpose": "survey_invitation", "basis": "consent", "evidence": "فرم ۳۱۸",
        f"own_{field.id}": "زیاد", "language": "az",
    }  # fmt: skip
    answer = officer.post("/console/contacts/new", data=form)
    assert answer.status_code == 422 and 'value="زیاد"' in answer.text and 'value="فرم ۳۱۸"' in answer.text
    answer = officer.post("/console/contacts/new", data={**form, f"own_{field.id}": "۳"})
    assert answer.status_code == 303
    assert db.session.execute(text("SELECT custom, first_name FROM contact")).one() == ({field.key: 3}, "زهرا")
    answer = officer.post("/console/contacts/new", data={**form, "phone": "09131234567", "evidence": "", f"own_{field.id}": ""})
    assert answer.status_code == 422


def test_a_person_may_be_asked_first_and_nothing_is_stored_until_they_answer(officer: FlaskClient, units) -> None:
    form = {"phone": "09121234567", "first_name": "زهرا", "how": "ask", "purpose": "survey_invitation"}
    answer = officer.post("/console/contacts/new", data=form)
    assert answer.status_code == 303, answer.text
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 1
    assert officer.post("/console/contacts/new", data=form).status_code == 422
    add(units[1], "+989131234567")
    answer = officer.post("/console/contacts/new", data={**form, "phone": "09131234567"})
    assert answer.status_code == 422 and "پیش‌تر" in answer.text


def test_why_a_foreign_number_cannot_be_added_is_not_told(officer: FlaskClient, units) -> None:
    stop("+989121234567", units[2])
    for how in ("state", "ask"):
        form = {"phone": "09121234567", "how": how, "purpose": "survey_invitation", "basis": "consent", "evidence": "فرم"}
        answer = officer.post("/console/contacts/new", data=form)
        assert answer.status_code == 422 and "قابل ارسال نیست" in answer.text and "نخواسته" not in answer.text
