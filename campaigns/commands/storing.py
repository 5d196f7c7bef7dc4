"""Delivery reports of a burst, stored a commit at a time: whoever comes while one is being written waits for the next.

A gateway tells of ten thousand texts at once, one call each. A commit for every call would take all of them to the disk one by one; so
the calls of one process that come together share theirs. A call is answered 200 only after the commit that holds its report; what
can't be stored is refused, and the gateway tells it again.
"""

from __future__ import annotations

import threading
from datetime import datetime

import structlog
from psycopg import Error as DriverError
from sqlalchemy.exc import SQLAlchemyError

from engage.db import db, driver_connection

log = structlog.get_logger(__name__)

MOST_WAITING = 5_000
"""Reports of one process that may wait for their commit; more are refused."""
WAIT = 10.0
"""Seconds a call waits for its commit; the gateway gives up later than that."""

_INSERT = """
    INSERT INTO receipt (gateway_id, status, received_at, try_at)
    SELECT gateway_id, status, %(at)s, %(at)s FROM unnest(%(ids)s::bigint[], %(statuses)s::smallint[]) AS given(gateway_id, status)
"""


class _Call:
    """One report that waits to be written."""

    __slots__ = ("at", "done", "gateway_id", "is_stored", "status")

    def __init__(self, gateway_id: int, status: int, at: datetime) -> None:
        self.gateway_id, self.status, self.at = gateway_id, status, at
        self.done = threading.Event()
        self.is_stored = False


class ReceiptBuffer:
    """Shares one INSERT and one commit among the calls that come while the last one is being written. Safe to share between threads."""

    def __init__(self) -> None:
        self._waiting: list[_Call] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def store(self, gateway_id: int, status: int, at: datetime) -> tuple[bool, bool]:
        """(whether the report is safely written, whether this call wrote, for itself and others)."""
        call = _Call(gateway_id, status, at)
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                return False, False
            self._waiting.append(call)
        if not self._writing.acquire(timeout=WAIT):
            return self._withdraw(call), False
        try:
            if call.done.is_set():
                return call.is_stored, False
            with self._lock:
                calls, self._waiting = self._waiting, []
            self._write(calls)
            return call.is_stored, True
        finally:
            self._writing.release()

    def _withdraw(self, call: _Call) -> bool:
        """A call that waited too long isn't written any more, unless it just was."""
        with self._lock:
            if call in self._waiting:
                self._waiting.remove(call)
                return False
        return call.done.wait(WAIT) and call.is_stored

    def _write(self, calls: list[_Call]) -> None:
        try:
            _insert(calls)
        except (SQLAlchemyError, DriverError) as error:
            log.warning("receipts_not_stored", count=len(calls), error=type(error).__name__)
        else:
            for call in calls:
                call.is_stored = True
        finally:
            for call in calls:
                call.done.set()


def _insert(calls: list[_Call]) -> None:
    """One statement that commits itself: half the way to the database that a transaction takes."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver_connection(connection).execute(
            _INSERT, {"ids": [c.gateway_id for c in calls], "statuses": [c.status for c in calls], "at": calls[0].at}, prepare=True
        )


BUFFER = ReceiptBuffer()
"""That of this process. Workers are forked, so each has its own."""
