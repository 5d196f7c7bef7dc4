"""Open links, their posters and kiosks: who gets in, how often, and what is told to whom."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock, now
from engage.db import db
from engage.identity.commands import create_unit
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.persian import to_persian_digits
from engage.refusal import Refused
from engage.sms.segments import pages as sms_pages
from engage.sms.simulator.process import SimulatorProcess
from surveys import commands as surveys
from surveys.citizen.script import script_named
from surveys.entrances import poster
from surveys.entrances.commands import managing, phones
from surveys.entrances.queries import FoundEntrance, entrances_of
from surveys.entrances.rules import Kind, Plan
from surveys.models import EntrancePhone, EntranceTurn, SealedAnswer
from surveys.results import register_results_address
from tests.entrances import ANONYMOUS, RIGHT, again, counts, html, open_way, responses
from tests.make import SMALL_SURVEY, make_number, make_survey
from tests.people import make_person, make_units, sign_in, without_csrf


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def survey(unit: int) -> int:
    return make_survey(unit)


def answer(browser: FlaskClient, entrance: FoundEntrance, given: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    browser.get(entrance.address)
    return browser.post(entrance.address, data=given or RIGHT)


# -- open links ----------------------------------------------------------------------------------------------------------------------


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


# -- anonymous surveys -----------------------------------------------------------------------------------------------------------------


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


# -- one answer per confirmed phone ----------------------------------------------------------------------------------------------------


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


# -- kiosk ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def armed(app: Flask, client: FlaskClient, unit: int, survey: int) -> FoundEntrance:
    """A kiosk, and the client's browser is it."""
    entrance = open_way(survey, Kind.KIOSK, "سرای محله")
    sign_in(client, make_person(unit))
    with without_csrf(app):
        led = client.post(f"/console/surveys/{entrance.survey_slug}/ways/{entrance.id}/kiosk", data={"pin": "۴۸۲۱"})
    assert (led.status_code, led.location) == (303, f"/k/{entrance.slug}")
    return entrance


def test_a_kiosk_shows_the_survey_alone_and_nobody_is_signed_in(client: FlaskClient, armed: FoundEntrance) -> None:
    first = client.get(f"/k/{armed.slug}")
    assert first.status_code == 200 and "شروع" in html(first) and "/console" not in html(first)
    assert client.get("/console/").location.startswith("/console/sign-in")


def test_one_person_after_another_at_the_kiosk(client: FlaskClient, armed: FoundEntrance) -> None:
    for given in ("park", "light", "park"):
        client.get(f"/k/{armed.slug}")
        form = client.get(f"/k/{armed.slug}?go")
        assert form.headers["Refresh"].endswith(f";url=/k/{armed.slug}") and int(form.headers["Refresh"].split(";")[0]) >= 120
        done = client.post(f"/k/{armed.slug}", data={"q1": given})
        assert done.status_code == 200 and done.headers["Refresh"] == f"20;url=/k/{armed.slug}"
        repeated = client.post(f"/k/{armed.slug}", data={"q1": given})
        assert repeated.status_code == 200
    assert [(each.channel, each.answers["q1"], each.entrance_id) for each in responses()] == [
        ("kiosk", "park", armed.id),
        ("kiosk", "light", armed.id),
        ("kiosk", "park", armed.id),
    ]


def test_only_the_pin_ends_a_kiosk(app: Flask, client: FlaskClient, armed: FoundEntrance) -> None:
    assert client.post(f"/k/{armed.slug}/exit", data={"pin": "1111"}).status_code == 422
    assert client.get(f"/k/{armed.slug}").status_code == 200
    for _ in range(9):
        client.post(f"/k/{armed.slug}/exit", data={"pin": "2222"})
    assert client.post(f"/k/{armed.slug}/exit", data={"pin": "4821"}).status_code == 429
    redis_connection().flushdb()
    left = client.post(f"/k/{armed.slug}/exit", data={"pin": " ۴۸۲۱ "})
    assert (left.status_code, left.location) == (303, "/console/sign-in")
    assert client.get(f"/k/{armed.slug}").status_code == 404


def test_a_browser_nobody_armed_finds_no_kiosk(app: Flask, armed: FoundEntrance, survey: int) -> None:
    stranger = app.test_client()
    other = open_way(survey, Kind.KIOSK, "دیگر")
    for way in ("", "?go", "/exit"):
        assert stranger.get(f"/k/{armed.slug}{way}").status_code == 404
    assert stranger.post(f"/k/{armed.slug}", data=RIGHT).status_code == 404
    assert stranger.get(f"/k/{other.slug}").status_code == 404
    assert responses() == []


def test_a_closed_kiosk_says_so(client: FlaskClient, armed: FoundEntrance, clock: FrozenClock) -> None:
    client.get(f"/k/{armed.slug}")
    managing.close_entrance(armed.id, actor_id=None)
    assert "همکاران اداره" in html(client.get(f"/k/{armed.slug}"))
    assert client.post(f"/k/{armed.slug}", data=RIGHT).status_code == 410
    clock.advance(timedelta(hours=15))
    assert client.get(f"/k/{armed.slug}").status_code == 404, "a forgotten tablet goes dark"


# -- staff ---------------------------------------------------------------------------------------------------------------------------


def ways(entrance_or_slug: FoundEntrance | str) -> str:
    slug = entrance_or_slug if isinstance(entrance_or_slug, str) else entrance_or_slug.survey_slug
    return f"/console/surveys/{slug}/ways"


def slug_of(survey_id: int) -> str:
    found = db.session.execute(text("SELECT slug FROM survey WHERE id = :id"), {"id": survey_id}).scalar_one()
    return str(found)


def test_an_officer_makes_changes_closes_and_opens_ways(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    sign_in(client, make_person(unit))
    base = ways(slug_of(survey))
    assert "هنوز راه پاسخ دیگری نیست" in client.get(base).text
    with without_csrf(app):
        for kind in Kind:
            assert client.get(f"{base}/new/{kind}").status_code == 200
            made = client.post(f"{base}/new/{kind}", data={"label": f"راه {kind}", "response_limit": "۱۰۰", "asks_phone": "y"})
            assert made.status_code == 303, made.text
        db.session.rollback()
        found = {each.kind: each for each in entrances_of(survey)}
        assert set(found) == set(Kind) and {each.response_limit for each in found.values()} == {100}
        assert [each.kind for each in found.values() if each.asks_phone] == [Kind.OPEN]
        link = found[Kind.OPEN]
        changed = client.post(f"{base}/{link.id}", data={"label": "پارک لاله", "response_limit": "", "device_limit": "3"})
        assert changed.status_code == 303
        assert (again(link).label, again(link).response_limit, again(link).device_limit, again(link).asks_phone) == ("پارک لاله", None, 3, True)
        assert client.post(f"{base}/{link.id}/close").status_code == 303 and again(link).closed_at is not None
        assert client.post(f"{base}/{link.id}/open").status_code == 303 and again(link).closed_at is None
    page = client.get(base).text
    assert f"https://m12.example.ir/o/{link.slug}" in page and "<svg" in page and "پارک لاله" in page
    actions = db.session.execute(text("SELECT action FROM audit_entry WHERE action LIKE 'entrance%' ORDER BY id")).scalars().all()
    assert actions == ["entrance_made"] * 4 + ["entrance_changed", "entrance_closed", "entrance_reopened"]


def test_drafts_and_closed_surveys_have_no_new_ways_and_say_why(app: Flask, client: FlaskClient, unit: int) -> None:
    draft, closed = make_survey(unit, publish=False), make_survey(unit)
    entrance = open_way(closed)
    surveys.close_survey(closed, actor_id=None)
    sign_in(client, make_person(unit))
    assert "به پیش‌نویس نمی‌توان پاسخ داد" in client.get(ways(slug_of(draft))).text
    shown = client.get(ways(slug_of(closed))).text
    assert "نظرسنجی بسته است" in shown and "/new/" not in shown and "poster.pdf" not in shown
    with without_csrf(app):
        assert client.post(f"{ways(slug_of(draft))}/new/open", data={"label": "پارک"}).status_code == 422
        assert client.post(f"{ways(entrance)}/new/open", data={"label": "پارک"}).status_code == 422
        assert client.post(f"{ways(entrance)}/{entrance.id}/close").status_code in (303, 409, 422)
    assert again(entrance).closed_at is None
    for survey_id, code in ((draft, "entrance_survey_draft"), (closed, "entrance_survey_closed")):
        with pytest.raises(Refused) as refused:
            managing.make_entrance(survey_id, Plan(Kind.OPEN, "پارک"), actor_id=None)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "data", [{}, {"label": "  "}, {"label": "پ" * 81}, {"label": "پارک", "response_limit": "0"}, {"label": "پارک", "device_limit": "سه"}]
)
def test_a_form_with_mistakes_comes_back(app: Flask, client: FlaskClient, unit: int, survey: int, data: dict[str, str]) -> None:
    sign_in(client, make_person(unit))
    with without_csrf(app):
        assert client.post(f"{ways(slug_of(survey))}/new/open", data=data).status_code == 422
    assert entrances_of(survey) == []


def test_a_manager_sees_but_changes_nothing(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    entrance, kiosk = open_way(survey), open_way(survey, Kind.KIOSK)
    sign_in(client, make_person(unit, Role.MANAGER))
    page = client.get(ways(entrance))
    assert page.status_code == 200 and "/new/" not in page.text and "/close" not in page.text
    assert client.get(f"{ways(entrance)}/{entrance.id}/poster.pdf").status_code == 200
    with without_csrf(app):
        for way in ("/new/open", f"/{entrance.id}", f"/{entrance.id}/close", f"/{kiosk.id}/kiosk"):
            assert client.post(ways(entrance) + way, data={"label": "پارک", "pin": "1234"}).status_code == 403


def test_another_units_ways_do_not_exist(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    city = db.session.execute(text("SELECT parent_id FROM unit WHERE id = :id"), {"id": unit}).scalar_one()
    d7 = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۷", sms_name="منطقهٔ ۷", slug="d7")
    entrance, kiosk = open_way(survey), open_way(survey, Kind.KIOSK)
    own = open_way(make_survey(d7))
    sign_in(client, make_person(d7))
    with without_csrf(app):
        for base in (ways(entrance), ways(own)):
            for way in ("", f"/{entrance.id}", f"/{entrance.id}/poster.pdf", f"/{kiosk.id}/kiosk"):
                if base == ways(own) and not way:
                    continue
                assert client.get(base + way).status_code == 404, base + way
            for way in (f"/{entrance.id}", f"/{entrance.id}/close", f"/{kiosk.id}/kiosk"):
                assert client.post(base + way, data={"label": "پارک", "pin": "1234"}).status_code == 404, base + way
    assert again(entrance).closed_at is None and again(entrance).label == "پارک شهر"


def test_poster_and_cards_lead_where_the_link_does(client: FlaskClient, unit: int, survey: int) -> None:
    entrance = open_way(survey, asks_phone=True)
    sign_in(client, make_person(unit))
    for sheet in ("poster", "cards"):
        file = client.get(f"{ways(entrance)}/{entrance.id}/{sheet}.pdf")
        assert file.status_code == 200 and file.data.startswith(b"%PDF") and len(file.data) > 5000
        assert entrance.slug in file.headers["Content-Disposition"]
    with client.application.test_request_context():
        words = poster._words(entrance, "https://m12.example.ir")
    assert words["address"] == f"m12.example.ir/o/{entrance.slug}" and len(words["steps"]) == 3
    assert client.get(f"{ways(entrance)}/{open_way(survey, Kind.PAPER).id}/poster.pdf").status_code == 404


def test_nobody_makes_too_many(survey: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managing, "MOST_ENTRANCES", 2)
    open_way(survey)
    open_way(survey)
    with pytest.raises(Refused, match="too_many_entrances"):
        open_way(survey)
    assert len({each.slug for each in entrances_of(survey)}) == 2 and now()


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


def test_a_device_that_passes_on_keeps_what_was_typed_no_longer_than_its_window(client: FlaskClient, armed: FoundEntrance) -> None:
    start = html(client.get(f"/k/{armed.slug}"))
    assert script_named("done").text in start, "the first page forgets what the one before had typed"
    assert 'id="main" data-tab' in html(client.get(f"/k/{armed.slug}?go"))
    assert script_named("done").text in html(client.post(f"/k/{armed.slug}?go", data=RIGHT))
