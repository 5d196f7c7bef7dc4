"""A long survey page by page: going on, going back, other browsers, mistakes, logic, languages, and nothing lost or written too much."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock
from engage.db import db
from engage.web.crowd import CROWD
from surveys import commands
from surveys.definitions import Definition
from surveys.events import NeighbourhoodDisputed
from surveys.front_door import FrontDoor
from surveys.models import Invitation, Response, ResponseDraft
from surveys.types import Hidden, LongText, Option, ShortText, Single, YesNo
from tests.features.test_surveys_links import COMPLETE, TEN, ask, html, statements

GZIP = {"Accept-Encoding": "gzip"}

THREE = Definition(
    title="سه صفحه",
    questions=[
        ShortText(id="name", label="نام بوستان؟", required=True),
        YesNo(id="near", label="نزدیک آن هستید؟", required=True, new_page=True),
        LongText(id="why", label="چرا {name}؟", show_if='near = "yes"', required=True),
        ShortText(id="end", label="حرف آخر؟", new_page=True),
    ],
)


def drafts() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(select(ResponseDraft.answers, ResponseDraft.invitation_id, ResponseDraft.browser_digest)))


def stored() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(select(Response.answers, Response.receipt_code, Response.seconds, Response.language, Response.order_seed)))


def fields(page: Any) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html(page)))


def walk_to(client: FlaskClient, path: str, *typed: dict[str, Any]) -> Any:
    """Send one page after another, as a browser does; the last page."""
    page = client.get(path)
    for answers in typed:
        page = client.post(path, data=fields(page) | answers, follow_redirects=True)
    return page


def test_three_pages_end_in_one_response(client: FlaskClient, clock: FrozenClock) -> None:
    asked = ask(THREE)
    first = client.get(asked.path, headers=GZIP)
    assert "بوستان" in html(first) and "نزدیک" not in html(first) and "صفحهٔ بعد" in html(first) and "Set-Cookie" not in first.headers
    led = client.post(asked.path, data=fields(first) | {"name": "لاله"})
    assert led.status_code == 303 and led.headers["Location"] == f"{asked.path}?page=2"
    cookie = led.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" in cookie and f"Path={asked.path}" in cookie
    [kept] = drafts()
    assert kept.answers == {"name": "لاله"}
    assert db.session.execute(select(Invitation.started_at)).scalar_one() is not None
    clock.advance(timedelta(seconds=90))

    second = client.get(f"{asked.path}?page=2", base_url="https://localhost")
    assert "صفحهٔ ۲ از ۳" in html(second)
    third = client.post(asked.path, data=fields(second) | {"near": "yes"}, base_url="https://localhost", follow_redirects=True)
    assert "چرا لاله؟" in html(third) and "صفحهٔ ۳ از ۴" in html(third)
    fourth = client.post(asked.path, data=fields(third) | {"why": "نزدیک است"}, base_url="https://localhost", follow_redirects=True)
    assert "حرف آخر؟" in html(fourth) and "صفحهٔ بعد" not in html(fourth)
    sent = client.post(asked.path, data=fields(fourth) | {"end": "همین"}, base_url="https://localhost")
    [response] = stored()
    assert response.answers == {"name": "لاله", "near": "yes", "why": "نزدیک است", "end": "همین"}
    assert response.receipt_code in html(sent) and response.seconds == 90 and "removeItem" in html(sent)
    assert drafts() == []

    again = client.post(asked.path, data=fields(fourth) | {"end": "دیگر"}, base_url="https://localhost")
    assert again.status_code == 200 and response.receipt_code in html(again)
    assert len(stored()) == 1 and drafts() == []


def secure(app: Flask) -> FlaskClient:
    """A browser that speaks https, so that it keeps the cookie."""
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


def test_back_keeps_answers_and_another_phone_starts_blank(app: Flask) -> None:
    asked = ask(THREE)
    phone = secure(app)
    second = walk_to(phone, asked.path, {"name": "لاله"})
    back = phone.post(asked.path, data=fields(second) | {"near": "no", "_back": "1"}, follow_redirects=True)
    assert 'value="لاله"' in html(back)
    assert [each.answers for each in drafts()] == [{"name": "لاله", "near": "no"}]
    forward = phone.post(asked.path, data=fields(back) | {"name": "ملت"}, follow_redirects=True)
    assert "checked" in html(forward)
    for other in (secure(app).get(asked.path), secure(app).get(asked.path, headers=GZIP)):
        assert "ملت" not in html(other) and "لاله" not in html(other)
    assert 'value="ملت"' in html(phone.get(asked.path)) and 'value="ملت"' in html(phone.get(asked.path, headers=GZIP))


def test_another_links_cookie_opens_nothing(app: Flask) -> None:
    two = ask(THREE, people=2)
    phone = secure(app)
    led = phone.post(f"/{two.tokens[0]}", data=fields(phone.get(f"/{two.tokens[0]}")) | {"name": "لاله"})
    letters = led.headers["Set-Cookie"].split(";")[0]
    shown = app.test_client().get(f"/{two.tokens[1]}", headers={"Cookie": letters})
    assert shown.status_code == 200 and "لاله" not in html(shown)


def test_hidden_questions_are_not_asked_and_their_answers_are_dropped(app: Flask) -> None:
    asked = ask(THREE)
    phone = secure(app)
    last = walk_to(phone, asked.path, {"name": "لاله"}, {"near": "yes"}, {"why": "چون"})
    back = phone.get(f"{asked.path}?page=2")
    assert "checked" in html(back)
    last = phone.post(asked.path, data=fields(back) | {"near": "no", "why": "چون", "end": "x", "nothing": "y"}, follow_redirects=True)
    assert "حرف آخر؟" in html(last)
    phone.post(asked.path, data=fields(last) | {"end": "پایان", "why": "باز هم"})
    [response] = stored()
    assert response.answers == {"name": "لاله", "near": "no", "end": "پایان"}


def test_mistakes_on_a_page_keep_what_was_typed(app: Flask) -> None:
    asked = ask(THREE)
    phone = secure(app)
    page = walk_to(phone, asked.path, {"name": "<b>لاله</b>"}, {"near": "yes"})
    assert "چرا &lt;b&gt;لاله&lt;/b&gt;؟" in html(page)
    wrong = phone.post(asked.path, data=fields(page) | {"why": "x" * 5000})
    assert wrong.status_code == 422 and "<title>خطا:" in html(wrong) and "x" * 5000 in html(wrong) and "autofocus" in html(wrong)
    assert stored() == []


def test_a_page_that_is_sent_out_of_turn_leads_back_to_what_is_missing(app: Flask) -> None:
    asked = ask(THREE)
    phone = secure(app)
    page = phone.post(asked.path, data={"version": str(asked.version_id), "_page": "4", "end": "x"})
    assert page.status_code == 422 and "نام بوستان؟" in html(page) and stored() == []
    for number in ("9999", "0", "-1", "x", "۲"):
        assert phone.post(asked.path, data={"_page": number, "end": "x"}).status_code in (303, 422)
        assert phone.get(f"{asked.path}?page={number}").status_code == 200
    assert stored() == []


def test_without_cookies_the_form_carries_the_answers(app: Flask) -> None:
    asked = ask(THREE)
    phone = app.test_client(use_cookies=False)
    again = walk_to(phone, asked.path, {"name": "لاله"})
    assert "مرورگر شما چیزی از صفحهٔ پیش نگه نداشت" in html(again) and "_carried" in fields(again)
    last = walk_to_from(phone, asked.path, again, {"name": "لاله"}, {"near": "no"})
    phone.post(asked.path, data=fields(last) | {"end": "پایان"})
    [response] = stored()
    assert response.answers == {"name": "لاله", "near": "no", "end": "پایان"}


def walk_to_from(client: FlaskClient, path: str, page: Any, *typed: dict[str, Any]) -> Any:
    for answers in typed:
        page = client.post(path, data=fields(page) | answers, follow_redirects=True)
    return page


def test_an_anonymous_survey_writes_no_unfinished_answer(app: Flask) -> None:
    definition = Definition(title=THREE.title, questions=THREE.questions, is_anonymous=True)
    asked = ask(definition)
    phone = secure(app)
    first = phone.get(asked.path)
    assert "بی‌نام" in html(first) and "data-tab" in html(first)
    last = walk_to_from(phone, asked.path, first, {"name": "لاله"}, {"near": "yes"}, {"why": "چون"})
    assert drafts() == [] and db.session.execute(select(Invitation.started_at)).scalar_one() is None
    assert not any("Set-Cookie" in name for name in dict(last.headers))
    back = phone.post(asked.path, data=fields(last) | {"_back": "1"})
    assert back.status_code == 200 and "چون" in html(back)
    sent = phone.post(asked.path, data=fields(last) | {"end": "پایان"})
    assert sent.status_code == 200 and "کد پیگیری" in html(sent)
    assert stored() == [] and db.session.execute(text("SELECT count(*) FROM survey_sealed_answer")).scalar_one() == 1
    code = re.search(r'<bdi dir="ltr">([A-Z0-9]{5})</bdi>', html(sent))
    again = phone.post(asked.path, data=fields(last) | {"end": "دیگر"})
    assert code and code[1] in html(again)
    tampered = phone.post(asked.path, data={"_page": "2", "_carried": "x" * 40, "near": "no"})
    assert tampered.status_code == 200 and db.session.execute(text("SELECT count(*) FROM survey_sealed_answer")).scalar_one() == 1


def test_the_end_page_sends_what_logic_cut_short(app: Flask) -> None:
    short = Definition(
        title="کوتاه",
        questions=[YesNo(id="a", label="هستید؟", required=True), ShortText(id="b", label="کجا؟", show_if='a = "yes"', new_page=True)],
    )
    asked = ask(short)
    phone = secure(app)
    end = walk_to(phone, asked.path, {"a": "no"})
    assert "پرسش‌های شما همین بود" in html(end) and stored() == []
    phone.post(asked.path, data=fields(end))
    assert [each.answers for each in stored()] == [{"a": "no"}]


def test_a_language_is_kept_through_the_pages(app: Flask) -> None:
    definition = Definition(
        title="سه صفحه",
        questions=THREE.questions,
        languages=["en", "ar"],
        translations={"en": {"title": "Three pages", "name.label": "Which park?", "near.label": "Are you near?"}},
    )
    asked = ask(definition)
    phone = secure(app)
    assert 'href="?lang=en"' in html(phone.get(asked.path))
    first = phone.get(f"{asked.path}?lang=en")
    assert "Which park?" in html(first) and 'lang="en" dir="ltr"' in html(first)
    led = phone.post(asked.path, data=fields(first) | {"name": "Laleh"})
    assert led.headers["Location"].endswith("?page=2&lang=en")
    second = phone.get(led.headers["Location"])
    assert "Are you near?" in html(second)
    last = walk_to_from(phone, asked.path, second, {"near": "no"})
    phone.post(asked.path, data=fields(last))
    assert [each.language for each in stored()] == ["en"]
    assert "نام بوستان" in html(phone.get(f"{ask(definition).path}?lang=xx"))


def test_shuffled_options_have_sixteen_orders_and_the_response_remembers_its_own(app: Flask, client: FlaskClient) -> None:
    definition = Definition(
        title="درهم", questions=[Single(id="q", label="کدام؟", shuffle=True, options=[Option(id=f"o{n}", label=f"گزینهٔ {n}") for n in range(8)])]
    )
    many = ask(definition, people=40)
    pages = {client.get(f"/{token}", headers=GZIP).get_data() for token in many.tokens}
    assert 4 < len(pages) <= 16
    assert client.get(f"/{many.tokens[0]}").get_data() == client.get(f"/{many.tokens[0]}").get_data()
    for token in many.tokens[:12]:
        client.post(f"/{token}", data={"q": "o1"})
    seeds = [each.order_seed for each in stored()]
    assert len(set(seeds)) > 1 and all(0 <= seed < 16 for seed in seeds)


def test_what_the_link_says_goes_along(app: Flask) -> None:
    definition = Definition(
        title="پوستر",
        questions=[
            ShortText(id="a", label="نخست؟"),
            ShortText(id="b", label="دوم؟", new_page=True),
            Hidden(id="from", label="از کجا", parameter="poster", allowed=["bazaar", "park"]),
        ],
    )
    for value, expected in (("bazaar", "bazaar"), ("<script>", None)):
        asked = ask(definition)
        phone = secure(app)
        last = walk_to(phone, f"{asked.path}?poster={value}", {"a": "x"})
        phone.post(asked.path, data=fields(last) | {"b": "y"})
        assert stored()[-1].answers.get("from") == expected


def test_pages_are_small_and_cost_few_statements(app: Flask) -> None:
    asked = ask(TEN)
    phone = secure(app)
    assert len(phone.get(asked.path, headers=GZIP).get_data()) <= 14 * 1024
    first = phone.get(asked.path)
    typed = {"q1": "a2", "q2": "4", "q4": "دو چراغ خاموش است."}
    with statements(app) as sending:
        led = phone.post(asked.path, data=fields(first) | typed)
    assert led.status_code == 303 and len(sending) <= 4, sending
    with statements(app) as showing:
        second = phone.get(led.headers["Location"], headers=GZIP)
    assert len(showing) <= 4, showing
    size = len(second.get_data())
    print(f"second page {size} bytes")
    assert size <= 6 * 1024 and gzip.decompress(second.get_data())


def test_erasing_a_person_takes_unfinished_answers_along(app: Flask) -> None:
    asked = ask(THREE)
    walk_to(secure(app), asked.path, {"name": "لاله"})
    assert len(drafts()) == 1
    commands.erase_invitations(commands.invitations_of(asked.identities[0]), forget_number=True)
    assert drafts() == []


def test_what_a_condition_may_require_is_not_called_optional(client: FlaskClient, app: Flask) -> None:
    definition = Definition(
        title="x",
        questions=[
            YesNo(id="near", label="نزدیک؟", required=True),
            ShortText(id="why", label="چرا؟", required_if='near = "no"'),
            ShortText(id="free", label="حرف آخر؟"),
        ],
    )
    shown = html(client.get(ask(definition).path))
    why, free = shown.index("چرا؟"), shown.index("حرف آخر؟")
    assert "اختیاری" not in shown[:why] and "اختیاری" in shown[why:free]


def test_not_my_neighbourhood_tells_and_the_link_goes_on(app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
    asked = ask(THREE)
    assert f'action="{asked.path}/not-here"' in html(client.get(f"{asked.path}?not-here"))
    heard: list[NeighbourhoodDisputed] = []
    names = app.extensions["engage_subscribers"].setdefault(NeighbourhoodDisputed.__name__, {})
    names["test_listener"] = lambda event: heard.append(event)
    try:
        done = client.post(f"{asked.path}/not-here")
        assert done.status_code == 200 and f'href="{asked.path}"' in html(done)
        drain()
    finally:
        del names["test_listener"]
    assert [each.identity_id for each in heard] == asked.identities
    assert client.get(asked.path).status_code == 200


def test_more_than_can_be_served_are_asked_to_come_again_before_any_statement(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    many = ask(TEN, people=30)
    door: Any = app.wsgi_app
    while not isinstance(door, FrontDoor):
        door = door._inner
    monkeypatch.setattr(door, "most", 2)
    with CROWD.inside(2), CROWD.inside(2), statements(app) as seen:
        for answer in (app.test_client().get(many.path), app.test_client().post(many.path, data=COMPLETE)):
            assert answer.status_code == 503 and answer.headers["Retry-After"] == "30"
            assert "همین حالا افراد زیادی در حال پاسخ‌اند" in html(answer)
        assert app.test_client().get("/healthz").status_code == 200
    assert seen == []

    acknowledged: list[str] = []
    statuses: list[int] = []
    start = threading.Barrier(30)

    def send(token: str) -> None:
        start.wait()
        answer = app.test_client().post(f"/{token}", data=COMPLETE)
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            acknowledged.append(html(answer))

    threads = [threading.Thread(target=send, args=(token,)) for token in many.tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503} and acknowledged
    codes = [each.receipt_code for each in stored()]
    assert len(codes) == len(acknowledged) and all(any(code in page for page in acknowledged) for code in codes)
    monkeypatch.undo()
    assert app.test_client().post(f"/{many.tokens[0]}", data=COMPLETE).status_code == 200


def test_the_sheet_of_live_texts_is_for_the_telephone_desk(client: FlaskClient, app: Flask) -> None:
    ask(TEN)
    shown = html(client.get("/verify/sheet"))
    assert TEN.title in shown and "شهرداری منطقهٔ ۱۲" in shown and app.extensions["engage_settings"].gateway_line in shown
    assert "size:A4" in shown and "برای پاسخ‌گویان ۱۳۷" in shown


def test_page_one_says_what_becomes_of_answers(client: FlaskClient, app: Flask) -> None:
    told = html(client.get(ask(TEN).path))
    assert "نام شما محفوظ است" in told and "محرمانه" not in told and "پول، رمز" in told
    own = Definition(title="x", questions=THREE.questions, data_use="پاسخ‌ها به شورای محله داده می‌شود.")
    assert "پاسخ‌ها به شورای محله داده می‌شود." in html(client.get(ask(own).path))


def test_the_script_is_small_and_allowed_by_name_alone(client: FlaskClient, app: Flask) -> None:
    page = client.get(ask(TEN).path)
    script = re.search(r"<script>(.*?)</script>", html(page), re.S)
    assert script and len(script[1].encode()) <= 5 * 1024
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'sha256-" in policy and "unsafe" not in policy
    # Chrome 69 knows neither.
    assert "?." not in script[1] and "??" not in script[1] and "=>" not in script[1]
