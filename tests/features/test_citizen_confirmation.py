"""An entry that is confirmed by text: by its link, by an answer, by nobody."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts.commands import pending as commands
from contacts.commands import renew_number, suppress_number
from contacts.queries import find_identity
from contacts.queries.sign_up_pages import entry_counts
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from engage.clock import FrozenClock
from engage.db import db
from engage.refusal import Refused
from engage.sms.simulator.process import SimulatorProcess
from tests.make import make_number
from tests.people import make_units
from tests.sign_up import TOPICS, contact_of, standing


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


def ask(unit: int, number: str) -> int:
    return commands.ask_to_confirm(unit, number, Person(first_name="زهرا", neighbourhood="هرندی"), TOPICS, actor_id=None)


def test_an_entry_is_confirmed_by_its_link_and_only_by_its_button(
    app: Flask, client: FlaskClient, unit: int, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    ask(unit, number)
    drain()
    (message,) = gateway_simulator.inbox(number)
    assert "عدد 1 را بفرستید" in message["message"] and message["message"].endswith("\nلغو11")
    address = re.search(r"https://m12\.example\.ir(/confirm/\w+)", message["message"])
    assert address is not None
    page = client.get(address[1])
    assert "می‌پذیرم شهرداری" in page.text and "زهرا" not in page.text, "a stranger may have got this text"
    assert find_identity(number) is None
    assert "عضو شدید" in client.post(address[1], data={"answer": "yes"}).text
    record = contact_of(number)
    assert (standing(record), record.lines[0].channel, record.neighbourhood) == (set(TOPICS), "double_opt_in", "هرندی")
    assert client.get(address[1]).status_code == client.post(address[1], data={"answer": "yes"}).status_code == 404


@pytest.mark.parametrize("reply", ["1", "۱", " بله. ", "YES"])
def test_an_entry_is_confirmed_by_answering(app: Flask, client: FlaskClient, unit: int, drain: Callable[[], int], reply: str) -> None:
    number = make_number()
    ask(unit, number)
    hook = {"messageid": 77, "from": "0" + number[3:], "to": "2000", "message": reply}
    assert client.post("/hooks/sms/test-webhook-token-0123456789/inbound", data=hook).status_code == 200
    drain()
    assert standing(contact_of(number)) == set(TOPICS)
    assert db.session.scalar(text("SELECT kind FROM inbound_message")) == "yes"


def test_a_no_deletes_the_number_at_once(app: Flask, client: FlaskClient, unit: int) -> None:
    number = make_number()
    pending_id = ask(unit, number)
    answer = client.post(f"/confirm/{commands.confirm_token(pending_id)}", data={"answer": "no"})
    assert answer.status_code == 200 and "حذف شد" in answer.text
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 0 and find_identity(number) is None
    assert db.session.scalar(text("SELECT count(*) FROM single_text WHERE phone_cipher IS NOT NULL")) == 0
    assert entry_counts([unit]).expired_count == 1


def test_no_answer_in_fourteen_days_leaves_only_a_count(app: Flask, unit: int, clock: FrozenClock, drain: Callable[[], int]) -> None:
    number = make_number()
    ask(unit, number)
    drain()
    clock.advance(timedelta(days=13, hours=23))
    assert commands.delete_unanswered() == 0
    clock.advance(timedelta(hours=1))
    assert not commands.confirm_by_reply(number)
    assert commands.delete_unanswered() == 1 and commands.delete_unanswered() == 0
    counts = entry_counts([unit])
    assert (counts.asked_count, counts.confirmed_count, counts.expired_count, counts.waiting_count) == (1, 0, 1, 0)


def test_nobody_is_asked_twice_or_against_a_stop_or_at_night(
    app: Flask, unit: int, clock: FrozenClock, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number, stopped, sleeping = make_number(), make_number(), make_number()
    ask(unit, number)
    with pytest.raises(Refused) as twice:
        ask(unit, number)
    suppress_number(stopped, "sms", actor_id=None)
    with pytest.raises(Refused) as against:
        ask(unit, stopped)
    assert (twice.value.code, against.value.code) == ("confirmation_waiting", "number_suppressed")
    clock.advance(timedelta(hours=12))  # midnight in Tehran
    ask(unit, sleeping)
    drain()
    from contacts.jobs import ring_single_texts

    ring_single_texts()
    drain()
    assert gateway_simulator.inbox(sleeping) == []
    clock.advance(timedelta(hours=9, minutes=1))
    ring_single_texts()
    drain()
    assert len(gateway_simulator.inbox(sleeping)) == 1


def test_a_stop_after_the_question_is_stronger_than_a_yes(app: Flask, client: FlaskClient, unit: int) -> None:
    number = make_number()
    pending_id = ask(unit, number)
    suppress_number(number, "sms", actor_id=None)
    assert not commands.confirm_by_reply(number)
    answer = client.post(f"/confirm/{commands.confirm_token(pending_id)}", data={"answer": "yes"})
    assert answer.status_code == 409 and find_identity(number) is None
    renew_number(number, Channel.PAGE, evidence="صفحه", purposes=())
    assert commands.confirm_by_reply(number)


def test_letters_of_a_confirmation_cannot_be_guessed_from_another(app: Flask, unit: int) -> None:
    one, two = ask(unit, make_number()), ask(unit, make_number())
    first, second = commands.confirm_token(one), commands.confirm_token(two)
    assert commands.read_confirm_token(first) == one
    assert commands.read_confirm_token(first[:11] + second[11:]) is None
    for wrong in ("", first[:-1], first + "2", "x" * 11, "../../" + first, first[:11] + "1"):
        assert commands.read_confirm_token(wrong) is None
