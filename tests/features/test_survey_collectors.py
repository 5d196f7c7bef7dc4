"""Ambassadors enter answers for citizens: every response names them, ceilings hold, and nobody sees what others entered."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import FrozenClock
from engage.db import db
from engage.identity.commands import create_unit
from engage.identity.rules import Role
from surveys.entrances.commands import managing
from surveys.entrances.queries import FoundEntrance, own_count
from surveys.entrances.rules import Kind
from surveys.models import SealedAnswer
from tests.entrances import ANONYMOUS, RIGHT, again, counts, html, open_way, responses
from tests.make import make_survey
from tests.people import make_person, make_units, sign_in, without_csrf

COLLECT = "/console/collect"


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def round_(unit: int) -> FoundEntrance:
    return open_way(make_survey(unit), Kind.COLLECTOR, "شنبه‌بازار")


@pytest.fixture
def officer(unit: int) -> int:
    return make_person(unit)


@pytest.fixture
def browser(app: Flask, client: FlaskClient, officer: int) -> FlaskClient:
    return sign_in(client, officer)


def begin(app: Flask, browser: FlaskClient, entrance: FoundEntrance) -> str:
    """The address of a fresh interview."""
    with without_csrf(app):
        led = browser.post(f"{COLLECT}/{entrance.slug}/next")
    assert led.status_code == 303, led.text
    return str(led.location)


def test_one_person_after_another_and_the_own_count(app: Flask, browser: FlaskClient, officer: int, round_: FoundEntrance, clock: FrozenClock) -> None:
    assert "شنبه‌بازار" in browser.get(COLLECT).text
    for given in ("park", "light"):
        address = begin(app, browser, round_)
        assert "کدام کار واجب‌تر است؟" in html(browser.get(address))
        done = browser.post(address, data={"q1": given})
        assert done.status_code == 200 and f'href="{COLLECT}/{round_.slug}"' in html(done) and "نفر بعدی" in html(done)
    assert [(each.channel, each.collector_id, each.entrance_id, each.answers["q1"]) for each in responses()] == [
        ("collector", officer, round_.id, "park"),
        ("collector", officer, round_.id, "light"),
    ]
    assert (own_count(round_.id, officer).today, own_count(round_.id, officer).total) == (2, 2)
    clock.advance(timedelta(hours=13))
    assert (own_count(round_.id, officer).today, own_count(round_.id, officer).total) == (0, 2), "today is Tehran's"


def test_the_citizens_post_needs_no_token_and_the_start_does(browser: FlaskClient, round_: FoundEntrance, app: Flask) -> None:
    assert browser.post(f"{COLLECT}/{round_.slug}/next").status_code == 400
    address = begin(app, browser, round_)
    assert browser.post(address, data=RIGHT).status_code == 200


def test_an_interview_sent_twice_is_one_response(app: Flask, browser: FlaskClient, round_: FoundEntrance) -> None:
    address = begin(app, browser, round_)
    first, second = browser.post(address, data=RIGHT), browser.post(address, data={"q1": "light"})
    [stored] = responses()
    assert stored.receipt_code in html(first) and stored.receipt_code in html(second) and stored.answers == RIGHT
    assert "کدام کار واجب‌تر است؟" not in html(browser.get(address)), "what was sent isn't shown again"


def test_ceilings_per_collector_and_device_hold_in_parallel(app: Flask, unit: int) -> None:
    entrance = open_way(make_survey(unit), Kind.COLLECTOR, collector_limit=3)
    officer = make_person(unit)
    browser = sign_in(app.test_client(), officer)
    session = browser.get_cookie("engage")
    assert session is not None
    addresses = [begin(app, browser, entrance) for _ in range(8)]
    statuses: list[int] = []
    start = threading.Barrier(8)

    def submit(address: str) -> None:
        other = app.test_client()
        other.set_cookie("engage", session.value)
        start.wait()
        statuses.append(other.post(address, data=RIGHT).status_code)

    threads = [threading.Thread(target=submit, args=(each,)) for each in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 3 + [410] * 5
    assert len(responses()) == again(entrance).response_count == 3
    late = browser.post(addresses[0], data=RIGHT)
    assert late.status_code in (200, 410)
    colleague = sign_in(app.test_client(), make_person(unit))
    assert colleague.post(begin(app, colleague, entrance), data=RIGHT).status_code == 200, "the ceiling is each one's own"


def test_a_device_has_its_ceiling(app: Flask, browser: FlaskClient, unit: int) -> None:
    entrance = open_way(make_survey(unit), Kind.COLLECTOR, device_limit=1)
    assert browser.post(begin(app, browser, entrance), data=RIGHT).status_code == 200
    spent = browser.post(begin(app, browser, entrance), data=RIGHT)
    assert spent.status_code == 410 and "با این دستگاه" in html(spent)
    assert len(responses()) == 1 and again(entrance).response_count == 1


def test_nobody_sends_or_sees_anothers_interview(app: Flask, browser: FlaskClient, unit: int, round_: FoundEntrance) -> None:
    address = begin(app, browser, round_)
    colleague = sign_in(app.test_client(), make_person(unit))
    assert colleague.get(address).status_code == 404
    assert colleague.post(address, data=RIGHT).status_code == 404
    stranger = app.test_client()
    assert stranger.get(address).location.startswith("/console/sign-in")
    assert stranger.post(address, data=RIGHT).status_code in (303, 401)
    assert responses() == []
    browser.post(address, data=RIGHT)
    shown = colleague.get(f"{COLLECT}/{round_.slug}").text + colleague.get(COLLECT).text
    assert "۱" not in shown.split("واردشده به دست شما")[1].split("</dl>")[0]


@pytest.mark.parametrize("ticket", ["x", "AAAA", "..", "%00", "a" * 3000])
def test_a_made_up_interview_leads_nowhere(browser: FlaskClient, round_: FoundEntrance, ticket: str) -> None:
    assert browser.get(f"{COLLECT}/{round_.slug}/{ticket}").status_code == 404
    assert browser.post(f"{COLLECT}/{round_.slug}/{ticket}", data=RIGHT).status_code in (404, 400)


def test_an_interview_of_one_round_opens_no_other(app: Flask, browser: FlaskClient, unit: int, round_: FoundEntrance, clock: FrozenClock) -> None:
    other = open_way(make_survey(unit), Kind.COLLECTOR, "دیگر")
    address = begin(app, browser, round_)
    assert browser.post(address.replace(round_.slug, other.slug), data=RIGHT).status_code == 404
    clock.advance(timedelta(minutes=50))
    browser.get(COLLECT)
    assert browser.post(address, data=RIGHT).status_code == 200


def test_managers_and_other_units_collect_nothing(app: Flask, unit: int, round_: FoundEntrance) -> None:
    city = db.session.execute(text("SELECT parent_id FROM unit WHERE id = :id"), {"id": unit}).scalar_one()
    d7 = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۷", sms_name="منطقهٔ ۷", slug="d7")
    manager = sign_in(app.test_client(), make_person(unit, Role.MANAGER))
    foreign = sign_in(app.test_client(), make_person(d7))
    with without_csrf(app):
        for browser, status in ((manager, 403), (foreign, 404)):
            assert browser.get(f"{COLLECT}/{round_.slug}").status_code == status
            assert browser.post(f"{COLLECT}/{round_.slug}/next").status_code == status
    assert "شنبه‌بازار" not in foreign.get(COLLECT).text


def test_a_closed_round_says_so(app: Flask, browser: FlaskClient, round_: FoundEntrance) -> None:
    address = begin(app, browser, round_)
    managing.close_entrance(round_.id, actor_id=None)
    assert "بسته یا تکمیل" in browser.get(f"{COLLECT}/{round_.slug}").text
    late = browser.post(address, data=RIGHT)
    assert late.status_code == 410 and "پاسخ دیگری پذیرفته نمی‌شود" in html(late)
    with without_csrf(app):
        assert browser.post(f"{COLLECT}/{round_.slug}/next").status_code in (303, 409, 422)
    assert responses() == []


def test_kiosks_and_links_are_no_rounds(browser: FlaskClient, unit: int) -> None:
    survey = make_survey(unit)
    for kind in (Kind.OPEN, Kind.KIOSK):
        assert browser.get(f"{COLLECT}/{open_way(survey, kind).slug}").status_code == 404


def test_an_anonymous_survey_counts_its_collectors_and_seals_the_answers(app: Flask, browser: FlaskClient, officer: int, unit: int) -> None:
    entrance = open_way(make_survey(unit, ANONYMOUS), Kind.COLLECTOR, collector_limit=2)
    for status in (200, 200, 410):
        assert browser.post(begin(app, browser, entrance), data=RIGHT).status_code == status
    db.session.rollback()
    assert db.session.query(SealedAnswer).count() == 2 and responses() == []
    assert counts(entrance)[f"collector:{officer}"] == 2 and again(entrance).response_count == 2


def test_the_survey_tells_who_entered_how_much(app: Flask, browser: FlaskClient, round_: FoundEntrance) -> None:
    browser.post(begin(app, browser, round_), data=RIGHT)
    page = browser.get(f"/console/surveys/{round_.survey_slug}/ways").text
    assert "نرگس احمدی" in page and "۱ پاسخ" in page
