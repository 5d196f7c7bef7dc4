"""The application: the floor, then every feature, put together in one place."""

from __future__ import annotations

from types import ModuleType

import redis
from flask import Flask
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix

import campaigns.feature
import contacts.feature
import engage.identity.feature
import engage.reports.feature
import surveys.feature
from engage import events, jobs, logs
from engage import vault as keys
from engage.clock import Clock, SystemClock
from engage.config import Settings
from engage.db import db, engine_options, normalise_url
from engage.sms import make_gateway
from engage.sms.port import Gateway
from engage.vault import Vault
from engage.web import shell

FEATURES: tuple[ModuleType, ...] = (
    engage.identity.feature,
    contacts.feature,
    surveys.feature,
    campaigns.feature,
    engage.reports.feature,
)

MAX_UPLOAD = 64 * 1024 * 1024


def create_app(
    settings: Settings,
    *,
    gateway: Gateway | None = None,
    clock: Clock | None = None,
    vault: Vault | None = None,
    pool_size: int = 5,
) -> Flask:
    """A complete application for these settings; opens no connection yet.

    `gateway`, `clock` and `vault` are the real ones unless a caller brings its own. Refused says what is wrong with the keys.
    """
    logs.configure(settings.log_level)
    vault = vault or Vault.load(settings.keys_path)
    app = Flask("engage", static_folder=None)
    app.config.update(
        SECRET_KEY=vault.session_secret(),
        SQLALCHEMY_DATABASE_URI=normalise_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url, pool_size=pool_size),
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        ENVIRONMENT=settings.environment,
        TESTING=settings.environment == "test",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.extensions["engage_settings"] = settings
    app.extensions["engage_clock"] = clock or SystemClock(settings.clock_offset)
    keys.install(app, vault, settings.keys_path)
    app.extensions["engage_gateway"] = gateway or make_gateway(settings)
    db.init_app(app)
    jobs.install(app, _redis(settings))
    events.install(app)
    shell.install(app)
    shell.register_readiness(app, "database", _ping_database)
    shell.register_readiness(app, "valkey", _ping_valkey)
    for feature in FEATURES:
        feature.install(app)
    return app


def _redis(settings: Settings) -> redis.Redis:
    # Short timeouts: a page must not hang because the doorbell is away.
    return redis.Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=2,
        health_check_interval=0,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 2),
    )


def _ping_database() -> None:
    db.session.execute(text("SELECT 1"))


def _ping_valkey() -> None:
    jobs.redis_connection().ping()
