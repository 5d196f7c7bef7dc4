"""Paper forms typed in: a batch with running numbers, and the last sheet put right within ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock
from engage.db import db
from surveys import commands as surveys
from surveys.entrances.queries import FoundEntrance, own_count
from surveys.entrances.rules import Kind
from surveys.models import EntranceTurn
from tests.entrances import ANONYMOUS, RIGHT, again, html, open_way, responses
from tests.make import make_survey
from tests.people import make_person, make_units, sign_in, without_csrf

COLLECT = "/console/collect"


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def batch(unit: int) -> FoundEntrance:
    return open_way(make_survey(unit), Kind.PAPER, "صندوق خانهٔ بهداشت")


@pytest.fixture
def officer(unit: int) -> int:
    return make_person(unit)


@pytest.fixture
def browser(client: FlaskClient, officer: int) -> FlaskClient:
    return sign_in(client, officer)


def press(app: Flask, browser: FlaskClient, entrance: FoundEntrance, button: str) -> str:
    with without_csrf(app):
        led = browser.post(f"{COLLECT}/{entrance.slug}/{button}")
    assert led.status_code == 303
    return str(led.location)


def enter(app: Flask, browser: FlaskClient, entrance: FoundEntrance, given: str = "park") -> str:
    done = browser.post(press(app, browser, entrance, "next"), data={"q1": given})
    assert done.status_code == 200
    return html(done)


def numbers() -> list[tuple[int, int | None]]:
    db.session.rollback()
    return [(row.number, row.corrects) for row in db.session.scalars(select(EntranceTurn).order_by(EntranceTurn.response_id))]


def test_every_sheet_gets_the_next_number_and_no_receipt(app: Flask, browser: FlaskClient, officer: int, batch: FoundEntrance) -> None:
    for number in (1, 2, 3):
        page = enter(app, browser, batch)
        assert f'<bdi dir="ltr">{number}</bdi>' in page and "کد پیگیری" not in page and "برگهٔ بعدی" in page
    assert [(each.channel, each.collector_id, each.entrance_id) for each in responses()] == [("paper", officer, batch.id)] * 3
    assert numbers() == [(1, None), (2, None), (3, None)]


def test_the_last_sheet_is_put_right_and_the_first_entry_put_aside(app: Flask, browser: FlaskClient, officer: int, batch: FoundEntrance) -> None:
    enter(app, browser, batch)
    enter(app, browser, batch, "park")
    address = press(app, browser, batch, "correct")
    done = browser.post(address, data={"q1": "light"})
    assert done.status_code == 200 and '<bdi dir="ltr">2</bdi>' in html(done)
    assert html(browser.post(address, data={"q1": "park"})).count('<bdi dir="ltr">2</bdi>') == 1, "sent again, nothing changes"
    first, wrong, right = responses()
    assert (first.excluded_at, right.excluded_at) == (None, None) and right.answers == {"q1": "light"}
    assert wrong.excluded_at is not None and wrong.excluded_by == officer and wrong.exclusion_reason
    assert numbers() == [(1, None), (2, None), (2, wrong.id)]
    assert again(batch).response_count == 2 and own_count(batch.id, officer).total == 2, "one sheet is one"
    entry = db.session.execute(text("SELECT actor_id, detail FROM audit_entry WHERE action = 'entry_corrected'")).one()
    assert entry.actor_id == officer and entry.detail["number"] == 2 and "light" not in str(entry.detail)


def test_a_correction_can_be_corrected_but_no_sheet_twice_at_once(app: Flask, browser: FlaskClient, batch: FoundEntrance) -> None:
    enter(app, browser, batch)
    one, two = press(app, browser, batch, "correct"), press(app, browser, batch, "correct")
    assert browser.post(one, data={"q1": "light"}).status_code == 200
    refused = browser.post(two, data={"q1": "light"})
    assert refused.status_code == 410 and "اصلاح‌پذیر نیست" in html(refused)
    assert browser.post(press(app, browser, batch, "correct"), data={"q1": "park"}).status_code == 200
    assert [each.excluded_at is None for each in responses()] == [False, False, True]
    assert {number for number, _ in numbers()} == {1}


def test_after_ten_minutes_it_stays_as_it_is(app: Flask, browser: FlaskClient, batch: FoundEntrance, clock: FrozenClock) -> None:
    enter(app, browser, batch)
    address = press(app, browser, batch, "correct")
    assert "اصلاح آخرین برگه" in browser.get(f"{COLLECT}/{batch.slug}").text
    clock.advance(timedelta(minutes=10))
    assert "اصلاح آخرین برگه" not in browser.get(f"{COLLECT}/{batch.slug}").text
    assert browser.post(address, data={"q1": "light"}).status_code == 410
    [stored] = responses()
    assert stored.excluded_at is None and stored.answers == RIGHT


def test_nobody_corrects_what_a_colleague_entered(app: Flask, browser: FlaskClient, unit: int, batch: FoundEntrance) -> None:
    enter(app, browser, batch)
    colleague = sign_in(app.test_client(), make_person(unit))
    assert "اصلاح آخرین برگه" not in colleague.get(f"{COLLECT}/{batch.slug}").text
    with without_csrf(app):
        refused = colleague.post(f"{COLLECT}/{batch.slug}/correct")
    assert refused.status_code in (303, 422) and refused.headers.get("Location", "").count("/") < 6
    assert len(responses()) == 1


def test_a_full_batch_still_lets_its_last_sheet_be_put_right(app: Flask, browser: FlaskClient, unit: int) -> None:
    batch = open_way(make_survey(unit), Kind.PAPER, response_limit=1)
    enter(app, browser, batch)
    assert "بسته یا تکمیل" in browser.get(f"{COLLECT}/{batch.slug}").text
    assert browser.post(press(app, browser, batch, "correct"), data={"q1": "light"}).status_code == 200
    assert [each.answers["q1"] for each in responses() if each.excluded_at is None] == ["light"]


def test_a_closed_survey_takes_neither_sheets_nor_corrections(app: Flask, browser: FlaskClient, batch: FoundEntrance) -> None:
    enter(app, browser, batch)
    address, correction = press(app, browser, batch, "next"), press(app, browser, batch, "correct")
    surveys.close_survey(batch.survey_id, actor_id=None)
    assert browser.post(address, data=RIGHT).status_code == 410
    assert browser.post(correction, data={"q1": "light"}).status_code == 410
    [stored] = responses()
    assert stored.excluded_at is None


def test_sheets_of_an_anonymous_survey_are_not_corrected(app: Flask, browser: FlaskClient, unit: int) -> None:
    batch = open_way(make_survey(unit, ANONYMOUS), Kind.PAPER)
    enter(app, browser, batch)
    assert "اصلاح آخرین برگه" not in browser.get(f"{COLLECT}/{batch.slug}").text
    assert again(batch).response_count == 1 and numbers() == []


def test_the_form_of_a_correction_begins_with_what_was_typed(app: Flask, browser: FlaskClient, batch: FoundEntrance) -> None:
    enter(app, browser, batch, "park")
    shown = html(browser.get(press(app, browser, batch, "correct")))
    assert 'value="park" checked' in shown and 'value="light" checked' not in shown
    assert " checked" not in html(browser.get(press(app, browser, batch, "next")))
