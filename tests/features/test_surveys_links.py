"""Personal links: what they show, that they answer exactly once, and that nothing else does."""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import Client

from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.commands import create_unit
from engage.jobs import redis_connection
from engage.vault import TOKEN_ALPHABET, vault
from surveys import commands, queries
from surveys.definitions import Definition, is_satisfied_by
from surveys.events import ResponsesArrived
from surveys.models import Invitation, Response
from surveys.types import LongText, Multiple, Number, Option, Rating, ShortText, Single

TEN = Definition(
    title="کار بعدی محلهٔ شما چه باشد؟",
    intro="با پاسخ شما روشن می‌شود بودجهٔ سال ۱۴۰۶ محله، نخست صرف چه کاری شود.",
    questions=[
        Single(
            id="q1",
            label="کدام کار در محلهٔ شما از همه واجب‌تر است؟",
            required=True,
            options=[
                Option(id=f"a{n}", label=label)
                for n, label in enumerate(("روشنایی کوچه‌ها", "ترمیم پیاده‌روها", "فضای سبز و نیمکت", "زمین بازی کودکان", "چیز دیگری"), 1)
            ],
        ),
        Rating(id="q2", label="از نظافت کوچه و خیابان محله چقدر راضی هستید؟", required=True, low_label="خیلی ناراضی", high_label="خیلی راضی"),
        Multiple(
            id="q3",
            label="چه چیزی بیشتر آزارتان می‌دهد؟",
            max_choices=3,
            options=[
                *(
                    Option(id=f"b{n}", label=label)
                    for n, label in enumerate(
                        ("تاریکی کوچه‌ها در شب", "زباله در کنار سطل‌ها", "پیاده‌روی ناهموار", "رفت‌وآمد موتورسیکلت‌ها", "بوی جوی آب"), 1
                    )
                ),
                Option(id="none", label="نظری ندارم", exclusive=True),
            ],
        ),
        LongText(id="q4", label="اگر حرف دیگری دارید، بنویسید.", hint="نام و شمارهٔ تلفن ننویسید."),
        Number(id="q5", label="چند سال است در این محله زندگی می‌کنید؟", min=0, max=100, unit="سال"),
        ShortText(id="q6", label="نام بوستان نزدیک شما چیست؟"),
        Rating(id="q7", label="از رفتار کارکنان شهرداری چقدر راضی هستید؟", scale=10, style="numbers", low_label="اصلاً", high_label="کاملاً"),
        Rating(id="q8", label="به آسفالت کوچهٔ خود چند ستاره می‌دهید؟", style="stars"),
        Single(id="q9", label="بیشتر چگونه رفت‌وآمد می‌کنید؟", options=[Option(id="x", label="پیاده"), Option(id="y", label="با اتوبوس")]),
        Number(id="q10", label="هزینهٔ ماهانهٔ رفت‌وآمد شما چقدر است؟", decimals=2, unit="میلیون تومان"),
    ],
)

COMPLETE = {"q1": "a2", "q2": "۴", "q3": ["b1", "b3"], "q4": "دو چراغ خاموش است.", "q5": "۱۲", "q10": "۱٫۵"}


@dataclass
class Asked:
    survey_id: int
    version_id: int
    unit_id: int
    identities: list[int]
    tokens: list[str]

    @property
    def path(self) -> str:
        return f"/{self.tokens[0]}"


def make_identities(count: int) -> list[int]:
    with transaction() as session:
        rows = session.execute(
            text(
                "INSERT INTO phone_identity (blind_index, phone_cipher, created_at)"
                " SELECT sha256(n::text::bytea || random()::text::bytea), '\\x00', now() FROM generate_series(1, :count) n RETURNING id"
            ),
            {"count": count},
        )
        return [row[0] for row in rows]


def ask(definition: Definition = TEN, people: int = 1, closes_in: timedelta = timedelta(days=18)) -> Asked:
    unit_id = db.session.execute(text("SELECT id FROM unit LIMIT 1")).scalar_one_or_none()
    unit_id = unit_id or create_unit(name="شهرداری منطقهٔ ۱۲", sms_name="منطقهٔ ۱۲", kind="municipality", parent_id=None, slug="m12")
    survey_id = commands.create_survey(unit_id, definition.title, definition, actor_id=None)
    version_id = commands.publish_survey(survey_id, closes_at=now() + closes_in, results_on=date(2027, 2, 20), actor_id=None)
    identities = make_identities(people)
    with transaction():
        invited = commands.invite_identities(survey_id, unit_id, identities, now() + timedelta(days=30))
    tokens = [queries.link_of(*invited[each]).rsplit("/", 1)[1] for each in identities]
    return Asked(survey_id, version_id, unit_id, identities, tokens)


@pytest.fixture
def asked(app: Flask) -> Asked:
    return ask()


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Every statement given to psycopg, SQLAlchemy's included."""
    seen: list[str] = []
    original = psycopg.Cursor.execute

    def counted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(query))
        return original(self, query, *args, **kwargs)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        psycopg.Cursor.execute = original  # type: ignore[method-assign]


def invitation_of(asked: Asked, index: int = 0) -> Any:
    db.session.rollback()
    return db.session.execute(
        select(Invitation.opened_on, Invitation.started_at, Invitation.answered, Invitation.revoked_at).where(
            Invitation.identity_id == asked.identities[index]
        )
    ).one()


def responses() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(select(Response.answers, Response.receipt_code, Response.version_id, Response.channel)))


def html(response: Any) -> str:
    body = response.get_data()
    return (gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body).decode()


def test_opening_a_link_shows_the_form_and_writes_no_answer(client: FlaskClient, asked: Asked) -> None:
    page = client.get(asked.path)
    assert page.status_code == 200
    shown = html(page)
    assert shown.index("شهرداری منطقهٔ ۱۲</p>") < shown.index("<h1>کار بعدی محلهٔ شما چه باشد؟</h1>")
    assert "پرسش ۱ از ۱۰" in shown and asked.tokens[0] not in shown
    assert responses() == []
    assert invitation_of(asked).opened_on == date(2026, 11, 22)
    assert invitation_of(asked).started_at is None


def test_headers_let_nothing_out(client: FlaskClient, asked: Asked) -> None:
    headers = client.get(asked.path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_ten_questions_fit_into_fourteen_kilobytes_and_one_request(client: FlaskClient, asked: Asked) -> None:
    page = client.get(asked.path, headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert len(page.get_data()) <= 14 * 1024
    shown = html(page)
    assert shown.count("<script") == 1 and "<script src" not in shown and "style=" not in shown
    assert re.findall(r'(?:src|href)="(?!\?|#)([^"]+)"', shown) == ["data:,"]
    assert html(client.get(asked.path, headers={"Accept-Encoding": "gzip;q=0"})) == shown


def test_the_short_way_and_the_long_way_give_the_same_answer(client: FlaskClient, asked: Asked) -> None:
    gzipped = {"Accept-Encoding": "gzip, br"}
    short, long = client.get(asked.path, headers=gzipped), client.get(f"{asked.path}?from=sms", headers=gzipped)
    assert short.get_data() == long.get_data() and short.status_code == long.status_code == 200
    assert "X-Request-Id" not in short.headers
    assert dict(short.headers) == {name: value for name, value in long.headers.items() if name != "X-Request-Id"}
    assert invitation_of(asked).opened_on is not None


def test_the_short_way_is_only_for_links_that_lead_somewhere(client: FlaskClient, asked: Asked) -> None:
    gzipped = {"Accept-Encoding": "gzip"}
    assert client.get("/" + TOKEN_ALPHABET[:11], headers=gzipped).status_code == 404
    client.post(asked.path, data=COMPLETE)
    assert "پاسخ شما پیش‌تر ثبت شده است" in html(client.get(asked.path, headers=gzipped))


def test_every_citizen_gets_the_same_bytes(client: FlaskClient, app: Flask) -> None:
    several = ask(people=2)
    assert client.get(f"/{several.tokens[0]}").get_data() == client.get(f"/{several.tokens[1]}").get_data()


def test_a_page_costs_few_statements(app: Flask, client: FlaskClient, asked: Asked) -> None:
    with statements(app) as first:
        client.get(asked.path)
    assert len(first) <= 4, first
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        with statements(app) as later:
            client.get(asked.path, headers=headers)
        assert len(later) == 1, later


def test_a_head_request_is_no_opening(client: FlaskClient, asked: Asked) -> None:
    assert client.head(asked.path).status_code == 200
    assert invitation_of(asked).opened_on is None


def test_answers_in_any_digits_are_stored_once_with_a_receipt(client: FlaskClient, asked: Asked) -> None:
    sent = client.post(asked.path, data=COMPLETE)
    assert sent.status_code == 200
    [stored] = responses()
    assert stored.answers == {"q1": "a2", "q2": 4, "q3": ["b1", "b3"], "q4": "دو چراغ خاموش است.", "q5": 12, "q10": 1.5}
    assert is_satisfied_by(TEN, stored.answers, date(2026, 11, 23))
    assert stored.receipt_code in html(sent) and stored.channel == "link"
    facts = invitation_of(asked)
    assert facts.answered and facts.started_at is not None

    again = client.post(asked.path, data=COMPLETE | {"q1": "a5"})
    assert again.status_code == 200 and stored.receipt_code in html(again)
    assert [each.answers["q1"] for each in responses()] == ["a2"]

    later = client.get(asked.path)
    assert "پاسخ شما پیش‌تر ثبت شده است" in html(later)
    assert stored.receipt_code not in html(later) and "دو چراغ" not in html(later)


def test_three_hundred_parallel_submits_make_one_response(app: Flask, asked: Asked) -> None:
    """The pool's threads begin together and send, as phones do that lost the reply, until three hundred have been sent; all by the WSGI
    application that serves citizens, the front door included."""
    count, threads = 300, 25
    start = threading.Barrier(threads)

    def submit(number: int) -> tuple[int, str]:
        if number < threads:
            start.wait()
        response = Client(app.wsgi_app).post(asked.path, data=COMPLETE | {"q5": str(number % 100)})
        return response.status_code, html(response)

    with ThreadPoolExecutor(threads) as pool:
        pages = list(pool.map(submit, range(count)))
    [stored] = responses()
    assert [status for status, _ in pages] == [200] * count
    assert all(stored.receipt_code in page for _, page in pages)
    assert db.session.execute(text("SELECT count(*) FROM invitation WHERE answered")).scalar_one() == 1


def test_errors_keep_everything_that_was_typed(client: FlaskClient, asked: Asked) -> None:
    page = client.post(asked.path, data={"q3": ["b1", "b2", "b3", "b4"], "q2": "5", "q4": "<b>سلام</b> & \u202eمعکوس", "q5": "دوازده"})
    shown = html(page)
    assert page.status_code == 422
    assert "<title>خطا: ۳ پرسش را دوباره ببینید" in shown
    assert 'href="#q1.a1"' in shown and 'href="#q3.b1"' in shown and 'href="#q5"' in shown
    assert shown.count(" checked") == 5
    assert "&lt;b&gt;سلام&lt;/b&gt; &amp; \u202eمعکوس" in shown and 'value="دوازده"' in shown
    assert 'aria-invalid="true"' in shown
    assert responses() == [] and invitation_of(asked).started_at is not None


@pytest.mark.parametrize(
    "typed",
    [
        {"q1": "a9"},
        {"q1": ["a1", "a2"]},
        {"q1": "a1", "q2": "6"},
        {"q1": "a1", "q2": "4", "q4": "x\x00y"},
        {"q1": "a1", "q2": "4", "q4": "ب" * 501},
        {"q1": "a1", "q2": "4", "q3": ["none", "b1"]},
        {"q1": "a1", "q2": "4", "q5": "۱۰۱"},
        {"q1": "a1", "q2": "nan"},
        {"q1": "a1", "q2": "4", "q10": "1.234"},
        {"q1[]": "a1"},
        {},
    ],
)
def test_what_is_no_answer_is_refused_without_a_trace(client: FlaskClient, asked: Asked, typed: dict[str, Any]) -> None:
    assert client.post(asked.path, data=typed).status_code == 422
    assert responses() == []


def test_fields_of_no_question_are_never_stored(client: FlaskClient, asked: Asked) -> None:
    client.post(asked.path, data=COMPLETE | {"answered": "1", "q99": "x", "version": "999999999999999999999", "__proto__": "x"})
    [stored] = responses()
    assert set(stored.answers) == set(COMPLETE)


def test_texts_are_stored_as_typed(client: FlaskClient, asked: Asked) -> None:
    naughty = "‏«ي ك»\u202e\u2066 😀 <script>alert(1)</script> '; DROP TABLE response; -- ٤٥٦"
    client.post(asked.path, data=COMPLETE | {"q4": f"  {naughty}\r\nدوم "})
    [stored] = responses()
    assert stored.answers["q4"] == f"{naughty}\nدوم"


def test_a_form_left_open_is_read_by_its_own_version(client: FlaskClient, asked: Asked) -> None:
    changed = Definition(title="تازه", questions=[ShortText(id="new", label="نام محله؟", required=True)])
    commands.save_draft(asked.survey_id, changed, 1, actor_id=None)
    second = commands.publish_survey(asked.survey_id, closes_at=now() + timedelta(days=9), results_on=None, actor_id=None)
    assert second != asked.version_id
    assert "نام محله؟" in html(client.get(asked.path))
    client.post(asked.path, data=COMPLETE | {"version": str(asked.version_id)})
    [stored] = responses()
    assert stored.version_id == asked.version_id


def test_a_version_of_another_survey_is_not_answered(client: FlaskClient, asked: Asked) -> None:
    other = ask(Definition(title="دیگر", questions=[ShortText(id="x", label="هرچه")]))
    assert client.post(asked.path, data={"version": str(other.version_id), "x": "y"}).status_code == 422
    assert responses() == []


def test_addresses_that_lead_nowhere_get_one_page(client: FlaskClient, asked: Asked) -> None:
    alive = asked.tokens[0]
    unknown = vault().link_token(10**12)
    pages = {client.get(f"/{path}").get_data() for path in (unknown, alive[:-1], alive + "2", alive.swapcase(), "favicon.ico", "مسیر")}
    assert len(pages) == 1
    assert client.get(f"/{unknown}").status_code == 404
    assert client.post(f"/{unknown}", data=COMPLETE).get_data() in pages
    commands.revoke_invitations_of(asked.identities[0])
    assert client.get(f"/{alive}").get_data() in pages
    assert responses() == []


def test_misses_are_limited_and_right_links_are_not(client: FlaskClient, asked: Asked) -> None:
    for _ in range(60):
        assert client.get("/" + TOKEN_ALPHABET[:11]).status_code == 404
    refused = client.get("/" + TOKEN_ALPHABET[:11])
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "60"
    assert client.get(asked.path).status_code == 200
    assert client.post(asked.path, data=COMPLETE).status_code == 200


def test_a_closed_survey_says_so_and_takes_nothing(client: FlaskClient, clock: FrozenClock, asked: Asked) -> None:
    clock.advance(timedelta(days=19))
    page = client.get(asked.path)
    assert page.status_code == 200 and "مهلت پاسخ پایان یافته است" in html(page)
    assert client.post(asked.path, data=COMPLETE).status_code == 410
    assert responses() == []
    assert commands.close_due_surveys() == 1
    assert commands.close_due_surveys() == 0
    survey = queries.get_survey(asked.survey_id)
    assert survey is not None and survey.state == "closed" and survey.closed_at == survey.closes_at


def test_an_expired_link_is_late_not_lost(client: FlaskClient, clock: FrozenClock, app: Flask) -> None:
    late = ask(closes_in=timedelta(days=60))
    db.session.execute(text("UPDATE invitation SET expires_at = :at"), {"at": now() + timedelta(days=1)})
    db.session.commit()
    clock.advance(timedelta(days=2))
    assert "مهلت پاسخ پایان یافته است" in html(client.get(late.path))
    assert client.post(late.path, data=COMPLETE).status_code == 410
    assert responses() == []


def test_a_get_only_asks_and_a_post_disowns_the_number(client: FlaskClient, asked: Asked) -> None:
    for page in (client.get(f"{asked.path}/not-me"), client.get(f"{asked.path}?not-me")):
        assert page.status_code == 200 and f'action="{asked.path}/not-me"' in html(page)
    assert invitation_of(asked).revoked_at is None
    assert client.post(f"{asked.path}/not-me").status_code == 200
    assert invitation_of(asked).revoked_at is not None
    assert client.get(asked.path).status_code == 404
    assert client.post(asked.path, data=COMPLETE).status_code == 404
    assert client.post(f"{asked.path}/not-me").status_code == 200
    assert responses() == []


def test_stopping_texts_leaves_the_answer(client: FlaskClient, asked: Asked) -> None:
    client.post(asked.path, data=COMPLETE)
    assert f'action="{asked.path}/stop"' in html(client.get(f"{asked.path}?stop"))
    page = client.post(f"{asked.path}/stop")
    assert page.status_code == 200 and "پیامک‌ها قطع شد" in html(page)
    assert len(responses()) == 1


def test_verify_names_the_line_the_office_and_what_is_asked(client: FlaskClient, asked: Asked, app: Flask) -> None:
    for path in ("/verify", f"{asked.path}/verify", f"{asked.path}?verify"):
        shown = html(client.get(path))
        assert TEN.title in shown and "شهرداری منطقهٔ ۱۲" in shown
        assert app.extensions["engage_settings"].gateway_line in shown


def test_a_burst_of_answers_makes_one_event(app: Flask) -> None:
    many = ask(people=12)
    heard: list[int] = []

    def listen(event_: Any) -> None:
        heard.append(event_.survey_id)

    names = app.extensions["engage_subscribers"].setdefault(ResponsesArrived.__name__, {})
    names["test_listener"] = listen
    try:
        threads = [threading.Thread(target=lambda t=token: app.test_client().post(f"/{t}", data=COMPLETE)) for token in many.tokens[:10]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        count = "SELECT count(*) FROM outbox WHERE name = 'ResponsesArrived'"
        assert db.session.execute(text(count)).scalar_one() == 1
        db.session.rollback()
        assert commands.take_answers_mark(many.survey_id) is True
        assert commands.take_answers_mark(many.survey_id) is False
        app.test_client().post(f"/{many.tokens[10]}", data=COMPLETE)
        assert db.session.execute(text(count)).scalar_one() == 2
    finally:
        del names["test_listener"]


def test_ten_thousand_invitations_are_made_and_found_again(app: Flask) -> None:
    base = ask()
    identities = make_identities(10_000)
    started = time.perf_counter()
    with transaction():
        first = commands.invite_identities(base.survey_id, base.unit_id, identities, now() + timedelta(days=5))
    spent = time.perf_counter() - started
    print(f"10,000 invitations in {spent:.3f} s")
    with transaction():
        second = commands.invite_identities(base.survey_id, base.unit_id, identities, now() + timedelta(days=9))
    assert first == second and len(first) == 10_000
    shortest = db.session.execute(text("SELECT min(expires_at) FROM invitation WHERE identity_id = ANY(:ids)"), {"ids": identities}).scalar_one()
    assert shortest == now() + timedelta(days=9)
    token = queries.link_of(*first[identities[77]]).rsplit("/", 1)[1]
    found = queries.find_link(token)
    assert found is not None and found.identity_id == identities[77]


def test_no_token_is_in_the_database(app: Flask, client: FlaskClient, asked: Asked) -> None:
    client.post(asked.path, data=COMPLETE)
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(text(f'SELECT t::text FROM "{table.name}" t')).scalars().all()
        assert not any(asked.tokens[0] in row for row in rows)
    assert not any(asked.tokens[0].encode() in key for key in redis_connection().keys("*"))


