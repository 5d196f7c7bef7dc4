"""The gateway's credit as pages show it: asked for by a job every minute, never by a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Flask, current_app
from redis.exceptions import RedisError

from campaigns.kinds import CampaignKind
from campaigns.queries.money import reserved_cost, spent_ever
from contacts.queries.single_texts import cost_since
from engage.clock import now
from engage.config import Settings
from engage.db import release_session
from engage.jobs import redis_connection, register_sweep, ring
from engage.sms.port import Gateway, GatewayUnavailable

USES_RESERVE = frozenset({CampaignKind.SAFETY_ALERT, CampaignKind.ALL_CLEAR})
"""Kinds the protected reserve is kept for"""

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
    spent_since: int = 0
    """What campaigns and single texts were charged after the gateway was asked"""
    protected: int = 0
    """Kept for safety alerts alone"""

    @property
    def left(self) -> int:
        return max(self.credit - self.spent_since, 0)

    @property
    def free(self) -> int:
        """For campaigns that are no safety alerts."""
        return max(self.left - self.reserved - self.protected, 0)

    @property
    def missing(self) -> int:
        """What running campaigns need beyond the credit."""
        return max(self.reserved - self.left, 0)


def protected_from(kind: str) -> int:
    """Rials a campaign of this kind must leave to safety alerts."""
    settings: Settings = current_app.extensions["engage_settings"]
    return 0 if kind in USES_RESERVE else settings.safety_reserve


def free_for(kind: str, known: Credit, *, besides: int | None = None) -> int:
    """Rials that may still be promised to a campaign of this kind: what others were promised and the reserve are left alone."""
    reserved = known.reserved if besides is None else reserved_cost(besides=besides)
    return max(known.left - reserved - protected_from(kind), 0)


def install(app: Flask) -> None:
    register_sweep(app, "gateway_credit", lambda s: EVERY_SECONDS, ring_for_credit)


def ring_for_credit() -> None:
    ring("default", refresh_credit)


def refresh_credit() -> None:
    """The job: ask the gateway and keep its answer; an unanswered question keeps the answer before."""
    gateway: Gateway = current_app.extensions["engage_gateway"]
    # Before the question: what is spent while it is under way is counted twice rather than never.
    asked_from = now()
    spent = spent_ever()
    release_session()
    try:
        account = gateway.account()
    except GatewayUnavailable as error:
        log.warning("credit_unknown", reason=error.reason, code=error.code)
        return
    kept = {"credit": account.credit, "at": now().isoformat(), "from": asked_from.isoformat(), "spent": spent}
    redis_connection().set(KEY, json.dumps(kept), ex=KEEP_SECONDS)


def known_credit() -> Credit | None:
    """The last answer with what is reserved now; None when the gateway was never reached or the cache is away. Asks no gateway."""
    try:
        kept = redis_connection().get(KEY)
    except RedisError:
        return None
    if kept is None:
        return None
    found = json.loads(kept)
    settings: Settings = current_app.extensions["engage_settings"]
    ever = spent_ever()
    return Credit(
        credit=int(found["credit"]),
        reserved=reserved_cost(),
        asked_at=datetime.fromisoformat(found["at"]),
        spent_since=max(ever - int(found.get("spent", ever)), 0) + cost_since(datetime.fromisoformat(found.get("from", found["at"]))),
        protected=settings.safety_reserve,
    )
