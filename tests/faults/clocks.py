"""A clock that is put wrong while everything runs: ours and the gateway's jump together, as on machines that one host carries.

The jump stands in a file that every process reads, in the manner of a changed system clock: nobody is told, the next look at the clock
shows it. `python -m tests.faults.clocks work send` is `engage work send` on that clock.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import engage.clock

VARIABLE = "ENGAGE_FAULT_CLOCK"
_SECONDS = struct.Struct("=d")


class JumpingClock:
    """The machine's clock, moved by a constant and by what the file says just now."""

    def __init__(self, path: Path, offset_seconds: float) -> None:
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SECONDS.size)
        self.offset_seconds = offset_seconds

    @property
    def jump_seconds(self) -> float:
        return float(_SECONDS.unpack(self._shared[:])[0])

    def jump(self, seconds: float) -> None:
        self._shared[:] = _SECONDS.pack(seconds)

    def now(self) -> datetime:
        return self.true_now() + timedelta(seconds=self.jump_seconds)

    def true_now(self) -> datetime:
        """What it would show if it had never been put wrong."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)


@dataclass
class Jump:
    """A time, by the right clock, in which all clocks were wrong."""

    seconds: float
    begins: datetime
    ends: datetime | None = None
    first_place: int | None = None
    last_place: int | None = None
    """Where in the gateway's ledger its own clock was wrong, in bytes"""

    def true_moment(self, stamp: datetime, place: int) -> datetime | None:
        """When the ledger's line at `place` was really written, if during this jump; None for others."""
        if self.first_place is None or place < self.first_place or (self.last_place is not None and place >= self.last_place):
            return None
        moment = stamp - timedelta(seconds=self.seconds)
        return moment if self.begins <= moment and (self.ends is None or moment <= self.ends) else None


def put_under(path: Path) -> None:
    """From now on this process' clock is the shared one."""
    shared = JumpingClock(path, 0.0)
    right = engage.clock.SystemClock.now

    def now(self: engage.clock.SystemClock) -> datetime:
        return right(self) + timedelta(seconds=shared.jump_seconds)

    engage.clock.SystemClock.now = now  # type: ignore[method-assign]




if __name__ == "__main__":
    put_under(Path(os.environ[VARIABLE]))
    from engage.cli import main

    sys.argv[0] = "engage"
    main()
