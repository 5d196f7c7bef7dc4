"""The two loops behind the web: an RQ worker for one queue, and the sweeper.

RQ forks a work-horse per job. Everything is imported and the application is made before the first fork, so a horse starts in
milliseconds; the forked child must only forget its parent's database sockets.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import Any

import structlog
from flask import Flask
from redis.exceptions import RedisError
from rq import Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engage.config import Settings
from engage.db import db, dispose_after_fork
from engage.jobs import QUEUES, Sweep, answer_bell, queue_named, redis_connection
from engage.meter import METER
from engage.refusal import Refused

log = structlog.get_logger(__name__)

HEARTBEAT_KEY = "engage:sweeper:heartbeat"


class EngageWorker(Worker):
    """RQ's worker with our application around every job. `told_to_stop` is set by SIGTERM and SIGINT, whatever they interrupt."""

    max_connection_wait_time = 2.0
    """Between two attempts to reach Valkey; RQ's own minute would make a worker sleep long after it is back."""

    def __init__(self, app: Flask, queue: str, told_to_stop: threading.Event) -> None:
        with app.app_context():
            super().__init__([queue_named(queue)], connection=redis_connection(), serializer=JSONSerializer)
        self.app = app
        self.told_to_stop = told_to_stop

    def request_stop(self, signum: int, frame: Any) -> None:
        self.told_to_stop.set()
        super().request_stop(signum, frame)

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()
        self._stop_requested = self.told_to_stop.is_set()  # told while it was still starting

    def set_shutdown_requested_date(self) -> None:
        # Called inside the signal handler: raising here would leave the work-horse alone in the middle of its job.
        with contextlib.suppress(RedisError):
            super().set_shutdown_requested_date()

    def teardown(self) -> None:
        # Valkey forgets a worker that couldn't say goodbye; what must be is that we get to our own end.
        with contextlib.suppress(RedisError):
            super().teardown()

    def main_work_horse(self, job: Job, queue: Any) -> None:
        with self.app.app_context():
            dispose_after_fork()
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Any) -> bool:
        started = time.monotonic()
        with self.app.app_context():
            answer_bell(job)
            try:
                done = super().perform_job(job, queue)
            finally:
                db.session.remove()
                METER.flush()
        log.info("job", job=job.func_name, queue=queue.name, ok=done, ms=round((time.monotonic() - started) * 1000))
        return done


def run_worker(app: Flask, queue: str, *, burst: bool = False) -> None:
    """Serve one queue until told to stop; a job under way is finished first. Outlives restarts of Valkey."""
    if queue not in QUEUES:
        raise Refused("queue_unknown", name=queue, known=", ".join(QUEUES))
    stop = threading.Event()
    while True:
        # RQ leaves its own handlers behind, which know only the worker that is gone.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            EngageWorker(app, queue, stop).work(burst=burst, logging_level="WARNING")
            if burst or stop.is_set():
                return
            # RQ's loop ends without a word at any error, a Valkey that went away for one.
            log.warning("worker_begins_anew", queue=queue)
        except RedisError as error:
            log.warning("worker_lost_valkey", queue=queue, error=type(error).__name__)
        if stop.wait(0.5):
            return


def run_sweeper(app: Flask, *, rounds: int | None = None) -> None:
    """Call every registered sweep when it is due, for ever (or `rounds` times). Safe in any number of copies: a sweep that runs
    elsewhere at this moment is passed over."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    settings: Settings = app.extensions["engage_settings"]
    sweeps: dict[str, Sweep] = app.extensions["engage_sweeps"]
    due = dict.fromkeys(sweeps, 0.0)
    while not stop.is_set():
        for sweep in sweeps.values():
            if stop.is_set():
                break
            if time.monotonic() >= due[sweep.name]:
                run_sweep(app, sweep)
                due[sweep.name] = time.monotonic() + sweep.every(settings)
        _beat(app)
        if rounds is not None:
            rounds -= 1
            if rounds <= 0:
                return
        stop.wait(min(1.0, max(0.05, min(due.values(), default=1.0) - time.monotonic())))


def run_sweep(app: Flask, sweep: Sweep) -> bool:
    """One sweep, unless another process runs it right now. A fault in one must not stop the others."""
    with app.app_context():
        try:
            with db.engine.connect() as connection:
                mine = connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": f"sweep:{sweep.name}"}).scalar()
                connection.commit()
                if not mine:
                    return False
                try:
                    sweep.function()
                finally:
                    connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": f"sweep:{sweep.name}"})
                    connection.commit()
            return True
        except (SQLAlchemyError, RedisError) as error:
            log.warning("sweep_failed", sweep=sweep.name, error=type(error).__name__)
        except Exception:
            log.exception("sweep_failed", sweep=sweep.name)
        finally:
            db.session.remove()
    return False


def _beat(app: Flask) -> None:
    with app.app_context():
        with contextlib.suppress(RedisError):
            redis_connection().set(HEARTBEAT_KEY, int(time.time()), ex=300)
