"""Notices: once per person and cause, to those who hold the right there, by SMS to a confirmed number alone, in the caller's transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text

from engage.clock import FrozenClock
from engage.db import db, transaction
from engage.identity import commands, notices
from engage.identity.models import Notice, User
from engage.identity.notices import close_notices, holders_of, notify, notify_user, phone_context, register_notice
from engage.identity.rules import NoticeGroup, Permission, Role
from engage.sms.simulator.process import SimulatorProcess
from engage.vault import vault
from tests import people
from tests.office import page_of

APPROVE, CONTROL = Permission.CAMPAIGNS_APPROVE, Permission.CAMPAIGNS_CONTROL
NUMBER, OTHER = "+989121110457", "+989351110458"
NIGHT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
"""23:30 in Tehran"""
WAITS = {"code": "test_waits", "cause": "campaign:1:waits", "params": {"title": "من شهردارم"}, "path": "/console/campaigns/c1"}


@pytest.fixture(autouse=True)
def _forms(app: Flask) -> Iterator[None]:
    register_notice("test_waits", lambda params: f"پویش «{params['title']}» منتظر تأیید است.", group=NoticeGroup.APPROVALS)
    register_notice("test_storm", lambda params: "هشدار ایمنی فرستاده شد.", group=NoticeGroup.SENDING, is_urgent=True)
    with people.without_csrf(app):
        yield
    for known in (notices.notice_words, notices.notice_groups):
        known.pop("test_waits")
        known.pop("test_storm")
    notices.urgent_notices.discard("test_storm")


def confirm(user_id: int, number: str) -> None:
    with transaction() as session:
        user = session.get_one(User, user_id)
        user.phone_cipher, user.phone_confirmed_at = vault().encrypt(number, phone_context(user_id)), user.created_at


def tell(unit_id: int, permission: Permission = APPROVE, *, wants_text: bool = True, **changes: object) -> int:
    with transaction():
        return notify(unit_id=unit_id, permission=permission, text=wants_text, **{**WAITS, **changes})  # type: ignore[arg-type]


def told() -> list[tuple[int, str]]:
    return [tuple(row) for row in db.session.execute(select(Notice.user_id, Notice.cause).order_by(Notice.user_id, Notice.cause))]


def texts() -> int:
    return db.session.scalar(text("SELECT count(*) FROM single_text")) or 0


def test_those_who_hold_the_right_in_the_unit_or_above_are_told_once(app: Flask) -> None:
    city, d12, d6, herandi = people.make_units()
    top, here = people.make_person(city, Role.MANAGER), people.make_person(d12, Role.MANAGER)
    officer, below, beside = people.make_person(d12), people.make_person(herandi, Role.MANAGER), people.make_person(d6, Role.MANAGER)
    closed = people.make_person(d12, Role.MANAGER)
    commands.deactivate_user(closed)
    assert tell(d12) == 2 and {user for user, _ in told()} == {top, here}
    assert tell(d12) == 0 and len(told()) == 2
    assert tell(d12, cause="campaign:2:waits", besides=[here]) == 1
    assert holders_of(CONTROL, d12) == [top, here, officer]
    assert {below, beside}.isdisjoint({user for user, _ in told()})


def test_a_delegate_of_today_is_told_of_approvals_and_of_nothing_else(app: Flask, clock: FrozenClock) -> None:
    city, d12, _, herandi = people.make_units()
    manager, delegate = people.make_person(d12, Role.MANAGER), people.make_person(herandi)
    delegation = commands.name_delegate(manager, delegate, d12, date(2026, 11, 22), date(2026, 11, 23))
    assert [row[1] for row in told()] == [f"delegation:{delegation}"]
    assert holders_of(APPROVE, d12) == [manager, delegate] == holders_of(APPROVE, herandi)
    assert holders_of(APPROVE, city) == []
    assert holders_of(CONTROL, d12) == [manager]
    assert holders_of(APPROVE, d12, besides=[manager]) == []  # nobody in the author's name
    commands.deactivate_user(manager)
    assert holders_of(APPROVE, d12) == []
    commands.reactivate_user(manager)
    clock.advance(timedelta(days=2))
    assert holders_of(APPROVE, d12) == [manager]
    clock.advance(timedelta(days=-2))
    commands.revoke_delegation(delegation)
    assert holders_of(APPROVE, d12) == [manager]
    assert db.session.scalar(select(Notice.done_at)) is not None


def test_two_transactions_at_once_tell_once(app: Flask) -> None:
    _, d12, _, _ = people.make_units()
    for number in (NUMBER, OTHER):
        confirm(people.make_person(d12, Role.MANAGER), number)
    db.session.remove()
    meet, counts = threading.Barrier(2), []

    def run() -> None:
        with app.app_context():
            with transaction():
                meet.wait(10)
                counts.append(notify(unit_id=d12, permission=APPROVE, text=True, **WAITS))
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sorted(counts) == [0, 2] and len(told()) == 2 and texts() == 2


def test_a_rolled_back_caller_told_nobody(app: Flask, drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> None:
    _, d12, _, _ = people.make_units()
    confirm(people.make_person(d12, Role.MANAGER), NUMBER)

    def decide_and_fail() -> None:
        with transaction():
            assert notify(unit_id=d12, permission=APPROVE, text=True, **WAITS) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decide_and_fail()
    drain()
    assert told() == [] and texts() == 0 and gateway_simulator.inbox(NUMBER) == []
    assert tell(d12) == 1


def test_a_text_goes_to_confirmed_numbers_with_a_link(app: Flask, drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> None:
    _, d12, _, _ = people.make_units()
    confirm(people.make_person(d12, Role.MANAGER), NUMBER)
    people.make_person(d12, Role.MANAGER)
    tell(d12, wants_text=False, cause="quietly")
    assert texts() == 0
    assert tell(d12) == 2 and texts() == 1
    drain()
    assert [each["message"] for each in gateway_simulator.inbox(NUMBER)] == [
        "پویش «من شهردارم» منتظر تأیید است.\nhttps://m12.example.ir/console/campaigns/c1"
    ]


def test_a_group_that_is_switched_off_comes_without_a_text(app: Flask) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    confirm(manager, NUMBER)
    notices.choose_texts(manager, [NoticeGroup.SENDING])
    assert tell(d12) == 1 and texts() == 0
    assert tell(d12, code="test_storm", cause="storm") == 1 and texts() == 1


def test_at_night_what_is_not_urgent_waits_for_eight_o_clock(
    app: Flask, clock: FrozenClock, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    _, d12, _, _ = people.make_units()
    managers = [people.make_person(d12, Role.MANAGER) for _ in range(4)]
    read, silenced, closed, waiting = managers
    numbers = {each: f"+98912111000{n}" for n, each in enumerate(managers)}
    for each, number in numbers.items():
        confirm(each, number)
    clock.set(NIGHT)
    assert tell(d12, code="test_storm", cause="storm") == 4 and texts() == 4
    assert tell(d12) == 4 and texts() == 4
    assert tell(d12, cause="campaign:2:waits") == 4
    assert notices.send_due_texts() == 0
    with transaction():
        assert close_notices("campaign:2:waits") == 4  # approved in the night
    notices.read_notices(read)
    notices.choose_texts(silenced, [])
    commands.deactivate_user(closed)
    clock.set(datetime(2026, 11, 23, 4, 29, tzinfo=UTC))
    assert notices.send_due_texts() == 0
    clock.set(datetime(2026, 11, 23, 4, 30, tzinfo=UTC))  # 8:00
    assert notices.send_due_texts() == 1 and notices.send_due_texts() == 0
    drain()
    assert len(gateway_simulator.inbox(numbers[waiting])) == 2
    assert db.session.scalar(select(Notice.id).where(Notice.text_due_at.isnot(None))) is None


def test_a_morning_text_that_nobody_sent_all_day_is_dropped(app: Flask, clock: FrozenClock) -> None:
    _, d12, _, _ = people.make_units()
    confirm(people.make_person(d12, Role.MANAGER), NUMBER)
    clock.set(NIGHT)
    tell(d12)
    clock.advance(timedelta(hours=24))
    assert notices.send_due_texts() == 0
    clock.advance(timedelta(hours=12))
    assert notices.send_due_texts() == 0 and texts() == 0
    assert db.session.scalar(select(Notice.id).where(Notice.text_due_at.isnot(None))) is None


def test_a_closed_account_is_told_nothing(app: Flask) -> None:
    _, d12, _, _ = people.make_units()
    officer = people.make_person(d12)
    with transaction():
        assert notify_user(officer, **WAITS) == 1
        assert notify_user(officer, **WAITS) == 0
    commands.deactivate_user(officer)
    with transaction():
        assert notify_user(officer, **{**WAITS, "cause": "another"}) == 0


def test_what_a_caller_must_not_do(app: Flask) -> None:
    _, d12, _, _ = people.make_units()
    people.make_person(d12, Role.MANAGER)
    with pytest.raises(RuntimeError):
        notify(unit_id=d12, permission=APPROVE, **WAITS)
    with pytest.raises(ValueError, match="no words"):
        tell(d12, code="nobody_registered_this")
    with pytest.raises(ValueError, match="console"):
        tell(d12, path="https://elsewhere.example/")
    assert told() == []


# -- the page --------------------------------------------------------------------------------------------------------------


def test_the_bell_counts_and_the_page_reads(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    _, d12, _, _ = people.make_units()
    manager, colleague = people.make_person(d12, Role.MANAGER), people.make_person(d12, Role.MANAGER)
    people.sign_in(client, manager)
    assert "bell-count" not in page_of(client, "/console/account")
    tell(d12)
    clock.advance(timedelta(minutes=1))
    tell(d12, code="test_storm", cause="storm", path="/console/campaigns/c2", params={})
    assert "اعلان‌ها: ۲ تازه" in page_of(client, "/console/account")
    page = page_of(client, "/console/notices")
    assert page.index("هشدار ایمنی فرستاده شد.") < page.index("پویش «من شهردارم» منتظر تأیید است.")
    assert 'href="/console/campaigns/c1"' in page and "bell-count" not in page
    assert "bell-count" not in page_of(client, "/console/account")
    assert db.session.scalar(text("SELECT count(*) FROM notice WHERE read_at IS NULL AND user_id = :u"), {"u": colleague}) == 2
    db.session.rollback()
    with transaction():
        close_notices("campaign:1:waits")
    assert "انجام‌شده" in page_of(client, "/console/notices")
    people.sign_in(client, colleague)
    assert "اعلان‌ها: ۱ تازه" in page_of(client, "/console/account")


def test_a_title_is_no_markup(app: Flask, client: FlaskClient) -> None:
    _, d12, _, _ = people.make_units()
    people.sign_in(client, people.make_person(d12, Role.MANAGER))
    tell(d12, params={"title": "<script>alert(1)</script>"})
    page = page_of(client, "/console/notices")
    assert "<script>alert(1)" not in page and "&lt;script&gt;" in page


def test_a_notice_of_a_release_that_is_gone_still_leads_on(app: Flask, client: FlaskClient) -> None:
    _, d12, _, _ = people.make_units()
    people.sign_in(client, people.make_person(d12, Role.MANAGER))
    tell(d12)
    with transaction() as session:
        session.execute(text("UPDATE notice SET code = 'gone'"))
    assert "اینجا موضوعی به شما مربوط است." in page_of(client, "/console/notices")


def test_older_notices_stand_on_further_pages(app: Flask, client: FlaskClient) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    people.sign_in(client, manager)
    for n in range(notices.PAGE_SIZE + 5):
        tell(d12, cause=f"campaign:{n}", params={"title": f"پویش {n}"})
    first, next_id = notices.read_notices(manager)
    assert len(first) == notices.PAGE_SIZE and next_id == first[-1].id
    page = page_of(client, f"/console/notices?before={next_id}")
    assert page.count('class="task"') == 5
    assert client.get("/console/notices?before=x").status_code == client.get("/console/notices?before=-7").status_code == 200


def test_each_person_chooses_what_comes_by_sms(app: Flask, client: FlaskClient) -> None:
    _, d12, _, _ = people.make_units()
    manager = people.make_person(d12, Role.MANAGER)
    people.sign_in(client, manager)
    assert "ثبت شمارهٔ همراه" in page_of(client, "/console/notices")
    confirm(manager, NUMBER)
    assert page_of(client, "/console/notices").count("checked") == len(NoticeGroup)
    assert client.post("/console/notices/texts", data={"groups": ["inbox", "other"]}).status_code == 303
    assert page_of(client, "/console/notices").count("checked") == 2
    assert db.session.get_one(User, manager).texts_off == ["approvals", "sending"]
    db.session.rollback()
    assert client.post("/console/notices/texts", data={"groups": ["approvals; DROP"]}).status_code == 303
    assert db.session.get_one(User, manager).texts_off == ["approvals", "sending"]


def test_the_bell_costs_no_statement(app: Flask, client: FlaskClient) -> None:
    _, d12, _, _ = people.make_units()
    people.sign_in(client, people.make_person(d12))
    said: list[str] = []

    def listen(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert client.get("/console/settings").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert sum("FROM notice" in each for each in said) == sum("sign_in_session" in each for each in said) == 1


def test_notices_are_forgotten_after_ninety_days(app: Flask, clock: FrozenClock) -> None:
    _, d12, _, _ = people.make_units()
    people.make_person(d12, Role.MANAGER)
    tell(d12)
    clock.advance(timedelta(days=89))
    assert notices.forget_old_notices() == 0
    clock.advance(timedelta(days=1, seconds=1))
    assert notices.forget_old_notices() == 1 and told() == []
