"""An anonymous answer counts once: sent by many at once, again, late, or while its seal is broken."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import FrozenClock
from engage.db import db, transaction
from engage.jobs import redis_connection
from surveys import commands
from surveys.models import Channel
from surveys.queries import find_link
from surveys.sealing import (
    break_seal,
    is_turn_sealed,
    move_sealed_answers,
    receipt_of,
    ring_for_seals,
    seal_entrance_response,
    seal_response,
    seal_state,
)
from surveys.sealing.answers import earlier_sealed_submission
from surveys.submission import Outcome, Submission
from tests import make
from tests.sealed import ask, buffered, close, rows, stored

SUBMITS = 1000 if os.environ.get("ENGAGE_FAULT_SEEDS") else 300


def in_threads(app: Flask, works: Sequence[Callable[[], Any]], count: int = 8) -> list[Any]:
    """What these came to, `count` of them at once."""
    results: list[Any] = []
    left = list(works)
    start = threading.Barrier(count)

    def run() -> None:
        with app.app_context():
            start.wait()
            while True:
                try:
                    work = left.pop()
                except IndexError:
                    break
                try:
                    results.append(work())
                except Exception as error:
                    results.append(error)
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    return results


def test_many_parallel_submits_of_one_link_are_one_answer(app: Flask) -> None:
    asked = ask(1)
    results = in_threads(app, [lambda: asked.answer(0)] * SUBMITS)
    assert len(results) == SUBMITS
    assert Counter(each.outcome for each in results) == {Outcome.RECORDED: 1, Outcome.REPEATED: SUBMITS - 1}
    receipts = {each.receipt_code for each in results}
    assert len(receipts) == 1 and len(receipts.pop()) == 5 and {each.submitted_at for each in results} == {None}
    assert buffered(asked) == 1 and rows("SELECT answered, started_at FROM invitation") == [(True, None)]


def test_a_link_answers_once_also_after_its_answer_moved_on(app: Flask) -> None:
    asked = ask(40)
    first = [asked.answer(place) for place in range(40)]
    assert len({each.receipt_code for each in first}) > 35
    move_sealed_answers(asked.survey_id)
    # As if every process had died before it burnt its link.
    with transaction() as session:
        session.execute(text("UPDATE invitation SET answered = false"))
    again = [asked.answer(place) for place in range(40)]
    assert {each.outcome for each in again} == {Outcome.REPEATED}
    assert [each.receipt_code for each in again] == [each.receipt_code for each in first]
    assert len(stored(asked)) + buffered(asked) == 40
    assert rows("SELECT count(*) FROM invitation WHERE answered") == [(40,)]
    link = find_link(asked.tokens[3])
    assert link is not None and earlier_sealed_submission(link, asked.tokens[3]).receipt_code == first[3].receipt_code


def test_answers_that_arrive_while_the_seal_is_broken_are_kept_or_told_that_they_are_late(app: Flask) -> None:
    asked = ask(160)
    for place in range(30):
        asked.answer(place)
    works: list[Callable[[], Any]] = [lambda place=place: (place, asked.answer(place)) for place in range(30, 160)]  # type: ignore[misc]
    works.insert(75, lambda: (close(asked), break_seal(asked.survey_id)))
    results = in_threads(app, works)
    broken = [each for each in results if each == (None, True)]
    assert len(broken) == 1
    told = {place: each.outcome for place, each in (each for each in results if each not in broken)}
    kept = {place for place, outcome in told.items() if outcome is Outcome.RECORDED} | set(range(30))
    assert set(told.values()) == {Outcome.RECORDED, Outcome.TOO_LATE}
    assert sorted(stored(asked)) == sorted(kept) and buffered(asked) == 0


def test_movers_in_many_copies_lose_and_double_nothing(app: Flask) -> None:
    asked = ask(120)
    for place in range(120):
        asked.answer(place)
    moved = in_threads(app, [lambda: move_sealed_answers(asked.survey_id)] * 12, count=4)
    assert sum(moved) == 100 and len(set(stored(asked))) == 100 and buffered(asked) == 20
    close(asked)
    done = in_threads(app, [lambda: break_seal(asked.survey_id)] * 6, count=3)
    assert set(done) <= {True, False} and True in done
    assert sorted(stored(asked)) == list(range(120))


def test_who_comes_too_late_leaves_nothing(app: Flask, clock: FrozenClock) -> None:
    asked = ask(3)
    commands.revoke_invitations_of(asked.identities[0])
    late = find_link(asked.tokens[1])
    revoked = find_link(asked.tokens[0])
    assert late is not None and revoked is not None
    assert seal_response(revoked, asked.tokens[0], asked.version_id, {"q1": "park"}) == Submission(Outcome.TOO_LATE)
    clock.advance(timedelta(days=21))
    assert asked.answer(1) == Submission(Outcome.TOO_LATE)
    assert earlier_sealed_submission(late, asked.tokens[1]).outcome is Outcome.TOO_LATE
    assert buffered(asked) == 0 and rows("SELECT 1 FROM survey_sealed_once") == []


def test_no_more_answers_than_were_wanted(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(40)
    commands.publish_survey(asked.survey_id, closes_at=make.now() + timedelta(days=20), results_on=None, actor_id=None, response_limit=25)
    results = in_threads(app, [lambda place=place: asked.answer(place) for place in range(40)])  # type: ignore[misc]
    assert Counter(each.outcome for each in results) == {Outcome.RECORDED: 25, Outcome.FULL: 15}
    assert rows("SELECT count(*) FROM invitation WHERE answered") == [(25,)] and buffered(asked) == 25
    redis_connection().flushdb()  # the bell is lost
    assert ring_for_seals() == 1
    drain()
    assert rows("SELECT state FROM survey") == [("closed",)] and seal_state(asked.survey_id) == "opened"
    assert len(set(stored(asked))) == 25 and ring_for_seals() == 0


def test_an_answer_inside_another_transaction_is_refused(app: Flask) -> None:
    asked = ask(1)
    with pytest.raises(RuntimeError), transaction():
        asked.answer(0)
    assert buffered(asked) == 0


def test_a_turn_at_an_entrance_is_sealed_the_same_way(app: Flask) -> None:
    asked = ask(0)
    for turn in range(20):
        given = (asked.survey_id, f"turn-{turn:032}", asked.version_id, {"q1": "park"})
        first = seal_entrance_response(*given, channel=Channel.KIOSK)
        again = seal_entrance_response(*given, channel=Channel.KIOSK)
        assert (first.outcome, again.outcome) == (Outcome.RECORDED, Outcome.REPEATED) and first.receipt_code == again.receipt_code
        assert is_turn_sealed(asked.survey_id, given[1]) and not is_turn_sealed(asked.survey_id, given[1] + "x")
    close(asked)
    assert break_seal(asked.survey_id)
    assert rows("SELECT channel, count(*) FROM response GROUP BY 1") == [("kiosk", 20)]


def test_the_page_of_a_link_gives_the_same_receipt_for_ever_and_no_time(client: FlaskClient, app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(22)
    path = f"/{asked.tokens[0]}"
    given = {"version": str(asked.version_id), "q1": "park", "q2": "پاسخ-0-"}
    assert client.get(path).status_code == 200
    pages = [client.post(path, data=given) for _ in range(3)]
    receipts = {receipt_of(asked.survey_id, asked.tokens[0])}
    assert [page.status_code for page in pages] == [200] * 3
    assert all(receipt in page.get_data(as_text=True) for page in pages for receipt in receipts)
    assert all("پاسخ-0-" not in page.get_data(as_text=True) for page in pages)
    assert buffered(asked) == 1 and rows("SELECT 1 FROM response") == [] and rows("SELECT 1 FROM response_draft") == []
    assert rows("SELECT answered, started_at FROM invitation WHERE answered") == [(True, None)]
    for place in range(1, 21):
        asked.answer(place)
    close(asked)
    before = client.get(f"/{asked.tokens[21]}").get_data(as_text=True)
    drain()
    after = client.get(f"/{asked.tokens[21]}").get_data(as_text=True)
    assert "۲۱ نفر پاسخ دادند" in after and "نفر پاسخ دادند" not in before
