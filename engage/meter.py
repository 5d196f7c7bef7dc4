"""Counters that belong to every process together: kept in memory for a few seconds, then added to one hash in Valkey.

Web processes and work-horses come and go and run on several hosts, so none of them could be asked for its own. A Valkey that is away or was
flushed costs counts, never a request; Prometheus takes the fall for a restart.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

KEY = "engage:metrics"
EVERY_SECONDS = 5.0
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_MOST = 10_000
"""Names held while Valkey is away; beyond it the process forgets."""


class Meter:
    """Adds up; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._flushed_at = time.monotonic()

    def add(self, name: str, *labels: str, amount: float = 1.0) -> None:
        """`amount` more of this counter under these labels. Touches no network."""
        with self._lock:
            self._held["|".join((name, *labels))] += amount  # type: ignore[assignment]

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """One more duration: its bucket, sum and count."""
        bucket = next((str(each) for each in BUCKETS if seconds <= each), "+Inf")
        with self._lock:
            self._held["|".join((f"{name}_bucket", *labels, bucket))] += 1
            self._held["|".join((f"{name}_sum", *labels))] += seconds  # type: ignore[assignment]

    def flush_when_due(self) -> None:
        if time.monotonic() - self._flushed_at >= EVERY_SECONDS:
            self.flush()

    def flush(self) -> None:
        """What is held stands in Valkey, or stays held when it can't be reached."""
        with self._lock:
            held, self._held = self._held, Counter()
            self._flushed_at = time.monotonic()
        if not held or "engage_redis" not in current_app.extensions:  # a shell without rooms has nowhere to put them
            return
        try:
            with _valkey().pipeline(transaction=True) as pipeline:
                for name, amount in held.items():
                    pipeline.hincrbyfloat(KEY, name, amount)
                pipeline.execute()
        except RedisError:
            if len(held) < _MOST:
                with self._lock:
                    self._held.update(held)


METER = Meter()
"""That of this process."""


def counted() -> dict[tuple[str, ...], float]:
    """Every counter of all processes: (name, labels …) → value. RedisError when Valkey is away."""
    METER.flush()
    found: dict[bytes, bytes] = _valkey().hgetall(KEY)  # type: ignore[assignment]
    return {tuple(name.decode().split("|")): float(value) for name, value in found.items()}


def _valkey() -> Redis:
    found: Redis = current_app.extensions["engage_redis"]
    return found
