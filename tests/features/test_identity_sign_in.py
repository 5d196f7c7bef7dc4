"""The door: passwords, codes, waiting, sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from engage.clock import FrozenClock
from engage.db import db
from engage.identity import commands
from engage.identity.models import AuditEntry, SignInSession, SignInThrottle, User
from engage.identity.rules import Role
from tests.people import PASSWORD, make_person, make_units, sign_in, without_csrf


@pytest.fixture(autouse=True)
def _forms(app: Flask) -> Iterator[None]:
    with without_csrf(app):
        yield


def _officer(email: str = "narges@example.ir", role: Role = Role.OFFICER) -> int:
    _, d12, _, _ = make_units()
    return commands.create_user(email=email, name="نرگس احمدی", password=PASSWORD, role=role, unit_id=d12)


def _enter(client: FlaskClient, password: str = PASSWORD, email: str = "narges@example.ir", **kwargs: object) -> TestResponse:
    return client.post("/console/sign-in", data={"email": email, "password": password}, **kwargs)  # type: ignore[arg-type]


def _problem(response: TestResponse) -> str:
    found = re.search(r'role="alert">.*?<p>(.*?)</p>', response.text, re.DOTALL)
    return found.group(1) if found else ""


def _actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_right_password_opens_the_first_page(client: FlaskClient) -> None:
    _officer()
    response = _enter(client, email="  Narges@Example.IR ")
    assert (response.status_code, response.location) == (303, "/console/")
    page = client.get("/console/")
    assert page.status_code == 200
    assert "کارتابل امروز" in page.text
    assert "کارشناس روابط عمومی" in page.text
    assert _actions()[-1] == "signed_in"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: FlaskClient) -> None:
    _officer()
    known = [_enter(client, "نادرست است این") for _ in range(5)]
    unknown = [_enter(client, "نادرست است این", email="nobody@example.ir") for _ in range(5)]
    assert [r.status_code for r in known] == [r.status_code for r in unknown] == [422] * 5
    assert [_problem(r) for r in known] == [_problem(r) for r in unknown]
    assert _problem(known[0]) == "رایانامه یا گذرواژه درست نیست."
    assert "۲ ثانیه صبر کنید" in _problem(known[4])


def test_whoever_guesses_waits_even_with_the_right_password_and_is_let_in_afterwards(client: FlaskClient, clock: FrozenClock) -> None:
    _officer()
    for _ in range(4):
        _enter(client, "نادرست است این")
    assert "ثانیه صبر کنید" in _problem(_enter(client))
    clock.advance(timedelta(seconds=2))
    assert _enter(client).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(SignInThrottle)) == 0


def test_what_was_typed_is_stored_nowhere(client: FlaskClient) -> None:
    _officer()
    _enter(client, "گذرواژهٔ من در جای نادرست", email="my-secret-typed-here@example.ir")
    kept = str([(e.detail, e.object_id, e.action) for e in db.session.scalars(select(AuditEntry))])
    kept += str([row.digest for row in db.session.scalars(select(SignInThrottle))])
    assert "secret" not in kept
    assert "نادرست" not in kept
    assert _actions()[-1] == "sign_in_refused"


def test_a_closed_account_answers_like_a_wrong_password(client: FlaskClient) -> None:
    user_id = _officer()
    commands.deactivate_user(user_id)
    assert _problem(_enter(client)) == "رایانامه یا گذرواژه درست نیست."


def test_signing_in_gives_a_new_session_and_signing_out_kills_it_wherever_it_was_copied(app: Flask, client: FlaskClient) -> None:
    _officer()
    with client.session_transaction() as cookie:
        cookie["sid"] = "planted"
        cookie["planted"] = "yes"
    _enter(client)
    with client.session_transaction() as cookie:
        assert cookie["sid"] != "planted"
        assert "planted" not in cookie
        stolen = dict(cookie)
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get("/console/").status_code == 200
    assert client.post("/console/sign-out").status_code == 303
    assert thief.get("/console/").location.startswith("/console/sign-in")


def test_an_idle_hour_signs_out_and_says_so(client: FlaskClient, clock: FrozenClock) -> None:
    _officer()
    _enter(client)
    for _ in range(3):
        clock.advance(timedelta(minutes=50))
        assert client.get("/console/").status_code == 200
    clock.advance(timedelta(minutes=61))
    response = client.get("/console/account", follow_redirects=True)
    assert "چون مدتی کاری انجام نشد" in response.text
    assert response.request.args["next"] == "/console/account"


def test_a_card_that_renews_itself_keeps_nobody_signed_in(client: FlaskClient, clock: FrozenClock) -> None:
    _officer()
    _enter(client)
    for _ in range(3):
        clock.advance(timedelta(minutes=25))
        last = client.get("/console/", headers={"HX-Request": "true"})
    assert last.status_code == 401
    assert last.headers["HX-Redirect"].startswith("/console/sign-in")


def test_a_new_password_signs_out_every_other_browser(app: Flask, client: FlaskClient) -> None:
    _officer()
    _enter(client)
    other = app.test_client()
    _enter(other)
    fresh = "گذرواژهٔ تازهٔ من ۱۴۰۵"
    response = client.post("/console/account/password", data={"current": PASSWORD, "new": fresh})
    assert response.status_code == 303
    assert client.get("/console/").status_code == 200
    assert other.get("/console/").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(SignInSession)) == 1
    assert "password_changed" in _actions()
    assert _enter(app.test_client(), fresh).status_code == 303


def test_the_way_back_never_leads_elsewhere(client: FlaskClient, app: Flask) -> None:
    _officer()
    for bad in ("https://evil.example/", "//evil.example/console/", "/\\evil.example", "javascript:alert(1)", "/r/abc"):
        response = app.test_client().post(
            "/console/sign-in", query_string={"next": bad}, data={"email": "narges@example.ir", "password": PASSWORD}
        )
        assert response.location == "/console/"
    good = client.post("/console/sign-in?next=/console/account", data={"email": "narges@example.ir", "password": PASSWORD})
    assert good.location == "/console/account"


def _code(page: str, clock: FrozenClock) -> str:
    key = re.search(r'<bdi dir="ltr">([A-Z2-7 -]{20,})</bdi>', page)
    assert key
    return pyotp.TOTP(key.group(1).replace("-", "").replace(" ", "")).at(int(clock.now().timestamp()))


def _enrol(client: FlaskClient, clock: FrozenClock) -> list[str]:
    page = client.get("/console/account/authenticator").text
    assert "data:image/svg+xml" in page
    done = client.post("/console/account/authenticator", data={"code": _code(page, clock)})
    assert done.status_code == 200
    return re.findall(r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}", done.text.split("data-copy")[0])


def test_a_manager_reaches_nothing_before_the_authenticator_app(client: FlaskClient, clock: FrozenClock) -> None:
    _officer(role=Role.MANAGER)
    _enter(client)
    for path in ("/console/", "/console/settings"):
        assert client.get(path).location == "/console/account/authenticator"
    assert len(_enrol(client, clock)) == 10
    assert client.get("/console/").status_code == 200


def test_the_code_is_asked_for_and_works_once(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    user_id = _officer()
    _enter(client)
    page = client.get("/console/account/authenticator").text
    _enrol(client, clock)
    clock.advance(timedelta(minutes=1))
    code = _code(page, clock)
    fresh = app.test_client()
    assert _enter(fresh).location == "/console/sign-in/code"
    assert fresh.get("/console/").status_code == 303
    assert fresh.post("/console/sign-in/code", data={"code": "000000"}).status_code == 422
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert fresh.post("/console/sign-in/code", data={"code": persian}).location == "/console/"
    assert fresh.get("/console/").status_code == 200
    again = app.test_client()
    _enter(again)
    assert again.post("/console/sign-in/code", data={"code": code}).status_code == 422
    assert db.session.get_one(User, user_id).totp_counter is not None


def test_a_recovery_code_works_once(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    _officer()
    _enter(client)
    codes = _enrol(client, clock)
    first = app.test_client()
    _enter(first)
    assert first.post("/console/sign-in/code", data={"code": codes[0]}).status_code == 303
    second = app.test_client()
    _enter(second)
    assert second.post("/console/sign-in/code", data={"code": codes[0]}).status_code == 422
    assert "۹ کد مانده" in first.get("/console/account").text


def test_the_secret_and_the_recovery_codes_are_unreadable_in_the_database(client: FlaskClient, clock: FrozenClock) -> None:
    user_id = _officer()
    _enter(client)
    page = client.get("/console/account/authenticator").text
    codes = _enrol(client, clock)
    db.session.expire_all()
    user = db.session.get_one(User, user_id)
    key = re.search(r'<bdi dir="ltr">([A-Z2-7 -]{20,})</bdi>', page)
    assert key
    assert user.totp_secret is not None
    assert key.group(1).replace("-", "").encode() not in user.totp_secret
    assert codes[0] not in str(user.recovery_digests)
    assert user.password is not None
    assert user.password.startswith("$argon2id$")


def test_guessing_codes_waits_like_guessing_passwords(client: FlaskClient, clock: FrozenClock) -> None:
    _officer()
    _enter(client)
    _enrol(client, clock)
    client.post("/console/sign-out")
    _enter(client)
    answers = [_problem(client.post("/console/sign-in/code", data={"code": f"{n:06d}"})) for n in range(6)]
    assert "ثانیه صبر کنید" in answers[-1]


def test_a_password_set_by_an_administrator_must_be_changed_first(client: FlaskClient) -> None:
    user_id = _officer()
    commands.set_password(user_id, "گذرواژهٔ موقت ۱۴۰۵")
    _enter(client, "گذرواژهٔ موقت ۱۴۰۵")
    assert client.get("/console/").location == "/console/account/password"
    client.post("/console/account/password", data={"current": "گذرواژهٔ موقت ۱۴۰۵", "new": "این یکی مال خودم است"})
    assert client.get("/console/").status_code == 200


def test_demo_accounts_open_only_in_the_demo_and_on_its_own_machine(app: Flask) -> None:
    _, d12, _, _ = make_units()
    commands.create_user(email="demo@example.ir", name="نمونه", password=PASSWORD, role="manager", unit_id=d12, is_demo=True)
    enter = {"email": "demo@example.ir"}
    assert _enter(app.test_client(), **enter).status_code == 422
    before = app.extensions["engage_settings"]
    app.extensions["engage_settings"] = replace(before, environment="demo")
    try:
        here = app.test_client()
        assert _enter(here, **enter).status_code == 303
        assert here.get("/console/").status_code == 200  # a manager without a second factor: only in the demo
        assert here.get("/console/", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 303
        away = _enter(app.test_client(), environ_base={"REMOTE_ADDR": "192.0.2.7"}, **enter)
        assert away.status_code == 422
        proxied = _enter(app.test_client(), headers={"X-Forwarded-For": "192.0.2.7"}, **enter)
        assert proxied.status_code == 422
    finally:
        app.extensions["engage_settings"] = before


def test_forms_without_our_token_are_refused(app: Flask, client: FlaskClient) -> None:
    _officer()
    app.config["WTF_CSRF_ENABLED"] = True
    assert _enter(client).status_code == 400


def test_a_staff_page_costs_two_statements_of_identity(app: Flask, client: FlaskClient) -> None:
    sign_in(client, _officer())
    db.session.remove()
    said: list[str] = []

    def listen(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert client.get("/console/settings").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    badges = ("FROM campaign", "FROM inbound_case", "FROM delegation", "FROM message")  # what waits for this person, asked by the rooms
    of_identity = [statement for statement in said if not any(each in statement for each in badges)]
    assert len(of_identity) == 2, said
    assert len(said) <= 2 + len(badges), said


def test_public_pages_ask_nothing_about_identity(app: Flask, client: FlaskClient) -> None:
    sign_in(client, _officer())
    said: list[str] = []

    def listen(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        response = client.get("/healthz")
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert response.status_code == 200
    assert said == []
    assert "Set-Cookie" not in response.headers
    assert "Cookie" not in response.headers.get("Vary", "")


def test_a_user_without_rights_is_told_so_and_not_let_in(client: FlaskClient) -> None:
    user_id = _officer()
    unit_id = db.session.scalar(select(User.current_unit_id).where(User.id == user_id))
    assert unit_id is not None
    commands.revoke_role(user_id, role=Role.OFFICER, unit_id=unit_id)
    assert "در هیچ واحدی نقش ندارد" in _problem(_enter(client))


def test_the_end_of_the_day_ends_even_a_busy_session(client: FlaskClient, clock: FrozenClock) -> None:
    sign_in(client, make_person(make_units()[1]))
    for _ in range(14):
        assert client.get("/console/").status_code == 200
        clock.advance(timedelta(minutes=51))
    clock.advance(timedelta(minutes=10))
    assert client.get("/console/").status_code == 303
