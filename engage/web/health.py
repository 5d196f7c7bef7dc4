"""`/healthz`: this process answers. `/readyz`: everything it needs answers, too."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Flask, Response, current_app, jsonify

from engage.web.assets import blueprint

log = structlog.get_logger(__name__)


def register_readiness(app: Flask, name: str, check: Callable[[], object]) -> None:
    """Have `/readyz` call `check()`; raising means not ready. Only its name and the exception's class are ever shown."""
    app.extensions["engage_readiness"][name] = check


@blueprint.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    failed: dict[str, str] = {}
    for name, check in current_app.extensions["engage_readiness"].items():
        try:
            check()
        except Exception as error:  # whatever it is, this process isn't ready
            failed[name] = type(error).__name__
            log.warning("not_ready", check=name, error=type(error).__name__)
    if failed:
        return jsonify(status="unready", failed=failed), 503
    return jsonify(status="ready", checks=list(current_app.extensions["engage_readiness"])), 200


def install(app: Flask) -> None:
    app.extensions["engage_readiness"] = {}
