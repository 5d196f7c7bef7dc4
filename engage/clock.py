"""The one source of the present moment, so that rules, tests and rehearsals decide what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from flask import current_app

TEHRAN = ZoneInfo("Asia/Tehran")
_RUNNING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by a constant: every process of a rehearsal shares the same offset."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


class FrozenClock:
    """Stands still until moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)


def now() -> datetime:
    """The present by the running application's clock."""
    clock: Clock = current_app.extensions["engage_clock"]
    return clock.now()


def today_in_tehran() -> datetime:
    """The present in the citizens' time zone; its date is the Gregorian day they are living."""
    return now().astimezone(TEHRAN)


def running_time() -> float:
    """Seconds the machine has been running, its sleep included: for spans that must not change when a clock is put right. It compares
    with itself on the same machine alone."""
    return time.clock_gettime(_RUNNING)
