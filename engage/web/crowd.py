"""How many requests this process has before it, and whether one more is let in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Crowd:
    """Counts requests that wait for a thread and those that are inside; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._waiting = 0

    def joins(self) -> None:
        """A request has come and waits for a thread."""
        with self._lock:
            self._waiting += 1

    def is_called(self) -> None:
        """A request that waited has a thread now."""
        with self._lock:
            self._waiting -= 1

    @contextmanager
    def inside(self, most: int) -> Iterator[bool]:
        """True, and counted while the block runs; False where `most` are before this process already, waiting or inside."""
        with self._lock:
            is_let_in = self._inside + self._waiting < most
            self._inside += is_let_in
        try:
            yield is_let_in
        finally:
            if is_let_in:
                with self._lock:
                    self._inside -= 1


CROWD = Crowd()
"""That of this process. Workers are forked, so each has its own."""
