"""Real parts for every test: PostgreSQL and Valkey of our own launchers, the gateway simulator over HTTP, real RQ jobs.

Feature tests commit for real (several connections, after-commit work and SKIP LOCKED are what is tested), and every test starts
with empty tables.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from rq.serializers import JSONSerializer
from sqlalchemy import text

from contacts.commands import ensure_purposes
from contacts.importing.files import uploads_folder
from contacts.queries.seals import heads_path
from engage.app import create_app
from engage.clock import FrozenClock
from engage.config import Settings, Timings
from engage.db import db
from engage.embedded import Servers
from engage.jobs import QUEUES, answer_bell, queue_named, redis_connection
from engage.operations import migrate
from engage.sms.simulator.process import SimulatorProcess
from engage.vault import Vault
from engage.web import limits

# A busy machine makes an example slow, not wrong.
hypothesis.settings.register_profile("engage", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("engage")

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""Sunday 1 Azar 1405, 12:00 in Tehran: inside every sending window."""


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    # Not pytest's own folder: its path can exceed what a unix socket's address holds, and root's PostgreSQL must reach it.
    with tempfile.TemporaryDirectory(prefix="engage-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def servers(data_dir: Path) -> Iterator[Servers]:
    with Servers(data_dir, fast=True) as running:
        yield running


@pytest.fixture(scope="session")
def simulator_process(data_dir: Path) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(data_dir / "simulator") as process:
        yield process


@pytest.fixture(scope="session")
def settings(servers: Servers, simulator_process: SimulatorProcess, data_dir: Path) -> Settings:
    assert servers.database_url and servers.redis_url
    migrate.upgrade(servers.database_url)
    return Settings(
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=data_dir,
        keys_path=data_dir / "keys" / "keys.json",
        environment="test",
        base_url="https://m12.example.ir",
        gateway_url=simulator_process.base_url,
        gateway_api_key=simulator_process.api_key,
        gateway_line=simulator_process.line,
        webhook_token="test-webhook-token-0123456789",
        # A call that hangs must not hold a test for 20 s; all other intervals are production's, on a clock that tests move.
        timings=Timings(lease_margin=3.0),
        log_level=os.environ.get("ENGAGE_LOG_LEVEL", "ERROR"),
    )


@pytest.fixture(scope="session")
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture(scope="session")
def whole_app(settings: Settings, clock: FrozenClock) -> Iterator[Flask]:
    app = create_app(settings, clock=clock, vault=Vault.load_or_create(settings.keys_path))
    # Nearly every test makes people, and a password's true cost is most of what that takes; the algorithm stays the product's.
    app.extensions["security"].pwd_context.update(argon2__time_cost=1, argon2__memory_cost=8, argon2__parallelism=1)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(whole_app: Flask, clock: FrozenClock, simulator_process: SimulatorProcess) -> Iterator[Flask]:
    """The application inside its context, on empty tables, at noon, with a fresh gateway."""
    clock.set(NOON)
    simulator_process.reset()
    # The limiter belongs to the process: the fault tests' own application leaves it counting in a Valkey that is gone.
    limits.install(whole_app)
    # Ids begin at 1 again, so pages and definitions kept under them would be another test's.
    for kept in ("surveys_pages", "surveys_versions", "reports_results_pages"):
        whole_app.extensions[kept].clear()
    with whole_app.app_context():
        empty_tables()
        empty_folders()
        ensure_purposes()
        redis_connection().flushdb()
        yield whole_app
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def session(app: Flask):  # type: ignore[no-untyped-def]
    return db.session


@pytest.fixture
def gateway_simulator(app: Flask, simulator_process: SimulatorProcess) -> SimulatorProcess:
    return simulator_process


@pytest.fixture
def drain(app: Flask) -> Callable[[], int]:
    """Run every queued job, and those they queue, in this process. Returns how many ran; a failed job fails the test."""

    def run() -> int:
        count = 0
        while any(queue_named(name).count for name in QUEUES):
            for name in QUEUES:
                queue = queue_named(name)
                while True:
                    job = queue.dequeue_any([queue], None, connection=redis_connection(), serializer=JSONSerializer)
                    if job is None:
                        break
                    count += 1
                    answer_bell(job[0])
                    job[0].func(*job[0].args)
                    job[0].delete()
                    db.session.remove()
                    assert count < 10_000, "jobs ring for one another for ever"
        return count

    return run


def empty_folders() -> None:
    """Delete what stands beside the tables: uploaded lists and the ledger's heads."""
    shutil.rmtree(uploads_folder())
    heads_path().unlink(missing_ok=True)


_FEW = 2_000


def empty_tables() -> None:
    """Delete every row of every table but the migration's own; numbers begin at 1 again, and what migrations seed is seeded again.

    Few rows are deleted: truncating makes new files for every table and index, which takes longer than most tests.
    """
    with db.engine.begin() as connection:
        names = [f'"{table.name}"' for table in db.metadata.sorted_tables]
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        parts = (f"SELECT {n}, (SELECT count(*) FROM (SELECT FROM {name} LIMIT {_FEW}) r)" for n, name in enumerate(names))
        counts = {names[row[0]]: row[1] for row in connection.execute(text(" UNION ALL ".join(parts)))}
        filled = [name for name, count in counts.items() if count]
        if any(counts[name] >= _FEW for name in filled):
            connection.execute(text(f"TRUNCATE {', '.join(filled)} CASCADE"))
        elif filled:
            # As truncating would: wait for whoever still writes.
            connection.execute(text(f"LOCK TABLE {', '.join(filled)} IN ACCESS EXCLUSIVE MODE"))
            connection.execute(text("; ".join(f"DELETE FROM {name}" for name in filled)))
        connection.execute(
            text(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
                " FROM pg_sequences WHERE schemaname = 'public'"
            )
        )
        connection.execute(text("SELECT engage_seed()"))
