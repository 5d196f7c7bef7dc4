"""Rate limits, counted in Valkey for all web processes together.

Used for misses and guesses (sign-in codes, unknown links); never for valid links: thousands of phones share one carrier address.
"""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from engage.config import Settings

limiter = Limiter(key_func=get_remote_address, in_memory_fallback_enabled=True, key_prefix="engage-limit")


def storage_address(redis_url: str) -> str:
    """The same server as the limits library spells it: its name for a socket differs from redis-py's."""
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url


def install(app: Flask) -> None:
    settings: Settings = app.extensions["engage_settings"]
    app.config.setdefault("RATELIMIT_STORAGE_URI", storage_address(settings.redis_url) or "memory://")
    app.config.setdefault("RATELIMIT_HEADERS_ENABLED", False)
    limiter.init_app(app)
