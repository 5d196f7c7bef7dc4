"""One answer per confirmed phone: codes, their limits, and what no page tells of a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock
from engage.db import db
from engage.persian import to_persian_digits
from engage.sms.segments import pages as sms_pages
from engage.sms.simulator.process import SimulatorProcess
from surveys import commands as surveys
from surveys.entrances.commands import phones
from surveys.entrances.queries import FoundEntrance
from surveys.models import EntrancePhone, SealedAnswer
from tests.entrances import ANONYMOUS, RIGHT, html, open_way, responses
from tests.make import make_number, make_survey
from tests.people import make_units


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def survey(unit: int) -> int:
    return make_survey(unit)


def last_code(simulator: SimulatorProcess, number: str) -> str:
    message = simulator.inbox(number)[-1]["message"]
    assert re.search(r"\d{6}\Z", message), "telephones offer the code only when it stands at the end"
    assert sms_pages(message) == 1
    return str(message)[-6:]


def prove(browser: FlaskClient, entrance: FoundEntrance, number: str, drain, simulator: SimulatorProcess):  # type: ignore[no-untyped-def]
    browser.get(entrance.address)
    browser.post(f"{entrance.address}/phone", data={"phone": number})
    drain()
    return browser.post(f"{entrance.address}/code", data={"code": last_code(simulator, number)})


def test_a_phone_is_confirmed_by_a_code_and_answers_once(
    app: Flask, client: FlaskClient, survey: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    entrance = open_way(survey, asks_phone=True)
    number = make_number()
    asked = client.get(entrance.address)
    assert "شمارهٔ همراه" in html(asked) and "کدام کار واجب‌تر است؟" not in html(asked)
    assert client.post(entrance.address, data=RIGHT).status_code == 403, "no ticket, no answer"
    sent = client.post(f"{entrance.address}/phone", data={"phone": to_persian_digits(number.replace("+98", "0"))})
    assert (sent.status_code, sent.location) == (303, f"{entrance.address}/code")
    assert number[3:] not in sent.headers.get("Set-Cookie", "") and number[-4:] not in sent.location
    assert client.get(entrance.address).location == f"{entrance.address}/code"
    drain()
    code = last_code(gateway_simulator, number)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert client.post(f"{entrance.address}/code", data={"code": wrong}).status_code == 422
    right = client.post(f"{entrance.address}/code", data={"code": f" {to_persian_digits(code[:3])} {code[3:]}"})
    assert (right.status_code, right.location) == (303, entrance.address)
    assert "کدام کار واجب‌تر است؟" in html(client.get(entrance.address))
    done = client.post(entrance.address, data=RIGHT)
    [stored] = responses()
    assert done.status_code == 200 and stored.receipt_code in html(done)
    assert stored.receipt_code in html(client.post(entrance.address, data=RIGHT)), "a lost reply is given again"
    clock.advance(timedelta(minutes=2))
    other = prove(app.test_client(), entrance, number, drain, gateway_simulator)
    assert other.status_code == 200 and "با این شماره پیش‌تر پاسخ داده شده است" in html(other)
    assert len(responses()) == 1


def test_the_number_stands_nowhere(
    client: FlaskClient, survey: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    entrance = open_way(survey, asks_phone=True)
    number = make_number()
    prove(client, entrance, number, drain, gateway_simulator)
    client.post(entrance.address, data=RIGHT)
    db.session.rollback()
    found = []
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(text(f'SELECT t::text FROM "{table.name}" t')).scalars():
            if number[3:] in row or number.encode().hex() in row or number[3:].encode().hex() in row:
                found.append(table.name)
    assert found == []
    assert db.session.execute(text("SELECT count(*) FROM phone_identity")).scalar() == 0, "answering is not joining"
    assert db.session.execute(text("SELECT count(*) FROM single_text WHERE phone_cipher IS NOT NULL")).scalar() == 0


def test_no_page_tells_whether_a_number_has_answered(
    app: Flask, client: FlaskClient, survey: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    entrance = open_way(survey, asks_phone=True)
    known, unknown = "+989121110001", "+989121110001"[:-1] + "1"
    unknown = "+989129990001"
    prove(client, entrance, known, drain, gateway_simulator)
    client.post(entrance.address, data=RIGHT)
    clock.advance(timedelta(minutes=5))
    pages = []
    for number in (known, unknown):
        browser = app.test_client()
        browser.get(entrance.address)
        sent = browser.post(f"{entrance.address}/phone", data={"phone": number})
        shown = html(browser.get(sent.location))
        wrong = browser.post(f"{entrance.address}/code", data={"code": "000000"})
        pages.append((sent.status_code, sent.location, re.sub(r'<bdi dir="ltr">[^<]*</bdi>', "", shown), wrong.status_code))
    assert pages[0] == pages[1]
    drain()
    assert len(gateway_simulator.inbox(known)) == 2 and len(gateway_simulator.inbox(unknown)) == 1


def test_one_phone_in_two_browsers_at_once_is_one_response(
    app: Flask, survey: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    entrance = open_way(survey, asks_phone=True)
    number = make_number()
    first, second = app.test_client(), app.test_client()
    prove(first, entrance, number, drain, gateway_simulator)
    clock.advance(timedelta(minutes=2))
    prove(second, entrance, number, drain, gateway_simulator)
    assert first.post(entrance.address, data=RIGHT).status_code == 403, "the newest ticket alone opens"
    assert second.post(entrance.address, data=RIGHT).status_code == 200
    assert len(responses()) == 1


def test_tries_are_few_and_codes_grow_old(
    client: FlaskClient, survey: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    entrance = open_way(survey, asks_phone=True)
    number = make_number()
    client.get(entrance.address)
    client.post(f"{entrance.address}/phone", data={"phone": number})
    drain()
    code = last_code(gateway_simulator, number)
    for guess in range(5):
        client.post(f"{entrance.address}/code", data={"code": f"{(int(code) + 1 + guess) % 10**6:06d}"})
    assert client.post(f"{entrance.address}/code", data={"code": code}).status_code == 422
    clock.advance(timedelta(minutes=2))
    assert client.post(f"{entrance.address}/again").status_code == 303
    drain()
    fresh = last_code(gateway_simulator, number)
    clock.advance(timedelta(minutes=10))
    assert client.post(f"{entrance.address}/code", data={"code": fresh}).status_code == 422
    assert responses() == []


def test_codes_to_one_number_are_few_whatever_survey_asks(
    app: Flask, client: FlaskClient, unit: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    for _ in range(9):
        entrance = open_way(make_survey(unit), asks_phone=True)
        client.get(entrance.address)
        for _again in range(3):
            assert client.post(f"{entrance.address}/phone", data={"phone": number}).status_code == 303
    drain()
    assert len(gateway_simulator.inbox(number)) <= 6


@pytest.mark.parametrize("typed", ["", "سلام", "0912", "<script>", "0912\x00", "02188776655", "۹" * 5000])
def test_what_is_no_mobile_number_is_asked_again(client: FlaskClient, survey: int, typed: str) -> None:
    entrance = open_way(survey, asks_phone=True)
    client.get(entrance.address)
    page = client.post(f"{entrance.address}/phone", data={"phone": typed})
    assert page.status_code == 422 and "<script>" not in html(page) and "خطا:" in html(page)


def test_an_anonymous_survey_takes_a_confirmed_phone_too(
    client: FlaskClient, unit: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    entrance = open_way(make_survey(unit, ANONYMOUS), asks_phone=True)
    prove(client, entrance, make_number(), drain, gateway_simulator)
    assert client.post(entrance.address, data=RIGHT).status_code == 200
    assert client.post(entrance.address, data=RIGHT).status_code == 200
    db.session.rollback()
    assert db.session.query(SealedAnswer).count() == 1
    assert [each.answered for each in db.session.scalars(select(EntrancePhone))] == [True]


def test_phones_are_forgotten_after_a_survey(client: FlaskClient, survey: int, clock: FrozenClock) -> None:
    entrance = open_way(survey, asks_phone=True)
    client.get(entrance.address)
    client.post(f"{entrance.address}/phone", data={"phone": make_number()})
    assert phones.forget_phones() == 0
    clock.advance(timedelta(days=1, minutes=1))
    assert phones.forget_phones() == 1, "who never went on is gone after a day"
    client.post(f"{entrance.address}/phone", data={"phone": make_number()})
    db.session.execute(text("UPDATE survey_entrance_phone SET ticket_digest = 'x', answered = true"))
    db.session.commit()
    surveys.close_survey(survey, actor_id=None)
    clock.advance(timedelta(days=29))
    assert phones.forget_phones() == 0
    clock.advance(timedelta(days=2))
    assert phones.forget_phones() == 1
