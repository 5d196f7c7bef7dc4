"""The platform's real processes on one data folder, and a hand that kills, freezes and starves them while campaigns are sent.

One `Ground` (servers, gateway simulator, tables) carries any number of runs; `Platform` adds workers and sweepers and starts again
whatever was killed, as a service manager would. Time runs at `TIME_SCALE`, with the ratios of production.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import requests
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

import campaigns.commands as campaigns
from campaigns.states import CampaignState
from contacts.commands import ensure_purposes, suppress_identity
from engage.app import create_app
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.embedded import Servers
from engage.embedded.processes import is_alive, spawn
from engage.identity.fingerprints import check_fingerprints
from engage.identity.models import UnitKind
from engage.identity.rules import Role
from engage.operations import migrate
from engage.operations.rehearse.stage import working_day_at_ten
from engage.operations.supervisor import end_descendants
from engage.operations.up import engage_command
from engage.refusal import Refused
from engage.sms.kavenegar import to_local
from engage.sms.simulator.process import SimulatorProcess
from engage.vault import Vault
from tests import make
from tests.faults.judge import Row, Verdict, judge, read_ledger
from tests.faults.plan import Strike, draw

ROOT = Path(__file__).resolve().parents[2]
TIME_SCALE = 0.03
"""A lease of 3.6 s, a grace of 5.4 s, a sweep each 0.15 s. The gateway's read timeout doesn't go below 2 s: a call may outlast its
lease by 2.1 s, which is what the grace is for; a smaller scale would let it outlast that as well, as it never can in production."""
BATCH_SIZE = 8
"""Small, so that 500 messages meet 63 claims."""
LATENCY_MS = 50
SENDERS = ("send-1", "send-2")
OTHERS = ("default", "bulk")
SWEEPERS = ("sweep-1", "sweep-2")
SUPPRESS_GRACE_LEASES = 1.0
PASSING = (psycopg.Error, SQLAlchemyError, RedisError, requests.RequestException, OSError)
"""What a server that is just being killed answers."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV", "PYTHONPATH", "USER")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Ground:
    """Durable servers, the gateway and an application of our own on them."""

    servers: Servers
    simulator: SimulatorProcess
    app: Flask
    settings: Settings
    environ: dict[str, str]
    district_id: int

    def now(self) -> datetime:
        with self.app.app_context():
            return now()

    def ask(self, statement: str, *values: Any) -> list[Any]:
        """Rows, on a connection of its own; patient with a database that comes back."""

        def work() -> list[Any]:
            url = str(self.servers.database_url).replace("postgresql+psycopg://", "postgresql://")
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                return connection.execute(statement, values).fetchall()

        return patiently(work)

    def do(self, work: Callable[[], Any]) -> Any:
        """`work()` inside the application, again until no server is in the middle of dying."""

        def inside() -> Any:
            with self.app.app_context():
                try:
                    return work()
                finally:
                    with contextlib.suppress(*PASSING):
                        db.session.remove()

        return patiently(inside)


def patiently(work: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except PASSING:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def open_ground(folder: Path) -> Iterator[Ground]:
    moment = datetime.now(UTC)
    offset = (working_day_at_ten(moment) - moment).total_seconds()
    with Servers(folder) as servers:
        assert servers.database_url and servers.redis_url
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "ENGAGE_DATA": str(folder),
            "ENGAGE_KEYS": str(folder / "keys" / "keys.json"),
            "ENGAGE_ENV": "test",
            "ENGAGE_BASE_URL": "https://m12.example.ir",
            "ENGAGE_CLOCK_OFFSET": str(offset),
            "ENGAGE_TIME_SCALE": str(TIME_SCALE),
            "ENGAGE_BATCH_SIZE": str(BATCH_SIZE),
            "ENGAGE_GATEWAY_CONCURRENCY": "2",
            "ENGAGE_LOG_LEVEL": "WARNING",
        }
        migrate.upgrade(servers.database_url)
        vault = Vault.load_or_create(Path(environ["ENGAGE_KEYS"]))
        with SimulatorProcess(folder, operator_seconds=0.5, phone_seconds=1.0, clock_offset=offset, latency_ms=LATENCY_MS) as simulator:
            environ |= {
                "KAVENEGAR_BASE_URL": simulator.base_url,
                "KAVENEGAR_API_KEY": simulator.api_key,
                "KAVENEGAR_LINE": simulator.line,
            }
            settings = Settings.from_env(environ)
            app = create_app(settings, vault=vault)
            with app.app_context():
                check_fingerprints()
                ensure_purposes()
                district_id = make.make_unit()
            try:
                yield Ground(servers, simulator, app, settings, environ, district_id)
            finally:
                with app.app_context():
                    db.engine.dispose()


@dataclass
class Run:
    """One seed's campaign."""

    seed: int
    campaign_id: int
    numbers: dict[int, str]
    """identity id → number as the gateway writes it"""
    strikes: list[Strike]
    suppressed: dict[str, datetime] = field(default_factory=dict)
    shut: tuple[datetime, datetime] | None = None


def prepare_run(ground: Ground, seed: int, messages: int, *, span: float) -> Run:
    """A fresh unit with `messages` consenting citizens, its survey, and a campaign for them up to approval."""

    def work() -> Run:
        unit_id = make.make_unit(f"ناحیهٔ {seed}", parent_id=ground.district_id, kind=UnitKind.SUBDISTRICT)
        numbers = [make.make_number() for _ in range(messages)]
        identities = make.make_contacts(unit_id, numbers)
        campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id))
        if campaigns.submit_campaign(campaign_id, actor_id=None) == CampaignState.IN_REVIEW:
            campaigns.approve_campaign(campaign_id, actor_id=make.make_user(Role.MANAGER, unit_id))
        local = dict(zip(identities, map(to_local, numbers), strict=True))
        return Run(seed, campaign_id, local, draw(seed, messages, span=span))

    with ground.app.app_context():
        return work()


def verdict_of(ground: Ground, run: Run) -> Verdict:
    rows = ground.ask("SELECT identity_id, state FROM message WHERE campaign_id = %s", run.campaign_id)
    return judge(
        run.numbers.values(),
        [Row(run.numbers[identity_id], state) for identity_id, state in rows],
        read_ledger(ground.simulator.ledger_path),
        suppressed=run.suppressed,
        shut=run.shut,
        grace=timedelta(seconds=ground.settings.timings.lease * SUPPRESS_GRACE_LEASES),
    )


class Platform:
    """Workers and sweepers as child processes; `tend` starts again what died. Single-threaded, like everything that kills here."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.fired: Counter[str] = Counter()
        self.restarts: Counter[str] = Counter()
        self._spared = frozenset(children_of(os.getpid()))
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._again: dict[str, float] = {}
        self._later: list[tuple[float, Callable[[], None]]] = []
        # Work-horses of a killed worker become ours, so that none outlives us.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __enter__(self) -> Platform:
        for name in (*SENDERS, *OTHERS, *SWEEPERS):
            self._launch(name)
        return self

    def __exit__(self, *_: object) -> None:
        for _at, work in self._later:
            work()
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

    def strike(self, strike: Strike, run: Run) -> bool:
        """The fault strikes; False when there is nothing to strike just now."""
        kind = strike.kind
        if kind.startswith("gateway_"):
            done = self._disturb_gateway(kind.removeprefix("gateway_"), 1 + int(strike.extent * 2))
        else:
            done = bool(getattr(self, f"_{kind}")(strike, run))
        if done:
            self.fired[kind] += 1
        return done

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, work))

    @property
    def is_calm(self) -> bool:
        """Whether everything frozen goes on and everything killed is back."""
        return not self._later and all(process.poll() is None for process in self._parts.values())

    # -- faults ---------------------------------------------------------------------------------------------------------------

    def _kill_send_horse(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._horses(SENDERS), strike.choice, signal.SIGKILL)

    def _kill_other_horse(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._horses(OTHERS), strike.choice, signal.SIGKILL)

    def _kill_send_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._running(SENDERS), strike.choice, signal.SIGKILL)

    def _kill_other_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._running(OTHERS), strike.choice, signal.SIGKILL)

    def _kill_sweeper(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._running(SWEEPERS), strike.choice, signal.SIGKILL)

    def _terminate_send_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self._running(SENDERS), strike.choice, signal.SIGTERM)

    def _freeze_send_horse(self, strike: Strike, _run: Run) -> bool:
        """Stopped for longer than its lease, up to longer than lease, grace and both look-ups."""
        horses = self._horses(SENDERS)
        if not _signal(horses, strike.choice, signal.SIGSTOP):
            return False
        pid = _pick(horses, strike.choice)
        timings = self.ground.settings.timings
        self.later(timings.lease * 1.2 + strike.extent * (timings.unknown_grace + timings.lookup_interval), lambda: _send(pid, signal.SIGCONT))
        return True

    def _flush_valkey(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(RedisError), Redis.from_url(str(self.ground.servers.redis_url)) as connection:
            return bool(connection.flushall())
        return False

    def _kill_valkey(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(RedisError), Redis.from_url(str(self.ground.servers.redis_url)) as connection:
            return _send(int(connection.info("server")["process_id"]), signal.SIGKILL)
        return False

    def _kill_postgres(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.ground.settings.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
            return _send(pid, signal.SIGKILL)
        return False

    def _kill_gateway(self, strike: Strike, _run: Run) -> bool:
        if self.ground.simulator._process is None:
            return False
        self.ground.simulator.kill()
        self.later(0.1 + strike.extent, self.ground.simulator.start)
        return True

    def _disturb_gateway(self, fault: str, times: int) -> bool:
        if fault == "look_up":
            item: dict[str, Any] = {"fault": "error_before", "times": 1, "methods": ["sms/statuslocalmessageid"]}
        else:
            item = {"fault": fault, "times": times}
        try:
            self.ground.simulator.admin("faults", queue=[item])
        except (requests.RequestException, RuntimeError):
            return False
        return True

    def _pause(self, _strike: Strike, run: Run) -> bool:
        def work() -> bool:
            try:
                campaigns.pause_campaign(run.campaign_id, actor_id=None)
            except Refused:
                return False
            return True

        return bool(self.ground.do(work))

    def _suppress(self, strike: Strike, run: Run) -> bool:
        identity_id = _pick(list(run.numbers), strike.choice)

        def work() -> datetime | None:
            return now() if suppress_identity(identity_id, "sms", actor_id=None) else None

        since = self.ground.do(work)
        if since is not None:
            run.suppressed[run.numbers[identity_id]] = since
        return since is not None

    # -- processes ------------------------------------------------------------------------------------------------------------

    def _launch(self, name: str) -> None:
        words = ("sweep",) if name in SWEEPERS else ("work", name.partition("-")[0])
        log = self.ground.settings.data_dir / "logs" / f"{name}.log"
        self._parts[name] = spawn(engage_command(*words), log=log, environment=self.ground.environ, folder=ROOT)

    def _running(self, names: Sequence[str]) -> list[int]:
        return [self._parts[name].pid for name in names if self._parts[name].poll() is None]

    def _horses(self, names: Sequence[str]) -> list[int]:
        return [child for pid in self._running(names) for child in children_of(pid)]


def children_of(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in listed]


def _pick(items: Sequence[int], choice: float) -> int:
    return items[int(choice * len(items))]


def _signal(pids: Sequence[int], choice: float, number: int) -> bool:
    return bool(pids) and _send(_pick(pids, choice), number)


def _send(pid: int, number: int) -> bool:
    if not is_alive(pid):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
