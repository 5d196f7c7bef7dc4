"""What any number of runs stand on: durable servers, a gateway with a ledger, tables, a clock, and each seed's campaign.

Time runs at `TIME_SCALE`, with the ratios of production.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import requests
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

import campaigns.commands as campaigns
from campaigns.states import CampaignState
from contacts.commands import ensure_purposes
from engage.app import create_app
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.embedded import Servers
from engage.identity.fingerprints import check_fingerprints
from engage.identity.models import UnitKind
from engage.identity.rules import Role
from engage.operations import migrate
from engage.operations.rehearse.stage import working_day_at_ten
from engage.sms.kavenegar import to_local
from engage.sms.simulator.process import SimulatorProcess
from engage.vault import Vault
from tests import make
from tests.faults import clocks
from tests.faults.judge import Row, Verdict, judge, read_ledger
from tests.faults.plan import Strike, draw

ROOT = Path(__file__).resolve().parents[2]
TIME_SCALE = 0.03
"""A lease of 3.6 s, a grace of 5.4 s, a sweep each 0.15 s. The gateway's read timeout doesn't go below 2 s: a call may outlast its
lease by 2.1 s, which is what the grace is for; a smaller scale would let it outlast that as well, as it never can in production."""
BATCH_SIZE = 8
"""Small, so that 500 messages meet 63 claims."""
LATENCY_MS = 50
PURPOSE = "survey_invitation"
SUPPRESS_GRACE_LEASES = 1.0
PASSING = (psycopg.Error, SQLAlchemyError, RedisError, requests.RequestException, OSError)
"""What a server that is just being killed answers."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV", "PYTHONPATH", "USER")


@dataclass
class Ground:
    """Durable servers, the gateway and an application of our own on them."""

    servers: Servers
    simulator: SimulatorProcess
    app: Flask
    settings: Settings
    environ: dict[str, str]
    clock: clocks.JumpingClock
    web_port: int
    district_id: int = 0
    jumps: list[clocks.Jump] = field(default_factory=list)

    def now(self) -> datetime:
        with self.app.app_context():
            return now()

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}/hooks/sms/{self.settings.webhook_token}/delivery"

    def set_gateway_clock(self, *, is_right: bool = False) -> None:
        """The gateway shows what our clock does, or the right time; one that is down just now will when it comes back."""
        jump = 0.0 if is_right else self.clock.jump_seconds
        with contextlib.suppress(requests.RequestException, ValueError):
            self.simulator.admin("clock", offset_seconds=self.clock.offset_seconds + jump)

    def start_gateway(self) -> None:
        self.simulator.start()
        self.set_gateway_clock()

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
    clock = clocks.JumpingClock(folder / "clock", offset)
    web_port = _free_port()
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
            "ENGAGE_WEBHOOK_TOKEN": "hook-of-this-ground",
            clocks.VARIABLE: str(folder / "clock"),
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
            app = create_app(settings, vault=vault, clock=clock)
            ground = Ground(servers, simulator, app, settings, environ, clock, web_port)
            with app.app_context():
                check_fingerprints()
                ensure_purposes()
                ground.district_id = make.make_unit()
            try:
                yield ground
            finally:
                with app.app_context():
                    db.engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    is_cancelled: bool = False


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
        jumps=ground.jumps,
        is_cancelled=run.is_cancelled,
        grace=timedelta(seconds=ground.settings.timings.lease * SUPPRESS_GRACE_LEASES),
    )
