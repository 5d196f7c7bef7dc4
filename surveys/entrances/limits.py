"""How much one address, one browser and one number may ask for: loosely by address, because thousands of phones share one carrier's;
strictly by browser. What protects an entrance itself are its ceilings."""

from __future__ import annotations

import hashlib
import hmac
import re

import structlog
from flask import request
from flask_limiter.util import get_remote_address
from limits import RateLimitItemPerDay, RateLimitItemPerHour
from redis.exceptions import RedisError

from engage.clock import now
from engage.jobs import redis_connection
from engage.vault import vault
from engage.web.limits import limiter

log = structlog.get_logger(__name__)

VISITOR = "engage_o"
"""The cookie of an open link: a random browser and the number of its turn."""
_VISITOR = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,4})")

MISSES_A_MINUTE = 60
"""Of one address, those of personal links counted together with these."""

BY_NUMBER = (RateLimitItemPerHour(6), RateLimitItemPerDay(12))
"""Codes to one number, over all surveys: a stranger can't ring somebody's phone by going from poster to poster."""


def read_visitor() -> tuple[str, int] | None:
    """The browser and its turn, as its cookie says; None without one."""
    found = _VISITOR.fullmatch(request.cookies.get(VISITOR, ""))
    return (found[1], int(found[2])) if found else None


def _browser() -> str:
    visitor = read_visitor()
    return f"browser:{visitor[0]}" if visitor else f"address:{get_remote_address()}"


by_browser = limiter.shared_limit("60 per 10 minutes; 300 per day", scope="entrance-browser", methods=["POST"], key_func=_browser)
"""Pages sent by one browser; one without a cookie shares its address's."""
by_address = limiter.shared_limit("6000 per 10 minutes; 100000 per day", scope="entrance-address", methods=["POST"])
asking = limiter.shared_limit("300 per 10 minutes; 3000 per day", scope="citizen-codes", methods=["POST"])
"""Pages that send a text, those of sign-up counted together with these."""
typing = limiter.shared_limit("600 per 10 minutes", scope="citizen-typing", methods=["POST"])
"""Pages on which a code is typed."""
pins = limiter.shared_limit("10 per 10 minutes", scope="kiosk-pins", methods=["POST"])


def is_guessing() -> bool:
    """Count one more address of this client that leads nowhere; whether there were too many. Right addresses cost nothing and always open:
    a guesser must not shut out everybody who shares the carrier's address."""
    key = f"engage:misses:{get_remote_address()}:{int(now().timestamp() // 60)}"
    try:
        pipe = redis_connection().pipeline(transaction=False)
        pipe.incr(key)
        pipe.expire(key, 120)
        return int(pipe.execute()[0]) > MISSES_A_MINUTE
    except RedisError as error:
        log.warning("misses_uncounted", error=type(error).__name__)
        return False


def may_text(e164: str) -> bool:
    """Whether one more code may go to this number, whatever survey asks; counted under a keyed digest."""
    key = hmac.digest(bytes.fromhex(vault().derive_secret("entrance numbers")), e164.encode(), hashlib.sha256).hex()[:32]
    try:
        return all(limiter.limiter.hit(item, "entrance-number", key) for item in BY_NUMBER)
    except RedisError as error:
        # Each survey still counts its own codes in the database.
        log.warning("numbers_uncounted", error=type(error).__name__)
        return True
