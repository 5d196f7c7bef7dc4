"""Open links: who gets in, how often, and what is told to whom."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock
from engage.db import db
from surveys.entrances.commands import managing
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import Kind
from surveys.models import EntrancePhone, EntranceTurn, SealedAnswer
from surveys.results import register_results_address
from tests.entrances import ANONYMOUS, RIGHT, again, counts, html, open_way, responses
from tests.make import SMALL_SURVEY, make_survey
from tests.people import make_units


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def survey(unit: int) -> int:
    return make_survey(unit)


def answer(browser: FlaskClient, entrance: FoundEntrance, given: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    browser.get(entrance.address)
    return browser.post(entrance.address, data=given or RIGHT)


def test_whoever_has_the_address_answers_once_and_the_response_says_how(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, device_limit=1)
    page = client.get(entrance.address)
    assert page.status_code == 200 and "کدام کار واجب‌تر است؟" in html(page)
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" in cookie and f"Path={entrance.address}" in cookie
    assert responses() == []
    done = client.post(entrance.address, data=RIGHT)
    [stored] = responses()
    assert done.status_code == 200 and stored.receipt_code in html(done)
    assert (stored.channel, stored.entrance_id, stored.collector_id, stored.invitation_id) == ("open", entrance.id, None, None)
    assert stored.answers == RIGHT
    assert again(entrance).response_count == 1


def test_sent_twice_is_one_response_and_the_same_thanks(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, device_limit=1)
    first = html(answer(client, entrance))
    second = client.post(entrance.address, data={"q1": "light"})
    [stored] = responses()
    assert second.status_code == 200 and stored.receipt_code in html(second) and stored.receipt_code in first
    assert stored.answers == RIGHT and again(entrance).response_count == 1
    assert "پیش‌تر ثبت شده است" in html(client.get(entrance.address))


def test_the_same_turn_from_many_sides_at_once_is_one_response(app: Flask, client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, device_limit=1, response_limit=10)
    client.get(entrance.address)
    cookie = client.get_cookie("engage_o", path=entrance.address)
    assert cookie is not None
    pages: list[tuple[int, str]] = []
    start = threading.Barrier(12)

    def submit() -> None:
        browser = app.test_client()
        browser.set_cookie("engage_o", cookie.value, path=entrance.address)
        start.wait()
        response = browser.post(entrance.address, data=RIGHT)
        pages.append((response.status_code, html(response)))

    together(submit, 12)
    [stored] = responses()
    assert [status for status, _ in pages] == [200] * 12 and all(stored.receipt_code in page for _, page in pages)
    assert again(entrance).response_count == 1 and list(counts(entrance).values()) == [1]


def together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_ceiling_holds_however_many_come_at_once(app: Flask, survey: int) -> None:
    entrance = open_way(survey, response_limit=5)
    statuses: list[int] = []
    start = threading.Barrier(16)

    def submit() -> None:
        browser = app.test_client()
        browser.get(entrance.address)
        start.wait()
        statuses.append(browser.post(entrance.address, data=RIGHT).status_code)

    together(submit, 16)
    assert sorted(statuses) == [200] * 5 + [410] * 11
    assert len(responses()) == 5 and again(entrance).response_count == 5
    assert sum(counts(entrance).values()) == 5, "what was counted before the full ceiling went back with it"


def test_one_device_answers_as_often_as_its_ceiling_allows(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, device_limit=2)
    answer(client, entrance)
    assert f"{entrance.address}/next" in html(client.get(entrance.address))
    client.post(f"{entrance.address}/next")
    assert "کدام کار واجب‌تر است؟" in html(client.get(entrance.address))
    client.post(entrance.address, data={"q1": "light"})
    assert [each.answers["q1"] for each in responses()] == ["park", "light"]
    shown = html(client.get(entrance.address))
    assert f"{entrance.address}/next" not in shown
    client.post(f"{entrance.address}/next")
    assert "با این دستگاه پیش‌تر پاسخ داده شده است" in html(client.get(entrance.address))
    assert client.post(entrance.address, data=RIGHT).status_code == 410
    assert len(responses()) == 2


def test_a_new_turn_needs_the_old_one_over(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey)
    client.get(entrance.address)
    before = client.get_cookie("engage_o", path=entrance.address)
    client.post(f"{entrance.address}/next")
    after = client.get_cookie("engage_o", path=entrance.address)
    assert before is not None and after is not None and before.value == after.value


def test_a_cookie_that_counts_ahead_gains_nothing(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, device_limit=1)
    answer(client, entrance)
    cookie = client.get_cookie("engage_o", path=entrance.address)
    assert cookie is not None
    client.set_cookie("engage_o", cookie.value.partition(".")[0] + ".7", path=entrance.address)
    assert client.post(entrance.address, data=RIGHT).status_code == 410
    assert len(responses()) == 1


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "../../etc.1", "a" * 22 + ".", "a" * 22 + ".99999", "ی" * 22 + ".1", "a" * 5000 + ".1"])
def test_without_its_cookie_nothing_is_recorded_and_it_is_said(client: FlaskClient, survey: int, cookie: str) -> None:
    entrance = open_way(survey)
    if cookie:
        client.set_cookie("engage_o", cookie, path=entrance.address)
    refused = client.post(entrance.address, data=RIGHT)
    assert refused.status_code == 403 and "کوکی" in html(refused)
    assert responses() == []


def test_mistakes_come_back_with_what_was_typed(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey)
    page = answer(client, entrance, {"q1": "nonsense", "q9": "<script>alert"})
    assert page.status_code == 422 and "خطا:" in html(page) and "<script>alert" not in html(page)
    assert responses() == [] and again(entrance).response_count == 0


def test_addresses_that_lead_nowhere_look_alike_and_are_counted(client: FlaskClient, survey: int) -> None:
    paper = open_way(survey, Kind.PAPER)
    kiosk = open_way(survey, Kind.KIOSK)
    wrong = ["abcdefgh", "zzzzzzzz", paper.slug, kiosk.slug, "x" * 500, "%00", "ی" * 8]
    shown = {html(client.get(f"/o/{each}")) for each in wrong}
    assert len(shown) == 1
    assert {client.get(f"/o/{each}").status_code for each in wrong} == {404}
    assert {client.post(f"/o/{each}", data=RIGHT).status_code for each in wrong} == {404}
    for _ in range(60):
        client.get("/o/abcdefgh")
    assert client.get("/o/abcdefgh").status_code == 429
    entrance = open_way(survey)
    assert client.get(entrance.address).status_code == 200, "right addresses cost nothing"


def test_capital_letters_lead_to_the_same_page(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey)
    led = client.get(entrance.address.upper().replace("/O/", "/o/"))
    assert (led.status_code, led.location) == (303, entrance.address) or led.status_code == 200


def test_a_browser_that_sends_too_often_waits_and_others_don_t(app: Flask, client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey)
    client.get(entrance.address)
    statuses = [client.post(entrance.address, data={}).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]
    assert answer(app.test_client(), entrance).status_code == 200


def test_closed_and_full_have_a_page_that_says_so(app: Flask, client: FlaskClient, survey: int, clock: FrozenClock) -> None:
    register_results_address(app, lambda survey_id, slug: f"/results/{slug}")
    try:
        entrance = open_way(survey, response_limit=1)
        client.get(entrance.address)
        assert answer(app.test_client(), entrance).status_code == 200
        for page, status in ((client.get(entrance.address), 200), (client.post(entrance.address, data=RIGHT), 410)):
            assert page.status_code == status and "پاسخ دیگری پذیرفته نمی‌شود" in html(page) and "/results/" in html(page)
        other = open_way(survey)
        client.get(other.address)
        managing.close_entrance(other.id, actor_id=None)
        assert client.post(other.address, data=RIGHT).status_code == 410
        managing.reopen_entrance(other.id, actor_id=None)
        clock.advance(timedelta(days=21))
        for each in (entrance, other):
            late = client.get(each.address)
            assert late.status_code == 200 and "مهلت پاسخ پایان یافته است" in html(late) and "/results/" in html(late)
            assert client.post(each.address, data=RIGHT).status_code == 410
        assert len(responses()) == 1
    finally:
        register_results_address(app, lambda survey_id, slug: None)


def test_a_get_changes_nothing_but_the_cookie(client: FlaskClient, survey: int) -> None:
    entrance = open_way(survey, asks_phone=True)
    before = db.session.execute(text("SELECT md5(string_agg(e::text, '')) FROM survey_entrance e")).scalar()
    for way in ("", "/code", "/phone", "/again", "/next", "?number", "?x=1"):
        client.get(entrance.address + way)
    db.session.rollback()
    assert db.session.execute(text("SELECT md5(string_agg(e::text, '')) FROM survey_entrance e")).scalar() == before
    assert db.session.scalars(select(EntrancePhone)).all() == [] and counts(entrance) == {}


def test_an_anonymous_answer_goes_under_seal_and_repeats_are_known(client: FlaskClient, unit: int) -> None:
    entrance = open_way(make_survey(unit, ANONYMOUS), device_limit=1)
    first, second = answer(client, entrance), client.post(entrance.address, data={"q1": "light"})
    code = re.search(r'<bdi dir="ltr">([2-9A-Z]{5})</bdi>', html(first))
    assert first.status_code == second.status_code == 200 and code is not None and code[1] in html(second)
    db.session.rollback()
    assert db.session.query(SealedAnswer).count() == 1
    assert responses() == [] and db.session.query(EntranceTurn).count() == 0, "nothing ties the browser to an answer"
    assert again(entrance).response_count == 1


def test_the_ceiling_holds_for_anonymous_answers_too(app: Flask, unit: int) -> None:
    entrance = open_way(make_survey(unit, ANONYMOUS), response_limit=3)
    statuses: list[int] = []
    start = threading.Barrier(8)

    def submit() -> None:
        browser = app.test_client()
        browser.get(entrance.address)
        start.wait()
        statuses.append(browser.post(entrance.address, data=RIGHT).status_code)

    together(submit, 8)
    db.session.rollback()
    assert sorted(statuses) == [200] * 3 + [410] * 5
    assert db.session.query(SealedAnswer).count() == again(entrance).response_count == 3


def test_no_row_of_an_anonymous_answer_shares_a_transaction_with_the_entrance(client: FlaskClient, unit: int) -> None:
    entrance = open_way(make_survey(unit, ANONYMOUS), device_limit=3)
    answer(client, entrance)
    db.session.rollback()
    sealed = set(db.session.execute(text("SELECT xmin::text FROM survey_sealed_answer")).scalars())
    others = set(
        db.session.execute(text("SELECT xmin::text FROM survey_entrance UNION SELECT xmin::text FROM survey_entrance_count")).scalars()
    )
    assert sealed and others and not sealed & others


PAGED = SMALL_SURVEY | {
    "questions": [
        SMALL_SURVEY["questions"][0],
        {"id": "q2", "type": "short_text", "label": "چرا؟", "required": True, "new_page": True},
    ]
}


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_earlier_pages_travel_through_the_browser_and_stand_nowhere(client: FlaskClient, unit: int, is_anonymous: bool) -> None:
    entrance = open_way(make_survey(unit, PAGED | {"is_anonymous": is_anonymous}), device_limit=1)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html(client.get(entrance.address))))
    second = html(client.post(entrance.address, data=hidden | RIGHT))
    assert "چرا؟" in second and responses() == []
    assert db.session.execute(text("SELECT count(*) FROM response_draft")).scalar() == 0
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', second))
    assert hidden["_carried"] and "park" not in hidden["_carried"]
    back = html(client.post(entrance.address, data=hidden | {"_back": "1"}))
    assert 'value="park" checked' in back
    assert client.post(entrance.address, data=hidden | {"_carried": hidden["_carried"][:-3] + "AAA", "q2": "x"}).status_code == 422
    assert client.post(entrance.address, data=hidden | {"q2": "تاریک است"}).status_code == 200
    if not is_anonymous:
        assert [each.answers for each in responses()] == [{"q1": "park", "q2": "تاریک است"}]


def test_quotas_and_the_surveys_own_limit_count_every_way_in(app: Flask, unit: int) -> None:
    quota = {"id": "parks", "label": "پارک", "when": 'q1 = "park"', "limit": 1}
    survey = make_survey(unit, SMALL_SURVEY | {"quotas": [quota]})
    entrance = open_way(survey)
    assert answer(app.test_client(), entrance).status_code == 200
    full = answer(app.test_client(), entrance)
    assert full.status_code == 409 and again(entrance).response_count == 1
    assert answer(app.test_client(), entrance, {"q1": "light"}).status_code == 200
    db.session.execute(text("UPDATE survey SET response_limit = 3"))
    db.session.execute(text("INSERT INTO survey_quota_count (survey_id, quota_id, response_count) VALUES (:id, '', 2)"), {"id": survey})
    db.session.commit()
    assert answer(app.test_client(), entrance, {"q1": "light"}).status_code == 200
    assert again(entrance).survey_state == "closed", "the last answer it wanted closes it"
    assert answer(app.test_client(), entrance, {"q1": "light"}).status_code == 410
    assert len(responses()) == 3
