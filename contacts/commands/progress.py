"""How far a long import is, told from outside its transaction."""

from __future__ import annotations

import time
from types import TracebackType

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from engage.db import db

_INTERVAL = 0.3


class Progress:
    """Writes `contact_import.done_count` through a connection of its own, at most three times a second; a page must never wait for it."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._connection: Connection | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def report(self, done: int) -> None:
        if time.monotonic() - self._last < _INTERVAL:
            return
        self._last = time.monotonic()
        try:
            if self._connection is None:
                self._connection = db.engine.connect()
            with self._connection.begin():
                self._connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
                self._connection.execute(
                    text("UPDATE contact_import SET done_count = LEAST(:done, row_count) WHERE id = :id"),
                    {"done": done, "id": self._import_id},
                )
        except SQLAlchemyError:
            pass  # a bar that stands still for a moment

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()
