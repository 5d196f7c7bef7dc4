"""`/metrics` for Prometheus. Rooms register what they know; this module guards the door and writes it down.

Open to this machine alone, or to whoever brings `ENGAGE_METRICS_TOKEN` as a bearer token where that is set; everybody else gets a 404.
Names, labels and values are ours: no phone number, no title, no text is ever in them. Gauges are read from the database and Valkey at the
scrape, counters from the hash all processes add to (`engage.meter`).
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import structlog
from flask import Flask, Response, abort, current_app, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.jobs import QUEUES, queue_named, redis_connection
from engage.meter import BUCKETS, METER, counted
from engage.web.assets import blueprint

log = structlog.get_logger(__name__)

Source = Callable[[], Iterable[Metric]]
ALIVE_SECONDS = 600.0
"""RQ's workers beat at least every seven minutes."""
SWEEPER_KEY = "engage:sweeper:heartbeat"
COUNTERS = {
    "http_shed": ("engage_http_shed_requests", "Citizens' requests answered with 503 before any work", ()),
    "claims": ("engage_claimed_messages", "Messages claimed for sending", ()),
    "outcomes": ("engage_message_outcomes", "What became of messages at a call, a look-up or a receipt", ("state",)),
    "leases_expired": ("engage_leases_expired_messages", "Messages whose worker let its lease run out", ()),
    "receipts": ("engage_receipts_applied", "Delivery reports looked at", ()),
}


def install(app: Flask) -> None:
    app.extensions["engage_metrics"] = []
    register_metrics(app, "queues", _queues)
    register_metrics(app, "outbox", _outbox)
    register_metrics(app, "counters", _counters)
    app.after_request(_time_request)


def register_metrics(app: Flask, name: str, source: Source) -> None:
    """Have `/metrics` ask `source()`; one that fails is left out and counted in `engage_scrape_failures`."""
    app.extensions["engage_metrics"].append((name, source))


@blueprint.get("/metrics")
def metrics() -> Response:
    settings: Settings = current_app.extensions["engage_settings"]
    if not may_scrape(settings.metrics_token, request.headers.get("Authorization", ""), request.remote_addr or "", _was_forwarded()):
        abort(404)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape())  # type: ignore[arg-type]
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def may_scrape(token: str, authorization: str, address: str, was_forwarded: bool) -> bool:
    """Whether this caller may read figures: the token where one is set, else this machine itself and not through a proxy. Pure."""
    if token:
        return hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    try:
        return ipaddress.ip_address(address).is_loopback and not was_forwarded
    except ValueError:
        return False


def _was_forwarded() -> bool:
    # Behind a proxy on this machine everybody comes from loopback.
    return any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))


class _Scrape:
    def collect(self) -> Iterator[Metric]:
        failures = GaugeMetricFamily("engage_scrape_failures", "Sources that could not be read at this scrape", labels=["source"])
        seconds = GaugeMetricFamily("engage_scrape_seconds", "Time each source took at this scrape", labels=["source"])
        for name, source in current_app.extensions["engage_metrics"]:
            began = time.perf_counter()
            try:
                yield from source()
                failures.add_metric([name], 0)
            except (SQLAlchemyError, RedisError) as error:
                db.session.rollback()
                failures.add_metric([name], 1)
                log.warning("metrics_unread", source=name, error=type(error).__name__)
            seconds.add_metric([name], time.perf_counter() - began)
        db.session.remove()
        yield failures
        yield seconds


def gauge(name: str, words: str, value: float | None) -> GaugeMetricFamily:
    """One number; nothing of it where it isn't known."""
    family = GaugeMetricFamily(f"engage_{name}", words)
    if value is not None:
        family.add_metric([], float(value))
    return family


def age(since: datetime | None) -> float:
    """Seconds since then; 0 for never, so that an alert on a high value needs no second rule."""
    return 0.0 if since is None else max(0.0, (now() - since).total_seconds())


def _queues() -> Iterator[Metric]:
    length = GaugeMetricFamily("engage_queue_jobs", "Jobs that wait", labels=["queue"])
    oldest = GaugeMetricFamily("engage_queue_oldest_seconds", "Age of the job that has waited longest", labels=["queue"])
    failed = GaugeMetricFamily("engage_queue_failed_jobs", "Jobs that failed in the last day", labels=["queue"])
    alive = GaugeMetricFamily("engage_workers_alive", "Workers with a fresh heartbeat", labels=["queue"])
    moment = datetime.now(UTC)
    for name in QUEUES:
        queue = queue_named(name)
        length.add_metric([name], float(queue.count))
        oldest.add_metric([name], _oldest(name))
        failed.add_metric([name], float(queue.failed_job_registry.count))
        beats = [worker.last_heartbeat for worker in Worker.all(queue=queue, serializer=JSONSerializer)]
        fresh = (b for b in beats if b and (moment - (b if b.tzinfo else b.replace(tzinfo=UTC))).total_seconds() < ALIVE_SECONDS)
        alive.add_metric([name], float(sum(1 for _ in fresh)))
    yield from (length, oldest, failed, alive)
    beat = redis_connection().get(SWEEPER_KEY)
    silence = time.time() - int(beat) if beat is not None else None  # type: ignore[arg-type]
    yield gauge("sweeper_silent_seconds", "Since the sweeper's last round", silence)


def _oldest(name: str) -> float:
    """The front of the queue is the oldest but for bells that were rung at its front; a few of each end are looked at."""
    queue = queue_named(name)
    ids = [*queue.get_job_ids(0, 4), *queue.get_job_ids(-5, 5)]
    found = [job.enqueued_at for job in queue.job_class.fetch_many(ids, connection=queue.connection, serializer=JSONSerializer) if job]
    times = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in found if each is not None]
    return max(0.0, (datetime.now(UTC) - min(times)).total_seconds()) if times else 0.0


def _outbox() -> Iterator[Metric]:
    waiting, oldest = db.session.execute(
        text(
            "SELECT count(*), min(occurred_at) FROM (SELECT o.occurred_at FROM outbox_delivery d JOIN outbox o ON o.id = d.event_id"
            " WHERE d.delivered_at IS NULL ORDER BY d.ring_at LIMIT 1000) waiting"
        )
    ).one()
    yield gauge("outbox_waiting", "Deliveries of events nobody has taken, at most 1,000 are counted", waiting)
    yield gauge("outbox_oldest_seconds", "Age of the oldest of them", age(oldest))


def _counters() -> Iterator[Metric]:
    held = counted()
    for key, (name, words, labels) in COUNTERS.items():
        family = CounterMetricFamily(name, words, labels=list(labels))
        if not labels and (key,) not in held:
            family.add_metric([], 0.0)
        for (found, *values), amount in sorted(held.items()):
            if found == key and len(values) == len(labels):
                family.add_metric(values, amount)
        yield family
    yield _histogram(held, "http", "engage_http_request_seconds", "Time to answer a request", ("room", "status"))
    yield _histogram(held, "receipt_lag", "engage_receipt_lag_seconds", "From a delivery report's arrival to its being applied", ())


def _histogram(held: dict[tuple[str, ...], float], key: str, name: str, words: str, labels: tuple[str, ...]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, words, labels=list(labels))
    for (found, *values), total in sorted(held.items()):
        if found != f"{key}_sum":
            continue
        running, buckets = 0.0, []
        for bound in (*map(str, BUCKETS), "+Inf"):
            running += held.get((f"{key}_bucket", *values, bound), 0.0)
            buckets.append((bound, running))
        family.add_metric(values, buckets, total)
    return family


def _time_request(response: Response) -> Response:
    """Rooms and status classes only; a route has too many names, and an address may hold a link."""
    status = str(response.status_code) if response.status_code in (429, 503) else f"{response.status_code // 100}xx"
    METER.observe("http", time.perf_counter() - g.get("request_started", time.perf_counter()), request.blueprint or "none", status)
    METER.flush_when_due()
    return response
