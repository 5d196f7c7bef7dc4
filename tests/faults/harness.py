"""The platform's real processes on one `Ground`, started again when they were killed, as a service manager would."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from redis import Redis

from engage.embedded.processes import spawn
from engage.operations.supervisor import end_descendants
from engage.operations.up import gunicorn_command
from tests.faults.ground import LATENCY_MS, ROOT, TIME_SCALE, Ground, Run, open_ground, patiently, prepare_run, verdict_of
from tests.faults.officers import Desks

__all__ = ["LATENCY_MS", "ROOT", "TIME_SCALE", "Ground", "Platform", "Run", "open_ground", "patiently", "prepare_run", "verdict_of"]

SENDERS = ("send-1", "send-2")
OTHERS = ("default", "bulk")
SWEEPERS = ("sweep-1", "sweep-2")
WEB = "web"
_PR_SET_CHILD_SUBREAPER = 36


class Platform:
    """Workers and two sweepers as child processes, with `is_whole` the web that takes receipts and two officers besides; `tend` starts
    again what died. Single-threaded, like everything that kills here."""

    def __init__(self, ground: Ground, *, is_whole: bool = False) -> None:
        self.ground = ground
        self.fired: Counter[str] = Counter()
        self.restarts: Counter[str] = Counter()
        self.desks: Desks | None = None
        self._is_whole = is_whole
        self._spared = frozenset(children_of(os.getpid()))
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._again: dict[str, float] = {}
        self._later: list[tuple[float, Callable[[], None]]] = []
        # Work-horses of a killed worker become ours, so that none outlives us.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __enter__(self) -> Platform:
        for name in (*SENDERS, *OTHERS, *SWEEPERS):
            self._launch(name)
        if self._is_whole:
            self._launch(WEB)
            self.desks = Desks(self.ground.environ, ROOT, self.ground.settings.data_dir / "logs")
            self.ground.simulator.admin("settings", webhook_url=self.ground.webhook_url, webhook_retry_seconds=1.0)
        return self

    def __exit__(self, *_: object) -> None:
        for _at, work in self._later:
            work()
        if self.desks is not None:
            self.desks.close()
            self.ground.simulator.admin("settings", webhook_url="")
        for process in self._parts.values():
            process.terminate()
        deadline = time.monotonic() + 25
        for process in self._parts.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        # The gateway may be another process by now than the one that ran when we came.
        end_descendants(seconds=1.0, sparing=self._spared | {self.ground.simulator.pid})

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Every queue has its worker, and a sweeper has been round."""
        deadline = time.monotonic() + seconds
        connection = Redis.from_url(str(self.ground.servers.redis_url))
        wanted = len(SENDERS) + len(OTHERS)
        while connection.scard("rq:workers") < wanted or not connection.exists("engage:sweeper:heartbeat"):
            assert time.monotonic() < deadline, "the workers did not start"
            self.tend()
            time.sleep(0.1)

    def tend(self) -> None:
        """Start what died, do what was put off."""
        moment = time.monotonic()
        for name, process in self._parts.items():
            if process.poll() is None:
                continue
            if moment >= self._again.setdefault(name, moment + 0.1):
                del self._again[name]
                self.restarts[name] += 1
                self._launch(name)
        due = [work for at, work in self._later if at <= moment]
        self._later = [each for each in self._later if each[0] > moment]
        for work in due:
            work()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, work))

    @property
    def is_calm(self) -> bool:
        """Whether everything frozen goes on, everything killed is back and every clock is right."""
        return not self._later and all(process.poll() is None for process in self._parts.values())

    def running(self, *names: str) -> list[int]:
        return [self._parts[name].pid for name in names if name in self._parts and self._parts[name].poll() is None]

    def horses(self, *names: str) -> list[int]:
        return [child for pid in self.running(*names) for child in children_of(pid)]

    def _launch(self, name: str) -> None:
        self._parts[name] = spawn(
            self._command(name), log=self.ground.settings.data_dir / "logs" / f"{name}.log", environment=self.ground.environ, folder=ROOT
        )

    def _command(self, name: str) -> list[str]:
        if name == WEB:
            return gunicorn_command(self.ground.web_port, workers=1)
        words: Sequence[str] = ("sweep",) if name in SWEEPERS else ("work", name.partition("-")[0])
        return [sys.executable, "-m", "tests.faults.clocks", *words]


def children_of(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in listed]
