"""kill -9 while an anonymous answer is taken, moved, or the seal is broken: held at a chosen step by a lock of ours, killed there, and
done again. Nothing is lost, doubled, or left readable."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from flask import Flask

from engage.config import Settings
from engage.db import db, dispose_after_fork
from surveys.sealing import break_seal, move_sealed_answers, ring_for_seals, seal_state
from surveys.sealing.keys import key_path
from surveys.sealing.locks import gate_name
from surveys.submission import Outcome
from tests.sealed import Asked, ask, buffered, close, rows, stored

ANSWERS = 45
PATIENCE = 20.0


@contextmanager
def held(settings: Settings, statement: str, *values: object) -> Iterator[None]:
    """This lock is ours until the end of the block."""
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        connection.execute(statement, values)
        yield
        connection.rollback()


def waiting() -> list[int]:
    """Backends that wait for a lock."""
    found = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return [row[0] for row in rows(found)]


def begin(app: Flask, work: Callable[[], object]) -> int:
    """A process that does this and nothing else; its id."""
    db.session.remove()
    pid = os.fork()
    if pid:
        return pid
    try:
        with app.app_context():
            dispose_after_fork()
            work()
    finally:
        os._exit(0)


def until_held(count: int = 1) -> list[int]:
    deadline = time.monotonic() + PATIENCE
    while len(found := waiting()) < count:
        assert time.monotonic() < deadline, "it never came to the lock"
        time.sleep(0.01)
    return found


def kill(pid: int) -> None:
    """Killed at its lock, with the connection it leaves behind."""
    backends = until_held()
    os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    deadline = time.monotonic() + PATIENCE
    for backend in backends:
        rows("SELECT pg_terminate_backend(:pid)", pid=backend)
        while rows("SELECT 1 FROM pg_stat_activity WHERE pid = :pid", pid=backend):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def answered() -> Asked:
    asked = ask(ANSWERS)
    for place in range(ANSWERS):
        asked.answer(place)
    return asked


SEAL_ROW = "SELECT FROM survey_seal WHERE survey_id = %s FOR UPDATE"
VACUUM = "LOCK TABLE survey_sealed_answer IN SHARE UPDATE EXCLUSIVE MODE"
GATE = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"


@pytest.mark.parametrize(
    "stage", ["waits for answers on their way", "has rewritten, not decided", "has decided, not cleaned", "key is overwritten"]
)
def test_breaking_a_seal_is_resumed_wherever_it_was_killed(app: Flask, settings: Settings, stage: str) -> None:
    asked = answered()
    assert move_sealed_answers(asked.survey_id) == 20
    close(asked)
    path = key_path(asked.public)
    with ExitStack() as locks, contextlib.suppress(ProcessLookupError):
        if stage == "waits for answers on their way":
            locks.enter_context(held(settings, GATE, gate_name(asked.survey_id)))
        elif stage == "has rewritten, not decided":
            locks.enter_context(held(settings, SEAL_ROW, asked.survey_id))
        elif stage == "has decided, not cleaned":
            locks.enter_context(held(settings, VACUUM))
        pid = -1
        if stage == "key is overwritten":
            with held(settings, VACUUM):
                pid = begin(app, lambda: break_seal(asked.survey_id))
                until_held()
                locks.enter_context(held(settings, SEAL_ROW, asked.survey_id))
            time.sleep(0.1)  # it leaves the one lock for the other
        else:
            pid = begin(app, lambda: break_seal(asked.survey_id))
        kill(pid)
    decided = stage in ("has decided, not cleaned", "key is overwritten")
    assert seal_state(asked.survey_id) == ("opened" if decided else "open")
    assert (len(stored(asked)), buffered(asked)) == ((45, 0) if decided else (20, 25))
    assert path.exists() and (path.stat().st_size == 0) == (stage == "key is overwritten")
    assert rows("SELECT destroyed_at FROM survey_seal") == [(None,)]
    assert ring_for_seals() == 1
    assert break_seal(asked.survey_id)
    assert sorted(stored(asked)) == list(range(ANSWERS)) and buffered(asked) == 0
    assert len({row[0] for row in rows("SELECT xmin::text FROM response")}) == 1
    assert not path.exists() and seal_state(asked.survey_id) == "opened"
    assert ring_for_seals() == 0 and break_seal(asked.survey_id) is False


def test_a_killed_mover_has_moved_nothing(app: Flask, settings: Settings) -> None:
    asked = answered()
    before = rows("SELECT id, sealed FROM survey_sealed_answer ORDER BY id")
    with held(settings, "LOCK TABLE outbox IN SHARE MODE"):
        kill(begin(app, lambda: move_sealed_answers(asked.survey_id)))
    assert stored(asked) == [] and rows("SELECT id, sealed FROM survey_sealed_answer ORDER BY id") == before
    assert move_sealed_answers(asked.survey_id) == 20
    assert len(set(stored(asked))) == 20 and buffered(asked) == 25


def test_an_answer_whose_process_died_before_the_link_was_burnt_counts_once(app: Flask, settings: Settings) -> None:
    asked = ask(1)
    with held(settings, "SELECT FROM invitation FOR UPDATE"):
        kill(begin(app, lambda: asked.answer(0)))
    assert buffered(asked) == 1 and rows("SELECT answered FROM invitation") == [(False,)]
    again = [asked.answer(0) for _ in range(2)]
    assert {each.outcome for each in again} == {Outcome.REPEATED} and len({each.receipt_code for each in again}) == 1
    assert buffered(asked) == 1 and rows("SELECT answered, started_at FROM invitation") == [(True, None)]


def test_a_process_that_dies_before_its_answer_is_written_leaves_nothing(app: Flask, settings: Settings) -> None:
    asked = ask(1)
    with held(settings, "LOCK TABLE survey_sealed_answer IN SHARE MODE"):
        kill(begin(app, lambda: asked.answer(0)))
    assert buffered(asked) == 0 and rows("SELECT 1 FROM survey_sealed_once") == []
    assert asked.answer(0).outcome is Outcome.RECORDED


def test_a_frozen_process_holds_nobody_up_for_good(app: Flask, settings: Settings) -> None:
    """One that stopped in the middle of a move has its turn; the others pass on, citizens answer, and all goes on once it is gone."""
    asked = ask(ANSWERS + 1)
    for place in range(ANSWERS):
        asked.answer(place)
    with held(settings, "LOCK TABLE outbox IN SHARE MODE"):
        pid = begin(app, lambda: move_sealed_answers(asked.survey_id))
        until_held()
        os.kill(pid, signal.SIGSTOP)
        assert move_sealed_answers(asked.survey_id) == 0
        assert not break_seal(asked.survey_id)
        assert asked.answer(ANSWERS).outcome is Outcome.RECORDED
        kill(pid)
    assert move_sealed_answers(asked.survey_id) == 20 and len(set(stored(asked))) == 20 and buffered(asked) == 26


def test_an_answer_on_its_way_is_waited_for_when_the_seal_is_broken(app: Flask, settings: Settings) -> None:
    """It saw the survey open and was held up; the survey was closed and its seal is being broken before it was written."""
    asked = ask(31)
    for place in range(30):
        asked.answer(place)
    outcomes: list[object] = []

    def in_thread(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            with app.app_context():
                outcomes.append(work())
                db.session.remove()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with held(settings, "LOCK TABLE survey_sealed_answer IN SHARE MODE"):
        threads = [in_thread(lambda: asked.answer(30).outcome)]
        until_held()
        close(asked)
        threads.append(in_thread(lambda: break_seal(asked.survey_id)))
        until_held(2)
    for thread in threads:
        thread.join(PATIENCE)
    assert outcomes == [Outcome.RECORDED, True]
    assert sorted(stored(asked)) == list(range(31))
