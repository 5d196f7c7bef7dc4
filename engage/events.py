"""Events: what happened, told upwards without knowing who listens.

`publish` writes the event into the outbox in the caller's own transaction, with one delivery row per subscriber. After the
commit each delivery gets a job; a delivery marks its row in the subscriber's own transaction, so a second run finds it marked
and does nothing. What was never delivered is rung for again by the sweeper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import structlog
from flask import Flask, current_app
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, SmallInteger, Text, delete, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.clock import now
from engage.config import Settings
from engage.db import Model, UTCDateTime, db, transaction
from engage.jobs import enqueue_after_commit, register_sweep, ring

log = structlog.get_logger(__name__)

KEEP_DELIVERED = timedelta(days=7)


@dataclass(frozen=True)
class Event:
    """Something that has happened: ids and primitives only, never a phone number or an answer."""

    registry: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.__name__ in Event.registry:
            raise ValueError(f"two events are called {cls.__name__}")
        Event.registry[cls.__name__] = cls


E = TypeVar("E", bound=Event)


class Outbox(Model):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Delivery(Model):
    __tablename__ = "outbox_delivery"

    event_id: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True)
    subscriber: Mapped[str] = mapped_column(Text, primary_key=True)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ring_at: Mapped[datetime] = mapped_column(UTCDateTime)
    rings: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")

    __table_args__ = (Index("ix_outbox_delivery_open", "ring_at", postgresql_where=delivered_at.is_(None)),)


def install(app: Flask) -> None:
    app.extensions["engage_subscribers"] = {}
    register_sweep(app, "events", lambda s: s.timings.sweep, ring_undelivered)
    register_sweep(app, "outbox_tidy", lambda s: 3600.0, forget_delivered)


def subscribe(app: Flask, event_type: type[E], function: Callable[[E], None], name: str | None = None) -> None:
    """Call `function(event)` once for every event of this type, in a transaction of its own, some time after the publisher's commit.

    `name` identifies the subscriber in the database and must not change: deliveries of the past are kept under it.
    """
    subscribers: dict[str, dict[str, Callable[..., None]]] = app.extensions["engage_subscribers"]
    of_type = subscribers.setdefault(event_type.__name__, {})
    key = name or function.__name__
    if key in of_type:
        raise ValueError(f"{event_type.__name__} already has a subscriber {key}")
    of_type[key] = function


def publish(event: Event, *, coalesce: bool = False) -> None:
    """Record `event` in the current transaction; its subscribers run after the commit, each exactly once in effect.

    `coalesce` is for events that only say "look again": one that nobody has begun to deliver stands for this one, too.
    """
    names = current_app.extensions["engage_subscribers"].get(type(event).__name__, {})
    if not names:
        return
    at = now()
    session = db.session
    if coalesce and _is_waiting(event, len(names)):
        return
    event_id = session.execute(
        insert(Outbox).values(name=type(event).__name__, payload=asdict(event), occurred_at=at).returning(Outbox.id)
    ).scalar_one()
    ring_at = at + timedelta(seconds=_settings().timings.ring_again)
    session.execute(insert(Delivery), [{"event_id": event_id, "subscriber": name, "ring_at": ring_at} for name in names])
    for name in names:
        enqueue_after_commit("default", deliver, event_id, name)


def _is_waiting(event: Event, subscribers: int) -> bool:
    # A delivery under way holds its row's lock and may have looked already, so locked rows don't count; ours are kept from
    # being delivered until we commit.
    waiting = (
        select(Delivery.event_id)
        .join(Outbox, Outbox.id == Delivery.event_id)
        .where(Delivery.delivered_at.is_(None), Outbox.name == type(event).__name__, Outbox.payload == asdict(event))
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return len(db.session.execute(waiting).all()) >= subscribers


def deliver(event_id: int, subscriber: str) -> None:
    """Run one subscriber for one event, unless that was done already. The job behind every delivery."""
    with transaction() as session:
        marked = session.execute(
            update(Delivery)
            .where(Delivery.event_id == event_id, Delivery.subscriber == subscriber, Delivery.delivered_at.is_(None))
            .values(delivered_at=now())
            .returning(Delivery.event_id)
        ).first()
        if marked is None:
            return
        name, payload = session.execute(select(Outbox.name, Outbox.payload).where(Outbox.id == event_id)).one()
        function = current_app.extensions["engage_subscribers"].get(name, {}).get(subscriber)
        if function is None:
            # A subscriber of an older release: nobody will ever take this delivery.
            log.warning("subscriber_gone", event_name=name, subscriber=subscriber)
            return
        event_type = Event.registry[name]
        known = {each.name for each in fields(event_type)}
        function(event_type(**{key: value for key, value in payload.items() if key in known}))


def ring_undelivered() -> int:
    """Ring again for deliveries whose time came without anybody taking them; each waits twice as long as before."""
    at = now()
    again = _settings().timings.ring_again
    with transaction() as session:
        due = session.execute(
            select(Delivery.event_id, Delivery.subscriber, Delivery.rings)
            .where(Delivery.delivered_at.is_(None), Delivery.ring_at <= at)
            .order_by(Delivery.ring_at)
            .limit(500)
            .with_for_update(skip_locked=True)
        ).all()
        for event_id, subscriber, rings in due:
            wait = timedelta(seconds=again * 2 ** min(rings + 1, 6))
            session.execute(
                update(Delivery)
                .where(Delivery.event_id == event_id, Delivery.subscriber == subscriber)
                .values(ring_at=at + wait, rings=min(rings + 1, 1000))
            )
    for event_id, subscriber, _ in due:
        ring("default", deliver, event_id, subscriber)
    return len(due)


def forget_delivered() -> None:
    """Delete events all of whose subscribers were served more than a week ago."""
    before = now() - KEEP_DELIVERED
    with transaction() as session:
        open_events = select(Delivery.event_id).where(Delivery.delivered_at.is_(None))
        session.execute(delete(Outbox).where(Outbox.occurred_at < before, Outbox.id.not_in(open_events)))


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
