"""One line per request: method, route, status, milliseconds. Never the path (personal links are in it) nor the query string."""

from __future__ import annotations

import secrets
import time

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger(__name__)

QUIET = frozenset({"web.static", "web.healthz", "web.readyz", "web.metrics"})
"""Endpoints asked for constantly; they are logged only when they fail."""


def request_id() -> str:
    """This request's id: shown on error pages, sent as X-Request-Id, and on every log line."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def _start() -> None:
    g.request_started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    if request.endpoint in QUIET and response.status_code < 400:
        return response
    spent = time.perf_counter() - g.get("request_started", time.perf_counter())
    log.info(
        "request",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "unmatched",
        status=response.status_code,
        ms=round(spent * 1000, 1),
    )
    return response


def install(app: Flask) -> None:
    app.jinja_env.globals["request_id"] = request_id
    app.before_request(_start)
    app.after_request(_finish)
