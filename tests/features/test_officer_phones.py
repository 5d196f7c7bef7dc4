"""A colleague's own number: confirmed by a code, masked, encrypted, and good for a second proof."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from campaigns.queries import get_campaign_by_slug
from contacts.commands import suppress_number
from contacts.models import SingleText
from engage.clock import FrozenClock
from engage.db import db, transaction
from engage.identity import commands
from engage.identity.commands.texted_codes import forget_old_codes, pending_phone
from engage.identity.models import AuditEntry, User, UserCode
from engage.identity.notices import confirmed_phone
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.sms.simulator.process import SimulatorProcess
from tests import make, people
from tests.office import S, open_office, page_of, state_of

NUMBER, OTHER = "+989121110457", "+989351110458"
CODE = re.compile(r"([0-9]{6})\Z")


@pytest.fixture(autouse=True)
def _forms(app: Flask) -> Iterator[None]:
    with people.without_csrf(app):
        yield


@pytest.fixture
def newest_code(drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> Callable[[str], str]:
    def read(number: str) -> str:
        drain()
        found = CODE.search(gateway_simulator.inbox(number)[-1]["message"])
        assert found
        return found[1]

    return read


@pytest.fixture
def give_phone(newest_code: Callable[[str], str]) -> Callable[..., None]:
    def give(user_id: int, number: str = NUMBER) -> None:
        commands.ask_to_confirm_phone(user_id, number)
        commands.confirm_phone(user_id, newest_code(number))

    return give


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def refusal(call: Callable[..., object], *args: object) -> str:
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


def test_a_number_is_entered_confirmed_shown_masked_and_removed(
    app: Flask, client: FlaskClient, newest_code: Callable[[str], str], drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    people.sign_in(client, officer)
    assert "هنوز شماره‌ای ثبت نشده است" in page_of(client, "/console/account")
    with structlog.testing.capture_logs() as said:
        asked = client.post("/console/account/phone", data={"phone": "۰۹۱۲ ۱۱۱ ۰۴۵۷", **people.proof_of(officer)})
        assert asked.status_code == 303 and confirmed_phone(officer) is None
        code = newest_code(NUMBER)
        bad = client.post(asked.location, data={"code": wrong(code)})
        assert bad.status_code == 422 and "کد درست نیست" in bad.text and confirmed_phone(officer) is None
        assert "۰۹۱۲***۰۴۵۷" in bad.text and "1110457" not in bad.text
        assert client.post(asked.location, data={"code": code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))}).status_code == 303
    assert code not in str(said) and "1110457" not in str(said)
    page = page_of(client, "/console/account")
    assert "۰۹۱۲***۰۴۵۷" in page and "1110457" not in page and confirmed_phone(officer) == NUMBER
    kept = " ".join(
        str(row)
        for table in ("user_code", "app_user", "audit_entry")
        for row in db.session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t"))
    )
    assert "1110457" not in kept and f'"{code}"' not in kept
    assert [row.action for row in db.session.scalars(select(AuditEntry).where(AuditEntry.action.like("phone%")))] == ["phone_confirmed"]

    refused = client.post("/console/account/phone/remove", data={"proof": "000000"})
    assert refused.status_code == 422 and confirmed_phone(officer) == NUMBER
    assert client.post("/console/account/phone/remove", data=people.proof_of(officer)).status_code == 303
    assert confirmed_phone(officer) is None
    drain()
    assert "عوض یا حذف شد" in gateway_simulator.inbox(NUMBER)[-1]["message"]


def test_whoever_only_has_the_session_cannot_set_a_number(app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    people.proof_of(officer)
    people.sign_in(client, officer)
    answer = client.post("/console/account/phone", data={"phone": "09121110457", "proof": "123456"})
    assert answer.status_code == 422
    assert db.session.scalar(select(SingleText.id)) is None and pending_phone(officer) is None


@pytest.mark.parametrize("typed", ["", "02188776655", "0912111", "abc"])
def test_what_is_no_mobile_number_is_told(app: Flask, client: FlaskClient, typed: str) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    people.sign_in(client, officer)
    assert client.post("/console/account/phone", data={"phone": typed, **people.proof_of(officer)}).status_code == 422
    assert client.get("/console/account/phone/confirm").status_code == 303


def test_a_changed_number_counts_once_confirmed_and_the_old_one_is_told(
    app: Flask, give_phone: Callable[..., None], drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    give_phone(officer)
    commands.ask_to_confirm_phone(officer, OTHER)
    assert confirmed_phone(officer) == NUMBER
    db.session.rollback()
    give_phone(officer, OTHER)
    assert confirmed_phone(officer) == OTHER
    drain()
    assert "عوض یا حذف شد" in gateway_simulator.inbox(NUMBER)[-1]["message"]


def test_codes_are_limited_per_person_and_per_number(app: Flask, clock: FrozenClock) -> None:
    _, d12, _, _ = people.make_units()
    officer, colleague = people.make_person(d12), people.make_person(d12)
    for number in (NUMBER, NUMBER, OTHER):
        commands.ask_to_confirm_phone(officer, number)
    assert refusal(commands.ask_to_confirm_phone, officer, make.make_number()) == "text_code_limit"
    commands.ask_to_confirm_phone(colleague, NUMBER)
    assert refusal(commands.ask_to_confirm_phone, colleague, NUMBER) == "text_code_limit"
    clock.advance(timedelta(minutes=10))
    commands.ask_to_confirm_phone(officer, NUMBER)
    assert db.session.scalar(text("SELECT count(*) FROM single_text WHERE kind = 'staff_code'")) == 5


def test_wrong_tries_are_counted_and_the_code_is_spent(
    app: Flask, give_phone, newest_code: Callable[[str], str], clock: FrozenClock
) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    give_phone(manager)
    commands.request_code(manager, "approve:1")
    code = newest_code(NUMBER)
    answers = []
    for _ in range(6):
        clock.advance(timedelta(seconds=20))  # the wait of whoever guesses
        answers.append(refusal(commands.prove_by_code, manager, wrong(code), "approve:1"))
    assert answers == ["text_code_wrong"] * 5 + ["text_code_spent"]
    clock.advance(timedelta(minutes=2))
    assert refusal(commands.prove_by_code, manager, code, "approve:1") == "text_code_spent"


def test_a_code_opens_one_action_of_one_person_once_and_for_five_minutes(
    app: Flask, give_phone, newest_code: Callable[[str], str], clock: FrozenClock
) -> None:
    _, d12, _, _ = people.make_units()
    manager, other = people.make_person(d12, Role.MANAGER), people.make_person(d12, Role.MANAGER)
    give_phone(manager)
    give_phone(other, OTHER)
    clock.advance(timedelta(minutes=11))
    commands.request_code(manager, "approve:1")
    code = newest_code(NUMBER)
    assert refusal(commands.prove_by_code, manager, code, "approve:2") == "text_code_spent"
    assert refusal(commands.prove_by_code, other, code, "approve:1") == "text_code_spent"
    assert commands.prove_by_code(manager, code, "approve:1") == "text"
    assert refusal(commands.prove_by_code, manager, code, "approve:1") == "text_code_spent"
    commands.request_code(manager, "approve:1")
    late = newest_code(NUMBER)
    clock.advance(timedelta(minutes=5))
    assert refusal(commands.prove_by_code, manager, late, "approve:1") == "text_code_spent"
    forget_old_codes()
    assert db.session.scalar(select(UserCode.id).where(UserCode.code_digest.isnot(None))) is None
    clock.advance(timedelta(days=1, seconds=1))
    forget_old_codes()
    assert db.session.scalar(select(UserCode.id)) is None


def test_an_older_code_opens_nothing_once_a_newer_one_was_sent(app: Flask, give_phone, newest_code: Callable[[str], str]) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    give_phone(manager)
    commands.request_code(manager, "approve:1")
    older = newest_code(NUMBER)
    commands.request_code(manager, "approve:1")
    newer = newest_code(NUMBER)
    if older != newer:
        assert refusal(commands.prove_by_code, manager, older, "approve:1") == "text_code_wrong"
    assert commands.prove_by_code(manager, newer, "approve:1") == "text"


def test_codes_reach_a_number_that_stopped_the_office_s_messages_to_citizens(
    app: Flask, give_phone, newest_code: Callable[[str], str]
) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    suppress_number(NUMBER, "sms")
    give_phone(manager)
    assert confirmed_phone(manager) == NUMBER


@pytest.mark.parametrize("deed", [commands.deactivate_user, commands.reset_second_factor])
def test_a_closed_account_and_a_lost_phone_leave_no_number(app: Flask, give_phone, deed: Callable[..., None]) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    give_phone(manager)
    commands.request_code(manager, "approve:1")
    deed(manager)
    assert confirmed_phone(manager) is None
    assert refusal(commands.request_code, manager, "approve:1") == "phone_missing"
    user = db.session.get_one(User, manager)
    assert (user.phone_cipher, user.phone_confirmed_at) == (None, None)
    assert db.session.scalar(select(UserCode.id).where(UserCode.code_digest.isnot(None))) is None


def test_an_administrator_sees_yes_or_no_alone(app: Flask, client: FlaskClient, give_phone) -> None:
    _, d12, _, _ = people.make_units()
    admin, manager = people.make_person(d12, Role.ADMIN), people.make_person(d12, Role.MANAGER, name="رضا مرادی")
    give_phone(manager)
    people.sign_in(client, admin)
    page = page_of(client, "/console/settings/users")
    assert page.count("دارد</td>") == 2 and page.count("ندارد</td>") == 1
    for path in ("/console/settings/users", f"/console/settings/users/{manager}", "/console/settings/audit"):
        page = page_of(client, path)
        assert "0457" not in page and "۰۴۵۷" not in page, path


def test_without_a_room_that_sends_the_refusal_says_so(app: Flask) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    sender = app.extensions["engage_identity_text_sender"]
    app.extensions["engage_identity_text_sender"] = None
    try:
        assert refusal(commands.ask_to_confirm_phone, officer, NUMBER) == "texts_unavailable"
    finally:
        app.extensions["engage_identity_text_sender"] = sender
    assert db.session.scalar(select(UserCode.id)) is None


# -- the approval's second proof -------------------------------------------------------------------------------------------


def test_a_campaign_is_approved_by_a_texted_code(app: Flask, give_phone, newest_code: Callable[[str], str]) -> None:
    office = open_office()
    slug = office.campaign(S.IN_REVIEW)
    manager = people.sign_in(app.test_client(), office.manager)
    assert "approve/code" not in page_of(manager, f"/console/campaigns/{slug}")
    give_phone(office.manager)
    page = page_of(manager, f"/console/campaigns/{slug}")
    assert f"/console/campaigns/{slug}/approve/code" in page and "۰۹۱۲***۰۴۵۷" in page
    sent = manager.post(f"/console/campaigns/{slug}/approve/code")
    assert sent.status_code == 303 and "by=text" in sent.location
    page = page_of(manager, sent.location)
    assert 'name="by"' in page and "کد شش‌رقمی پیامک" in page
    code = newest_code(NUMBER)
    bad = manager.post(f"/console/campaigns/{slug}/approve", data={"by": "text", "proof": wrong(code)})
    assert bad.status_code == 422 and "کد درست نیست" in bad.text and 'name="by"' in bad.text
    assert state_of(slug) == S.IN_REVIEW
    # The code is the text's, not the app's: it doesn't pass for one.
    assert manager.post(f"/console/campaigns/{slug}/approve", data={"proof": code}).status_code == 422
    assert manager.post(f"/console/campaigns/{slug}/approve", data={"by": "text", "proof": code}).status_code == 303
    assert state_of(slug) == S.APPROVED and get_campaign_by_slug(slug).approved_by == office.manager


def test_a_texted_code_opens_only_what_was_submitted_then(
    app: Flask, give_phone, newest_code: Callable[[str], str], clock: FrozenClock
) -> None:
    import campaigns.commands as campaigns

    office = open_office()
    slug = office.campaign(S.IN_REVIEW)
    give_phone(office.manager)
    manager = people.sign_in(app.test_client(), office.manager)
    manager.post(f"/console/campaigns/{slug}/approve/code")
    code = newest_code(NUMBER)
    campaign_id = get_campaign_by_slug(slug).id
    campaigns.return_campaign(campaign_id, "", actor_id=office.officer)
    clock.advance(timedelta(seconds=30))
    campaigns.submit_campaign(campaign_id, actor_id=office.officer)
    db.session.rollback()
    answer = manager.post(f"/console/campaigns/{slug}/approve", data={"by": "text", "proof": code})
    assert answer.status_code == 422 and state_of(slug) == S.IN_REVIEW


def test_only_who_may_approve_is_texted_a_code(app: Flask, give_phone, drain: Callable[[], int]) -> None:
    office = open_office()
    slug = office.campaign(S.IN_REVIEW)
    give_phone(office.officer)
    give_phone(office.stranger, OTHER)
    before = db.session.scalar(text("SELECT count(*) FROM single_text"))
    officer = people.sign_in(app.test_client(), office.officer)
    stranger = people.sign_in(app.test_client(), office.stranger)
    assert officer.post(f"/console/campaigns/{slug}/approve/code").status_code == 403
    assert stranger.post(f"/console/campaigns/{slug}/approve/code").status_code == 404
    assert db.session.scalar(text("SELECT count(*) FROM single_text")) == before


def test_a_code_is_never_judged_where_its_try_could_be_rolled_back(app: Flask, give_phone) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    give_phone(manager)
    with pytest.raises(RuntimeError), transaction():
        commands.prove_by_code(manager, "123456", "approve:1")
