"""Single texts over the real gateway simulator: each arrives exactly once, whatever happens in between, and nothing of it stays."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from contacts.commands import suppress_number
from contacts.commands.single_texts import (
    KEPT,
    delete_settled_texts,
    forget_texts_to,
    local_id,
    queue_text,
    ring_single_texts,
    send_single_texts,
)
from contacts.models import SingleText
from contacts.queries.single_texts import charges_between, cost_since
from engage.clock import FrozenClock, now
from engage.config import Settings
from engage.db import db, transaction
from engage.jobs import queue_named
from engage.sms.simulator.process import SimulatorProcess
from tests.make import make_number

HOUR = timedelta(hours=1)


def states() -> dict[str, int]:
    rows = db.session.execute(text("SELECT state, count(*) FROM single_text GROUP BY state"))
    return {row[0]: row[1] for row in rows}


def send(app: Flask) -> int:
    return send_single_texts(app.extensions["engage_settings"], app.extensions["engage_gateway"])


def kept_words() -> int:
    return db.session.scalar(text("SELECT count(*) FROM single_text WHERE phone_cipher IS NOT NULL OR body_cipher IS NOT NULL")) or 0


def test_a_text_is_sent_within_its_transaction_s_life_and_forgotten(
    app: Flask, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    number = make_number()
    text_id = queue_text("code", unit_id=None, e164=number, body="کد تأیید: 123456", expires_in=HOUR)
    assert text_id >= 2**62
    drain()
    assert [each["message"] for each in gateway_simulator.inbox(number)] == ["کد تأیید: 123456"]
    assert states() == {"accepted": 1} and kept_words() == 0
    drain()
    ring_single_texts()
    assert drain() == 0


def test_a_restored_database_gives_no_text_an_id_the_gateway_remembers(app: Flask, clock: FrozenClock) -> None:
    before = {queue_text("code", unit_id=None, e164=make_number(), body="کد", expires_in=HOUR) for _ in range(20)}
    with transaction() as session:
        session.execute(text("TRUNCATE single_text RESTART IDENTITY"))
    clock.advance(timedelta(seconds=1))
    after = {queue_text("code", unit_id=None, e164=make_number(), body="کد", expires_in=HOUR) for _ in range(20)}
    assert len(before | after) == 40 and max(before) < min(after)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2108, 5, 1), timezones=st.just(UTC)),
    st.integers(0, 2**62),
    st.timedeltas(timedelta(milliseconds=2), timedelta(days=365)),
)
def test_ids_of_texts_rise_with_time_and_fit_the_gateway(at: datetime, serial: int, later: timedelta) -> None:
    assert 2**62 <= local_id(at, serial) < local_id(at + later, 0) < 2**63
    assert local_id(at, serial) != local_id(at, serial + 1)


def test_a_text_whose_transaction_failed_is_not_sent(app: Flask, drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> None:
    number = make_number()

    def change_our_mind() -> None:
        with transaction():
            queue_text("code", unit_id=None, e164=number, body="کد", expires_in=HOUR)
            raise RuntimeError("changed our mind")

    with pytest.raises(RuntimeError):
        change_our_mind()
    drain()
    assert gateway_simulator.inbox(number) == []


def test_codes_go_before_whatever_waits_on_both_queues(app: Flask) -> None:
    for name in ("default", "send"):
        queue_named(name).enqueue_call("contacts.jobs.ring_waiting_imports")
    queue_text("code", unit_id=None, e164=make_number(), body="کد", expires_in=HOUR)
    for name in ("default", "send"):
        assert queue_named(name).jobs[0].func_name.startswith("contacts.jobs.send_single_texts")


@pytest.mark.parametrize("fault", ["reset", "error", "garbled", "empty", "lying_ids", "refuse", "error_before", "hang"])
def test_a_lost_reply_is_looked_up_and_never_sent_blindly(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess, fault: str, settings: Settings
) -> None:
    gateway_simulator.admin("faults", queue=[fault])
    number = make_number()
    queue_text("code", unit_id=None, e164=number, body="کد تأیید: 123456", expires_in=timedelta(hours=3))
    send(app)
    assert states() == {"unknown": 1}
    before = len(gateway_simulator.inbox(number))
    for _ in range(3):  # within the grace nothing is asked and nothing is sent
        send(app)
    assert states() == {"unknown": 1} and len(gateway_simulator.inbox(number)) == before
    for _ in range(4):
        clock.advance(timedelta(seconds=settings.timings.lookup_interval + 1))
        send(app)
    assert len(gateway_simulator.inbox(number)) == 1
    assert states() == {"accepted": 1} and kept_words() == 0


def test_a_worker_killed_after_its_claim_leaves_an_unknown_text_that_arrives_once(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess, settings: Settings
) -> None:
    number = make_number()
    text_id = queue_text("code", unit_id=None, e164=number, body="کد", expires_in=timedelta(hours=3))
    with transaction() as session:  # what a process that died between claim and call leaves behind
        session.execute(
            update(SingleText)
            .where(SingleText.id == text_id)
            .values(state="sending", claim_token=b"dead", lease_until=now() + timedelta(seconds=settings.timings.lease), attempt_count=1)
        )
    send(app)
    assert states() == {"sending": 1}
    clock.advance(timedelta(seconds=settings.timings.lease + 1))
    ring_single_texts()
    send(app)
    assert states() == {"unknown": 1} and gateway_simulator.inbox(number) == []
    for _ in range(3):
        clock.advance(timedelta(seconds=settings.timings.lookup_interval + 1))
        send(app)
    assert len(gateway_simulator.inbox(number)) == 1 and states() == {"accepted": 1}


def test_a_late_answer_of_a_lost_lease_changes_nothing(app: Flask, clock: FrozenClock, settings: Settings) -> None:
    from contacts.commands import single_texts

    text_id = queue_text("code", unit_id=None, e164=make_number(), body="کد", expires_in=HOUR)
    claim = single_texts._claim(settings)
    assert claim is not None and [each.id for each in claim.texts] == [text_id]
    assert single_texts._claim(settings) is None  # nobody else gets it
    clock.advance(timedelta(seconds=settings.timings.lease + 1))
    single_texts._expire_leases()
    outcomes = app.extensions["engage_gateway"].send(settings.gateway_line, [each.outgoing for each in claim.texts])
    single_texts._settle(settings, claim, outcomes)
    assert states() == {"unknown": 1}


def test_refusals_wait_and_are_tried_again_and_old_texts_are_not_sent(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess
) -> None:
    gateway_simulator.admin("faults", queue=["409", "418"])
    first, second = make_number(), make_number()
    queue_text("code", unit_id=None, e164=first, body="یک", expires_in=timedelta(minutes=10))
    send(app)
    assert states() == {"pending": 1}
    clock.advance(timedelta(seconds=10))
    send(app)  # no credit: it waits as long as it is worth anything
    assert states() == {"pending": 1}
    clock.advance(timedelta(minutes=5))
    queue_text("code", unit_id=None, e164=second, body="دو", expires_in=timedelta(seconds=5))
    clock.advance(timedelta(seconds=6))
    send(app)
    ring_single_texts()
    assert states() == {"accepted": 1, "expired": 1} and kept_words() == 0
    assert len(gateway_simulator.inbox(first)) == 1 and gateway_simulator.inbox(second) == []


def test_an_unknown_text_too_old_to_go_keeps_no_number_and_never_goes(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess, settings: Settings
) -> None:
    gateway_simulator.admin("faults", queue=["refuse"])
    number = make_number()
    queue_text("code", unit_id=None, e164=number, body="کد", expires_in=timedelta(minutes=1))
    send(app)
    clock.advance(timedelta(minutes=2))
    ring_single_texts()
    assert states() == {"unknown": 1} and kept_words() == 0
    for _ in range(4):
        clock.advance(timedelta(seconds=settings.timings.lookup_interval + 1))
        send(app)
    assert states() == {"expired": 1} and gateway_simulator.inbox(number) == []


def test_a_hundred_texts_through_a_bad_hour_arrive_exactly_once(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess, settings: Settings
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    gateway_simulator.admin("faults", rates={"reset": 0.2, "error": 0.2, "refuse": 0.1, "409": 0.1, "garbled": 0.1}, seed=seed)
    numbers = [make_number() for _ in range(100)]
    for number in numbers:
        queue_text("code", unit_id=None, e164=number, body=f"متن {number[-4:]}", expires_in=timedelta(hours=8))
    for round_ in range(60):
        if round_ == 20:
            gateway_simulator.admin("faults", rates={})
        send(app)
        ring_single_texts()
        if states().keys() == {"accepted"}:
            break
        clock.advance(timedelta(seconds=settings.timings.lookup_interval / 2))
    received = Counter(each["receptor"] for each in gateway_simulator.ledger())
    assert states() == {"accepted": 100} and kept_words() == 0
    assert len(received) == 100 and set(received.values()) == {1}


def test_nothing_unasked_goes_to_a_stopped_number(app: Flask, gateway_simulator: SimulatorProcess) -> None:
    number = make_number()
    queue_text("confirm", unit_id=None, e164=number, body="می‌خواهید؟", expires_in=HOUR)
    queue_text("code", unit_id=None, e164=number, body="کد", expires_in=HOUR)
    suppress_number(number, "sms", actor_id=None)
    send(app)
    assert [each["message"] for each in gateway_simulator.inbox(number)] == ["کد"]
    row = db.session.scalar(select(SingleText).where(SingleText.kind == "confirm"))
    assert row is not None and (row.state, row.failure, row.phone_cipher) == ("failed", "suppressed", None)


def test_each_text_goes_on_its_own_line_and_one_line_s_refusal_holds_up_no_other(app: Flask, gateway_simulator: SimulatorProcess) -> None:
    here, elsewhere = make_number(), make_number()
    queue_text("conversation", unit_id=None, e164=elsewhere, body="پرسش", expires_in=HOUR, line="20009999")
    queue_text("conversation", unit_id=None, e164=here, body="پرسش", expires_in=HOUR)
    send(app)
    # The gateway has no line 20009999: had the text gone on the other one, it would have been taken.
    assert (len(gateway_simulator.inbox(here)), len(gateway_simulator.inbox(elsewhere))) == (1, 0)
    assert states()["accepted"] == 1 and len(states()) == 2


def test_what_a_campaign_was_charged_stays_when_other_rows_go(app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess) -> None:
    for campaign_id in (7, 7, None):
        queue_text("conversation", unit_id=None, e164=make_number(), body="پرسش " * 20, expires_in=HOUR, charged_to=campaign_id)
    begun, credit = now(), app.extensions["engage_gateway"].account().credit
    send(app)
    charged = credit - app.extensions["engage_gateway"].account().credit
    assert charged > 0 and cost_since(begun) == charged and cost_since(begun + HOUR) == 0
    (charge,) = charges_between([7, 8], begun, begun + HOUR)
    assert (charge.charged_to, charge.texts, charge.pages, charge.cost) == (7, 2, 4, charged * 2 // 3)
    clock.advance(KEPT + timedelta(days=1))
    assert delete_settled_texts() == 1
    assert charges_between([7], begun, begun + HOUR) == [charge]


def test_an_erased_number_s_texts_are_recalled_and_rows_do_not_stay_for_ever(
    app: Flask, clock: FrozenClock, gateway_simulator: SimulatorProcess
) -> None:
    erased, other = make_number(), make_number()
    for number in (erased, other):
        queue_text("code", unit_id=None, e164=number, body="کد", expires_in=HOUR)
    assert forget_texts_to(erased) == 1
    send(app)
    assert gateway_simulator.inbox(erased) == [] and len(gateway_simulator.inbox(other)) == 1
    clock.advance(KEPT + timedelta(days=1))
    assert delete_settled_texts() == 2
