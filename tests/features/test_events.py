"""The outbox: nothing published is lost, nothing is delivered twice, nothing rolled back is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from engage import events
from engage.db import db, transaction
from engage.events import Event, deliver, publish, ring_undelivered, subscribe
from engage.jobs import queue_named, redis_connection, ring


@dataclass(frozen=True)
class LampLit(Event):
    lamp_id: int


heard: list[tuple[str, int]] = []
broken: set[str] = set()


def hear(name):
    def listener(event):
        if name in broken:
            raise RuntimeError("not now")
        heard.append((name, event.lamp_id))

    return listener


@pytest.fixture
def listeners(app):
    heard.clear()
    broken.clear()
    for name in ("first", "second"):
        subscribe(app, LampLit, hear(name), name)
    yield
    app.extensions["engage_subscribers"].pop("LampLit")


def waiting():
    count = db.session.execute(text("SELECT count(*) FROM outbox_delivery WHERE delivered_at IS NULL")).scalar_one()
    db.session.rollback()
    return count


def test_every_subscriber_hears_once_after_the_commit(listeners, drain):
    with transaction():
        publish(LampLit(7))
        assert heard == []
    drain()
    assert sorted(heard) == [("first", 7), ("second", 7)]
    event_id = db.session.execute(text("SELECT max(id) FROM outbox")).scalar_one()
    db.session.rollback()
    deliver(event_id, "first")
    assert len(heard) == 2


def test_what_is_rolled_back_was_never_said(listeners, drain):
    def change_of_mind():
        with transaction():
            publish(LampLit(7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_of_mind()
    drain()
    assert heard == []
    assert waiting() == 0


def test_a_lost_queue_costs_time_only(listeners, drain, clock):
    with transaction():
        publish(LampLit(7))
    redis_connection().flushdb()
    assert ring_undelivered() == 0
    clock.advance(timedelta(seconds=21))
    assert ring_undelivered() == 2
    drain()
    assert len(heard) == 2


def test_a_subscriber_that_fails_is_tried_again_and_holds_up_nobody(listeners, drain, clock):
    broken.add("first")
    with transaction():
        publish(LampLit(7))
    with pytest.raises(RuntimeError):
        drain()
    redis_connection().flushdb()
    broken.clear()
    clock.advance(timedelta(seconds=21))
    ring_undelivered()
    drain()
    assert sorted(heard) == [("first", 7), ("second", 7)]


def test_asking_to_look_again_is_said_once_until_somebody_looks(listeners, drain):
    for _ in range(5):
        with transaction():
            publish(LampLit(7), coalesce=True)
    with transaction():
        publish(LampLit(8), coalesce=True)
    drain()
    assert sorted(heard) == [("first", 7), ("first", 8), ("second", 7), ("second", 8)]
    with transaction():
        publish(LampLit(7), coalesce=True)
    drain()
    assert len(heard) == 6


def test_delivered_events_are_forgotten_after_a_week_and_open_ones_never(listeners, drain, clock):
    with transaction():
        publish(LampLit(1))
    drain()
    with transaction():
        publish(LampLit(2))
    clock.advance(timedelta(days=8))
    events.forget_delivered()
    assert db.session.execute(text("SELECT payload FROM outbox")).scalars().all() == [{"lamp_id": 2}]


def test_one_bell_hangs_at_a_door_however_often_it_is_rung(listeners, drain):
    for _ in range(4):
        assert ring("default", ring_undelivered)
    assert queue_named("default").count == 1
    drain()
    assert ring("default", ring_undelivered)
    assert queue_named("default").count == 1


def test_a_bell_whose_job_waits_stays_one_and_one_whose_job_is_lost_rings_anew(listeners):
    queue = queue_named("default")
    assert ring("default", ring_undelivered)
    assert redis_connection().ttl(f"engage:bell:{ring_undelivered.__module__}.{ring_undelivered.__qualname__}:") == -1
    (job_id,) = queue.job_ids
    assert ring("default", ring_undelivered, at_front=True)
    assert queue.job_ids == [job_id]
    queue.remove(job_id)
    assert ring("default", ring_undelivered)
    assert queue.count == 1
    assert queue.job_ids != [job_id]
