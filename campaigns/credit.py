"""The gateway's credit as pages show it: asked for by a job every minute, never by a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Flask, current_app
from redis.exceptions import RedisError

from campaigns.queries import reserved_cost
from engage.clock import now
from engage.db import release_session
from engage.jobs import redis_connection, register_sweep, ring
from engage.sms.port import Gateway, GatewayUnavailable

log = structlog.get_logger(__name__)

KEY = "engage:gateway:account"
EVERY_SECONDS = 60.0
KEEP_SECONDS = 24 * 3600
"""An old figure with its hour beside it says more than none."""


@dataclass(frozen=True)
class Credit:
    """Rials at the gateway when it was last asked, rials that approved campaigns may still need, and what is free of both."""

    credit: int
    reserved: int
    asked_at: datetime

    @property
    def free(self) -> int:
        return max(self.credit - self.reserved, 0)

    @property
    def missing(self) -> int:
        """What running campaigns need beyond the credit."""
        return max(self.reserved - self.credit, 0)


def install(app: Flask) -> None:
    register_sweep(app, "gateway_credit", lambda s: EVERY_SECONDS, ring_for_credit)


def ring_for_credit() -> None:
    ring("default", refresh_credit)


def refresh_credit() -> None:
    """The job: ask the gateway and keep its answer; an unanswered question keeps the answer before."""
    gateway: Gateway = current_app.extensions["engage_gateway"]
    release_session()
    try:
        account = gateway.account()
    except GatewayUnavailable as error:
        log.warning("credit_unknown", reason=error.reason, code=error.code)
        return
    redis_connection().set(KEY, json.dumps({"credit": account.credit, "at": now().isoformat()}), ex=KEEP_SECONDS)


def known_credit() -> Credit | None:
    """The last answer with what is reserved now; None when the gateway was never reached or the cache is away. Asks no gateway."""
    try:
        kept = redis_connection().get(KEY)
    except RedisError:
        return None
    if kept is None:
        return None
    found = json.loads(kept)
    return Credit(int(found["credit"]), reserved_cost(), datetime.fromisoformat(found["at"]))
