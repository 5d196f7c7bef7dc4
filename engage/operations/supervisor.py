"""Parts of the platform as child processes: started, watched, restarted after a crash, stopped in order, none left over."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engage.embedded.folders import open_log
from engage.embedded.processes import is_alive, spawn

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the first, second, … restart in a row."""
STEADY_SECONDS = 60.0
"""A part that ran this long is forgiven its earlier crashes."""
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Part:
    """One process. Parts of a lower `stage` are stopped before those of a higher one, which they lean on."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    stage: int = 0
    stop_seconds: float = 30.0
    process: subprocess.Popen[bytes] | None = None
    crashes: int = 0
    started_at: float = 0.0
    start_again_at: float | None = field(default=None)


class Supervisor:
    """Runs parts until told to stop. Single-threaded; children die with it, even when it is killed with -9."""

    def __init__(self, data_dir: Path, folder: Path, *, say: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._folder = folder
        self._say = say
        self._parts: list[Part] = []
        if sys.platform == "linux":  # grandchildren whose parent was killed become ours, so that `stop` finds them
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    @property
    def parts(self) -> Sequence[Part]:
        return tuple(self._parts)

    def start(self, part: Part) -> None:
        """The part runs (not: is ready)."""
        self._parts.append(part)
        self._launch(part)

    def watch(self) -> None:
        """One look at every part; those that ended are started again, later each time."""
        now = time.monotonic()
        for part in self._parts:
            if part.process is not None and part.process.poll() is None:
                if part.crashes and now - part.started_at > STEADY_SECONDS:
                    part.crashes = 0
            elif part.start_again_at is None:
                status = part.process.returncode if part.process is not None else None
                pause = PAUSES[min(part.crashes, len(PAUSES) - 1)]
                part.crashes += 1
                part.start_again_at = now + pause
                self._say(f"{part.name} {_ending(status)}; it starts again in {pause:.0f} s (see {self._log(part)})")
            elif now >= part.start_again_at:
                self._launch(part)

    def stop(self) -> None:
        """Every part is gone: stage by stage, SIGTERM first, SIGKILL for what doesn't finish in its time. Then what they left."""
        for stage in sorted({part.stage for part in self._parts}):
            self._stop_stage([part for part in self._parts if part.stage == stage])
        self._parts.clear()

    def _stop_stage(self, parts: list[Part]) -> None:
        running = [part for part in parts if part.process is not None and part.process.poll() is None]
        for part in running:
            part.process.terminate()  # type: ignore[union-attr]
        begun = time.monotonic()
        for part in running:
            assert part.process is not None
            try:
                part.process.wait(max(0.1, begun + part.stop_seconds - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{part.name} did not finish within {part.stop_seconds:.0f} s and was killed")
                part.process.kill()
                part.process.wait()

    def _launch(self, part: Part) -> None:
        log, _ = open_log(self._data_dir, part.name)
        part.process = spawn(part.command, log=log, environment=part.environ, folder=self._folder, death_signal=signal.SIGTERM)
        part.started_at = time.monotonic()
        part.start_again_at = None

    def _log(self, part: Part) -> Path:
        return self._data_dir / "logs" / f"{part.name}.log"


def end_descendants(*, seconds: float = 5.0, sparing: frozenset[int] = frozenset()) -> None:
    """No process that descends from us is left but those of `sparing`: a killed worker's work-horse, for one."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, seconds)):
        left = _children() - sparing
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while left and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            left = {pid for pid in _children() - sparing if is_alive(pid)}
            if left:
                time.sleep(0.02)
        if not left:
            return


def _children() -> set[int]:
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    except OSError:
        return set()
    return {int(pid) for pid in listed}


def _ending(status: int | None) -> str:
    if status is None:
        return "did not start"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended by itself with exit code {status}"
