"""`engage up`: the whole platform on one machine, from an empty folder to a console that answers."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from flask import Flask

from engage.clock import TEHRAN
from engage.embedded import Servers
from engage.embedded.folders import prepare_data_folder
from engage.jobs import QUEUES
from engage.operations import migrate
from engage.operations.backstage import Backstage
from engage.operations.instance import HOST, Instance, lock_instance, prepare_instance, uses_real_gateway
from engage.operations.supervisor import Part, Supervisor, end_descendants
from engage.sms.simulator.options import DEFAULT_LINE
from engage.vault import Vault

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
WEB_WORKERS = 2

LoadDemo = Callable[[Flask], Iterable[str]]
"""Loads the demo data once and returns the lines to show at the end (a login per role)."""


class _Stop(BaseException):
    """SIGINT or SIGTERM arrived; a BaseException, so that no `except Exception` on the way swallows it."""


def run(
    data_dir: Path,
    *,
    port: int = 8000,
    load_demo: LoadDemo | None = None,
    webhook_path: Callable[[Flask, str], str] | None = None,
    environ: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> int:
    """Runs the platform until SIGINT or SIGTERM, then leaves no process → exit code.

    `load_demo` is None for an installation without demo data. `webhook_path(app, token)` is the path receipts are pushed to.
    Refused: port_in_use, already_running, keys_*, migration refusals; EmbeddedServerError: the servers can't be had.
    """
    data_dir = prepare_data_folder(data_dir)
    lock = lock_instance(data_dir)
    previous = {number: signal.signal(number, _raise_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    supervisor = Supervisor(data_dir, ROOT, say=say)
    servers: Servers | None = None
    try:
        instance = prepare_instance(data_dir, port=port, demo=load_demo is not None)
        settings = instance.environ(environ)
        servers = _open_servers(data_dir, settings, say)
        demo_lines, hook = _prepare(settings, load_demo, webhook_path, instance, say)
        say("Starting the gateway, the web pages and the workers …")
        for part in _parts(instance, settings, hook, simulated=not uses_real_gateway(environ)):
            supervisor.start(part)
        if not wait_until_ready(supervisor, instance.port):
            say(f"The web pages did not answer within {READY_SECONDS:.0f} s; the reason is in {data_dir / 'logs' / 'web.log'}.")
            return 1
        _show(instance, demo_lines, simulated=not uses_real_gateway(environ), say=say)
        _watch(supervisor, servers, say)
        return 0
    except _Stop:
        return 0
    finally:
        # A second Ctrl-C must not interrupt the stopping half-way; each step has its own limit of time.
        for number in previous:
            signal.signal(number, signal.SIG_IGN)
        if supervisor.parts:
            say("Stopping; work in progress is finished first …")
        supervisor.stop()
        if servers is not None:
            servers.close()
        # A command that still uses our keeper's servers keeps them until it is done.
        keeper = servers.keeper_pid if servers is not None else None
        end_descendants(sparing=frozenset({keeper} if keeper else ()))
        os.close(lock)
        for number, handler in previous.items():
            signal.signal(number, handler)
        say("Stopped.")


def gunicorn_command(port: int, *, host: str = HOST, workers: int = WEB_WORKERS) -> list[str]:
    """The command line of the web part: threads, so that a slow upload doesn't hold a whole worker."""
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{host}:{port}", "--workers", str(workers)]
    command += ["--worker-class", "engage.web.gunicorn_worker.CountingWorker", "--threads", "4", "--timeout", "60", "--graceful-timeout", "20"]
    command += ["--keep-alive", "5", "--chdir", str(ROOT), "--log-level", "warning"]
    return [*command, "wsgi:app"]


def engage_command(*arguments: str) -> list[str]:
    """The command line of `engage …` with this very interpreter, installed as a script or not."""
    return [sys.executable, "-c", "from engage.cli import main; main()", *arguments]


def _open_servers(data_dir: Path, settings: dict[str, str], say: Callable[[str], None]) -> Servers | None:
    """The embedded servers that the settings don't name, written into the settings; None when all are named."""
    has_database, has_redis = bool(settings.get("DATABASE_URL")), bool(settings.get("REDIS_URL"))
    if has_database and has_redis:
        return None
    fresh = not has_database and not (data_dir / "postgres").exists()
    say("Starting PostgreSQL and Valkey (the first time the database is made, too) …" if fresh else "Starting PostgreSQL and Valkey …")
    servers = Servers(data_dir, postgres=not has_database, valkey=not has_redis).open()
    for note in servers.notes:
        say(f"Note: {note}")
    if servers.database_url:
        settings["DATABASE_URL"] = servers.database_url
    if servers.redis_url:
        settings["REDIS_URL"] = servers.redis_url
    return servers


def _prepare(
    settings: Mapping[str, str],
    load_demo: LoadDemo | None,
    webhook_path: Callable[[Flask, str], str] | None,
    instance: Instance,
    say: Callable[[str], None],
) -> tuple[list[str], str | None]:
    """Keys, tables and demo data are there → the demo's lines and the webhook's address."""
    say("Bringing keys and tables up to date …")
    keys = Path(settings["ENGAGE_KEYS"])
    # New keys only for a new database: keys lost beside existing data must be said, never replaced.
    if migrate.current(settings["DATABASE_URL"]) is None:
        Vault.load_or_create(keys)
    else:
        Vault.load(keys)
    migrate.upgrade(settings["DATABASE_URL"])
    backstage = Backstage(settings)
    try:
        app = backstage.app()
        hook = None
        if webhook_path is not None:
            hook = instance.console_url + webhook_path(app, instance.webhook_token)
        lines: list[str] = []
        if load_demo is not None:
            say("Loading demo data (once; later starts keep what is there) …")
            with app.app_context():
                lines = list(load_demo(app))
    finally:
        backstage.close()
    return lines, hook


def _parts(instance: Instance, settings: Mapping[str, str], hook: str | None, *, simulated: bool) -> list[Part]:
    parts = []
    if simulated:
        command = [sys.executable, "-m", "engage.sms.simulator", "--data", str(instance.data_dir)]
        command += ["--clock-offset", str(instance.clock_offset)]
        command += ["--port", str(instance.gateway_port), "--line", settings.get("KAVENEGAR_LINE", DEFAULT_LINE)]
        if hook:
            command += ["--webhook-url", f"{hook}/delivery", "--inbound-url", f"{hook}/inbound"]
        parts.append(Part("gateway", command, settings, stage=2, stop_seconds=10))
    parts.append(Part("web", gunicorn_command(instance.port), settings, stop_seconds=25))
    parts += [Part(f"work-{queue}", engage_command("work", queue), settings, stage=1, stop_seconds=45) for queue in QUEUES]
    parts.append(Part("sweep", engage_command("sweep"), settings, stage=1, stop_seconds=20))
    return parts


def wait_until_ready(supervisor: Supervisor, port: int) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if _answers_ready(port):
            return True
        supervisor.watch()
        time.sleep(0.1)
    return False


def port_answers(port: int, seconds: float = READY_SECONDS) -> None:
    """Returns once `/readyz` on this port says so; RuntimeError when it never does."""
    deadline = time.monotonic() + seconds
    while not _answers_ready(port):
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing answers on port {port}")
        time.sleep(0.05)


def _answers_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _show(instance: Instance, demo_lines: Iterable[str], *, simulated: bool, say: Callable[[str], None]) -> None:
    say("")
    say(f"Engage is ready:  {instance.console_url}")
    if instance.clock_offset:
        shown = (datetime.now(UTC) + timedelta(seconds=instance.clock_offset)).astimezone(TEHRAN)
        say(f"  Nobody is texted at night, so the demo's clock is ahead: it shows {shown:%A %H:%M} in Tehran.")
    for line in demo_lines:
        say(f"  {line}")
    if simulated:
        say(f"The citizens' phones (gateway simulator):  {instance.gateway_url}/phone")
    say(f"Logs: {instance.data_dir / 'logs'}    Stop: Ctrl-C")


def _watch(supervisor: Supervisor, servers: Servers | None, say: Callable[[str], None]) -> None:
    while True:
        supervisor.watch()
        if servers is not None and not servers.is_open():
            say("The embedded servers were lost; they are started again …")
            servers.open()
        time.sleep(0.3)


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop
