"""Doorbells: RQ jobs say *when* to look; what must happen stands in the database.

Losing every job loses nothing but time, because the sweeper rings again for whatever is due. So a job may run twice, late, or
never, and each one calls a command that looks at the database first. Arguments are ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from flask import Flask, current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from engage.config import Settings
from engage.db import after_commit

log = structlog.get_logger(__name__)

QUEUES = ("send", "bulk", "default")
"""One worker process serves exactly one queue: on two queues a SIGKILL between them can lose a job."""

TIMEOUTS = {"send": 900, "bulk": 6 * 3600, "default": 600}


@dataclass(frozen=True)
class Sweep:
    """A periodic duty: what the sweeper calls, and how often."""

    name: str
    every: Callable[[Settings], float]
    function: Callable[[], Any]


def install(app: Flask, redis: Redis) -> None:
    app.extensions["engage_redis"] = redis
    app.extensions["engage_queues"] = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}
    app.extensions["engage_sweeps"] = {}


def redis_connection() -> Redis:
    found: Redis = current_app.extensions["engage_redis"]
    return found


def queue_named(name: str) -> Queue:
    found: Queue = current_app.extensions["engage_queues"][name]
    return found


def enqueue_after_commit(queue: str, function: Callable[..., Any] | str, *ids: int | str, at_front: bool = False) -> None:
    """Ring for `function(*ids)` on `queue` once the current transaction is written.

    A job may be named by its dotted path: commands ring for jobs, and jobs call commands.
    """

    def work() -> None:
        ring(queue, function, *ids, at_front=at_front)

    after_commit(work)


def ring(queue: str, function: Callable[..., Any] | str, *ids: int | str, at_front: bool = False) -> bool:
    """Enqueue now (`at_front`: before everything that waits), unless the same bell was rung and its job still waits.

    However long a queue is, it never holds the same job twice for having been rung for twice; a job that got lost is rung for anew.
    False when Valkey can't be reached: the sweeper will ring again.
    """
    name = function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"
    connection, line, job_id = redis_connection(), queue_named(queue), uuid4().hex
    bell = _bell(name, ids)
    try:
        rung = connection.set(bell, job_id, nx=True, get=True)
        if rung is not None:
            if connection.lpos(line.key, rung) is not None:  # type: ignore[arg-type]
                return True
            connection.set(bell, job_id)
        line.enqueue_call(
            name,
            args=ids,
            job_id=job_id,
            timeout=TIMEOUTS[queue],
            result_ttl=0,
            failure_ttl=24 * 3600,
            at_front=at_front,
        )
    except RedisError as error:
        log.warning("doorbell_failed", queue=queue, job=name, error=type(error).__name__)
        return False
    return True


def answer_bell(job: Job) -> None:
    """Somebody comes to the door: from now on the same bell may be rung again, for what this run may no longer see."""
    try:
        redis_connection().delete(_bell(str(job.func_name), job.args))
    except RedisError as error:
        log.warning("bell_not_cleared", job=job.func_name, error=type(error).__name__)


def _bell(name: str, ids: Sequence[int | str]) -> str:
    return f"engage:bell:{name}:{','.join(map(str, ids))}"


def register_sweep(app: Flask, name: str, every: Callable[[Settings], float], function: Callable[[], Any]) -> None:
    """Have the sweeper call `function()` about every `every(settings)` seconds, in one process at a time."""
    sweeps: dict[str, Sweep] = app.extensions["engage_sweeps"]
    if name in sweeps:
        raise ValueError(f"a sweep named {name} exists")
    sweeps[name] = Sweep(name, every, function)
