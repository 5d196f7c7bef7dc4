"""Puts the shell into an application: words, filters, templates, headers, CSRF, limits, errors, health, request log."""

from __future__ import annotations

from typing import Any

from flask import Flask

from engage.config import Settings
from engage.web import assets, charts, csrf, errors, filters, headers, health, i18n, limits, metrics, nav, refusals, requests_log
from engage.web.health import register_readiness
from engage.web.icons import icon

__all__ = ["install", "register_readiness"]


def install(app: Flask) -> None:
    """The application has every page's surroundings. Needs `app.extensions["engage_settings"]` and "engage_clock"; call before any room.

    The app must be made with `static_folder=None`: the shell serves `/static` itself.
    """
    if app.has_static_folder:
        raise ValueError("make the app with static_folder=None; engage.web serves /static")
    settings: Settings = app.extensions["engage_settings"]
    secure = settings.base_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-engage" if secure and settings.environment == "production" else "engage",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_PATH="/",
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["icon"] = icon
    app.context_processor(_nobody)
    requests_log.install(app)
    headers.install(app)
    i18n.install(app)
    filters.install(app)
    csrf.install(app)
    limits.install(app)
    nav.install(app)
    health.install(app)
    metrics.install(app)
    assets.install(app)
    charts.install(app)
    refusals.install(app)
    errors.install(app)


def _nobody() -> dict[str, Any]:
    """Until the identity room says who is looking, nobody is; its context processor, registered later, wins."""
    return {"viewer": None}
