"""Joining on a public page and by a text, told by what phones received and what the ledger says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts.commands import pending as commands
from contacts.commands import suppress_number
from contacts.commands.consent import end_consent_of_reassigned
from contacts.commands.sign_up_pages import make_sign_up_page, open_sign_up_page
from contacts.queries import find_identity
from contacts.queries.sign_up_pages import get_sign_up_page
from engage.clock import FrozenClock
from engage.db import db
from engage.persian import to_persian_digits
from engage.sms.segments import pages
from engage.sms.simulator.process import SimulatorProcess
from tests.make import make_contacts, make_number
from tests.people import make_units
from tests.sign_up import TOPICS, contact_of, standing


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def slug(unit: int) -> str:
    return make_sign_up_page(unit, "خبرهای محلهٔ شما", TOPICS, actor_id=None)


def words_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="words-(\w+)" value="(\w+)"', page))


def fill_in(client: FlaskClient, slug: str, number: str, *, topics: list[str] | None = None, **more: str):  # type: ignore[no-untyped-def]
    words = words_of(client.get(f"/join/{slug}").text)
    data: dict[str, object] = {"phone": number, "topic": TOPICS[:1] if topics is None else topics, **more}
    return client.post(f"/join/{slug}", data=data | {f"words-{key}": sha for key, sha in words.items()})


def last_code(simulator: SimulatorProcess, number: str) -> str:
    message = simulator.inbox(number)[-1]["message"]
    assert re.search(r"\d{6}\Z", message), "telephones offer the code only when it stands at the end"
    assert pages(message) == 1
    return str(message)[-6:]


def test_from_the_poster_to_the_ledger(
    client: FlaskClient, unit: int, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    page = client.get(f"/join/{slug}")
    assert page.status_code == 200 and "شهرداری منطقهٔ ۱۲" in page.text
    assert "می‌پذیرم شهرداری" in page.text, "the exact words stand on the page"
    assert "Set-Cookie" not in page.headers and "<script" not in page.text
    answer = fill_in(client, slug, to_persian_digits("0" + number[3:]), first_name="زهرا", last_name="کاظمی")
    assert answer.status_code == 303
    assert number[3:] not in unquote(answer.location), "an address tells nothing about a number"
    drain()
    asked = client.get(answer.location).text
    assert 'autocomplete="one-time-code"' in asked and 'inputmode="numeric"' in asked
    assert find_identity(number) is None, "nothing stands in the contact base before the code"
    code = last_code(gateway_simulator, number)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert client.post(answer.location, data={"code": wrong}).status_code == 422
    done = client.post(answer.location, data={"code": f" {to_persian_digits(code[:3])} {code[3:]}"})
    assert done.status_code == 303 and "عضو شدید" in client.get(done.location).text
    record = contact_of(number)
    assert (record.unit_id, record.name, standing(record)) == (unit, "زهرا کاظمی", {"survey_invitation"})
    (line,) = record.lines
    assert (line.channel, line.basis) == ("sign_up", "consent") and line.text in page.text.replace("&#34;", '"')
    assert slug in line.evidence and record.broken_at is None
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 0
    summary = get_sign_up_page(slug)
    assert summary is not None and (summary.asked_count, summary.confirmed_count, summary.waiting_count) == (1, 1, 0)
    # The code is used up.
    assert client.post(answer.location, data={"code": code}).status_code == 410


def test_reading_joins_nobody(client: FlaskClient, slug: str, drain: Callable[[], int]) -> None:
    number = make_number()
    answer = fill_in(client, slug, number)
    for address in (f"/join/{slug}", answer.location, f"/join/{slug}/welcome"):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert find_identity(number) is None and db.session.scalar(text("SELECT count(*) FROM consent_entry")) == 0


def test_a_page_says_and_does_the_same_for_every_number(
    client: FlaskClient, unit: int, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    known, stopped, unknown = make_number(), make_number(), make_number()
    make_contacts(unit, [known])
    suppress_number(stopped, "sms", actor_id=None)
    seen = set()
    for number in (known, stopped, unknown):
        answer = fill_in(client, slug, number)
        drain()
        assert len(gateway_simulator.inbox(number)) == 1
        code_page = client.get(answer.location).text
        wrong = client.post(answer.location, data={"code": "000000" if last_code(gateway_simulator, number) != "000000" else "111111"})
        ticket = answer.location.split("/")[-1]
        own = to_persian_digits(number[-4:])
        seen.add((answer.status_code, len(ticket), *(each.replace(ticket, "T").replace(own, "N") for each in (code_page, wrong.text))))
    assert len(seen) == 1


def test_five_wrong_codes_and_the_right_one_is_refused_too(
    client: FlaskClient, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    address = fill_in(client, slug, number).location
    drain()
    code = last_code(gateway_simulator, number)
    for attempt in range(5):
        wrong = f"{(int(code) + 1 + attempt) % 10**6:06d}"
        assert "درست نیست" in client.post(address, data={"code": wrong}).text
    assert "معتبر نیست" in client.post(address, data={"code": code}).text
    assert find_identity(number) is None


def test_a_code_holds_ten_minutes_and_only_the_newest_counts(
    client: FlaskClient, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    number = make_number()
    address = fill_in(client, slug, number).location
    drain()
    first = last_code(gateway_simulator, number)
    again = client.post(address.replace("/code/", "/again/"))
    drain()
    newest = last_code(gateway_simulator, number)
    assert again.status_code == 303 and len(gateway_simulator.inbox(number)) == 2
    if first != newest:
        assert client.post(address, data={"code": first}).status_code == 422
    clock.advance(timedelta(minutes=10))
    assert client.post(address, data={"code": newest}).status_code == 422


def test_a_number_is_not_flooded_and_the_page_does_not_say_so(
    client: FlaskClient, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    number = make_number()
    pages = set()
    for _ in range(6):
        answer = fill_in(client, slug, number)
        pages.add((answer.status_code, client.get(answer.location).text.replace(answer.location.split("/")[-1], "")))
        drain()
    assert len(gateway_simulator.inbox(number)) == 3 and len(pages) == 1
    summary = get_sign_up_page(slug)
    assert summary is not None and summary.asked_count == 1
    for _ in range(30):
        clock.advance(timedelta(minutes=11))
        fill_in(client, slug, number)
        drain()
    assert len(gateway_simulator.inbox(number)) == 10


@pytest.mark.parametrize(
    ("phone", "topics", "said"),
    [
        ("02133445566", TOPICS, "شمارهٔ همراه را کامل بنویسید"),
        ("", TOPICS, "شمارهٔ همراه را کامل بنویسید"),
        ("09121234567", [], "دست‌کم یک موضوع"),
        ("09121234567", ["weather_safety"], "دست‌کم یک موضوع"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(client: FlaskClient, slug: str, phone: str, topics: list[str], said: str) -> None:
    answer = fill_in(client, slug, phone, topics=topics, first_name="زهرا <b>")
    assert answer.status_code == 422 and said in answer.text
    assert "خطا:" in answer.text and 'value="زهرا &lt;b&gt;"' in answer.text
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 0


def test_words_that_changed_meanwhile_are_read_again(client: FlaskClient, slug: str) -> None:
    data = {"phone": make_number(), "topic": TOPICS[0], f"words-{TOPICS[0]}": "00" * 32}
    answer = client.post(f"/join/{slug}", data=data)
    assert answer.status_code == 422 and "تغییر کرده است" in answer.text


def test_unknown_pages_are_one_page_and_a_closed_one_says_so(client: FlaskClient, slug: str) -> None:
    found = {
        client.get(address).text for address in ("/join/zzzzz", "/join/" + "x" * 200, f"/join/{slug}/code/abc", "/confirm/abc", "/join/%00")
    }
    assert len(found) == 1 and client.get("/join/zzzzz").status_code == 404
    open_sign_up_page(slug, False, actor_id=None)
    closed = client.get(f"/join/{slug}")
    assert closed.status_code == 410 and "پایان یافته" in closed.text
    assert fill_in(client, slug, make_number()).status_code == 410


def test_the_holder_of_a_stopped_number_renews_it_in_a_step_of_its_own(
    client: FlaskClient, unit: int, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    make_contacts(unit, [number])
    suppress_number(number, "sms", actor_id=None)
    address = fill_in(client, slug, number, topics=["neighbourhood_news"]).location
    drain()
    answer = client.post(address, data={"code": last_code(gateway_simulator, number)})
    assert "/renew/" in answer.location
    asked = client.get(answer.location)
    assert "پیامک‌های این شماره لغو شده است" in asked.text and "خبر محله" in asked.text
    assert standing(contact_of(number)) == set() and contact_of(number).suppressed_at is not None
    assert client.get(answer.location).status_code == 200  # reading renews nothing
    assert contact_of(number).suppressed_at is not None
    assert client.post(answer.location).location.endswith("/welcome")
    record = contact_of(number)
    assert record.suppressed_at is None and standing(record) == {"neighbourhood_news"}
    assert client.post(answer.location).status_code == 404


def test_another_name_is_kept_beside_the_known_one_and_a_missing_one_is_filled_in(
    client: FlaskClient, unit: int, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    named, nameless = make_number(), make_number()
    make_contacts(unit, [named], first_name="زهرا", last_name="کاظمی")
    make_contacts(unit, [nameless])
    for number in (named, nameless):
        address = fill_in(client, slug, number, topics=TOPICS, first_name="علی", last_name="نوری").location
        drain()
        client.post(address, data={"code": last_code(gateway_simulator, number)})
    assert contact_of(named).name == "زهرا کاظمی" and contact_of(named).aliases == ("علی نوری",)
    assert contact_of(nameless).name == "علی نوری" and standing(contact_of(nameless)) == set(TOPICS)


def test_a_newcomer_on_a_reassigned_number_begins_afresh(
    client: FlaskClient, unit: int, slug: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    (identity_id,) = make_contacts(unit, [number], first_name="زهرا", last_name="کاظمی")
    end_consent_of_reassigned(identity_id)
    address = fill_in(client, slug, number, first_name="علی").location
    drain()
    client.post(address, data={"code": last_code(gateway_simulator, number)})
    record = contact_of(number)
    assert (record.name, record.aliases, len(record.lines), standing(record)) == ("علی", (), 1, {"survey_invitation"})


def test_numbers_never_confirmed_are_deleted_and_counted(client: FlaskClient, slug: str, clock: FrozenClock) -> None:
    fill_in(client, slug, make_number())
    clock.advance(timedelta(hours=25))
    assert commands.delete_unanswered() == 1
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 0
    summary = get_sign_up_page(slug)
    assert summary is not None and (summary.asked_count, summary.confirmed_count, summary.expired_count) == (1, 0, 1)


def test_many_requests_of_one_address_end_in_words(client: FlaskClient, slug: str) -> None:
    statuses = [client.post(f"/join/{slug}", data={}).status_code for _ in range(301)]
    assert statuses[:300] == [422] * 300 and statuses[300] == 429
    assert "درخواست" in client.post(f"/join/{slug}", data={}).text


@pytest.mark.parametrize("address", ["", "/code/x", "/welcome"])
def test_pages_fit_one_round_trip_and_bring_a_policy(client: FlaskClient, slug: str, address: str) -> None:
    page = client.get(f"/join/{slug}{address}", headers={"Accept-Encoding": "gzip"})
    assert len(page.data) < 6 * 1024 and page.headers["Content-Encoding"] == "gzip"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sha256-" in policy and "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"
