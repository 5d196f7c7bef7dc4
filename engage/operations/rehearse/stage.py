"""The stage of a rehearsal: own servers, keys, simulator, web and workers under one folder, on their own clock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from contacts.commands import ensure_purposes
from engage.app import create_app
from engage.config import Settings
from engage.embedded import Servers
from engage.identity.fingerprints import check_fingerprints
from engage.jobs import QUEUES
from engage.operations import migrate
from engage.operations.supervisor import Part, Supervisor
from engage.operations.up import ROOT, engage_command, gunicorn_command, wait_until_ready
from engage.operations.workday import working_day_at_ten
from engage.refusal import Refused
from engage.sms.simulator.process import SimulatorProcess
from engage.vault import Vault

HOST = "127.0.0.1"
TIME_SCALE = 0.05
"""Minutes become seconds, with the ratios of production: a lease of 6 s, a grace of 9 s."""
WEBHOOK_TOKEN = "rehearsal-webhook"

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV", "PYTHONPATH", "USER")
"""All a rehearsal takes from the environment: never an address of a real database, queue or gateway."""


@dataclass
class Stage:
    app: Flask
    settings: Settings
    simulator: SimulatorProcess
    supervisor: Supervisor
    environ: dict[str, str]

    @property
    def ledger(self) -> Path:
        return self.simulator.ledger_path


@contextmanager
def build_stage(folder: Path, *, web_workers: int = 2) -> Iterator[Stage]:
    """Everything runs inside the `with` block and is gone after it; the data stays in `folder`."""
    moment = datetime.now(UTC)
    offset = (working_day_at_ten(moment) - moment).total_seconds()
    port = _free_port()
    with Servers(folder) as servers:
        assert servers.database_url
        assert servers.redis_url
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "ENGAGE_DATA": str(folder),
            "ENGAGE_KEYS": str(folder / "keys" / "keys.json"),
            "ENGAGE_ENV": "rehearsal",
            "ENGAGE_BASE_URL": f"http://{HOST}:{port}",
            "ENGAGE_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
            "ENGAGE_CLOCK_OFFSET": str(offset),
            "ENGAGE_TIME_SCALE": str(TIME_SCALE),
            "ENGAGE_LOG_LEVEL": "WARNING",
        }
        migrate.upgrade(servers.database_url)
        vault = Vault.load_or_create(Path(environ["ENGAGE_KEYS"]))
        hook = f"http://{HOST}:{port}/hooks/sms/{WEBHOOK_TOKEN}"
        simulator = SimulatorProcess(
            folder,
            operator_seconds=0.5,
            phone_seconds=1.0,
            clock_offset=offset,
            webhook_url=f"{hook}/delivery",
            inbound_url=f"{hook}/inbound",
        )
        with simulator:
            environ |= {
                "KAVENEGAR_BASE_URL": simulator.base_url,
                "KAVENEGAR_API_KEY": simulator.api_key,
                "KAVENEGAR_LINE": simulator.line,
            }
            supervisor = Supervisor(folder, ROOT, say=lambda line: None)
            settings = Settings.from_env(environ)
            app = create_app(settings, vault=vault)
            try:
                with app.app_context():
                    check_fingerprints()
                    ensure_purposes()
                supervisor.start(Part("web", gunicorn_command(port, workers=web_workers), environ, stop_seconds=25))
                for queue in QUEUES:
                    supervisor.start(Part(f"work-{queue}", engage_command("work", queue), environ, stage=1))
                supervisor.start(Part("sweep", engage_command("sweep"), environ, stage=1))
                if not wait_until_ready(supervisor, port):
                    raise Refused("parts_did_not_start", path=str(folder / "logs"))
                yield Stage(app, settings, simulator, supervisor, environ)
            finally:
                supervisor.stop()
                with app.app_context():
                    app.extensions["sqlalchemy"].engine.dispose()


def wait_for(condition, supervisor: Supervisor, *, seconds: float, every: float = 0.1):  # type: ignore[no-untyped-def]
    """The first true value of `condition()`; parts that crash meanwhile are started again. Refused("rehearsal_stuck")."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        supervisor.watch()
        time.sleep(every)
    raise Refused("rehearsal_stuck", seconds=int(seconds))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
