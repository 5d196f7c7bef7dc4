"""The shortest way for a delivery report: two numbers in, one row, «ok» out.

A gateway tells of a whole campaign within minutes, one call for each text, and what Flask does around a view costs several times the
row. So a call that is exactly what the gateway sends is answered before it. Whatever isn't (JSON, other words in the path, numbers that
can't be read, a database that is away) goes on to the application, which decides anew.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Flask

from campaigns import jobs
from campaigns.commands.storing import BUFFER
from engage.clock import now
from engage.config import Settings
from engage.jobs import ring
from engage.meter import METER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_BYTES = 2_000
_FORM = "application/x-www-form-urlencoded"


class DeliveryDoor:
    """WSGI middleware in front of the application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._inner: WSGIApplication = app.wsgi_app
        settings: Settings = app.extensions["engage_settings"]
        self._path = f"/hooks/sms/{settings.webhook_token}/delivery".encode() if settings.webhook_token else b""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/hooks/sms/") or not self._is_ours(path) or not self._is_stored(environ):
            return self._inner(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "2"), ("Cache-Control", "no-store")])
        return [b"ok"]

    def _is_ours(self, path: str) -> bool:
        return bool(self._path) and hmac.compare_digest(path.encode("latin-1", "replace"), self._path)

    def _is_stored(self, environ: WSGIEnvironment) -> bool:
        began = time.perf_counter()
        pair = _pair_of(environ)
        if pair is None:
            return False
        try:
            with self._app.app_context():
                is_stored, wrote = BUFFER.store(*pair, now())
                if wrote and is_stored:
                    ring("default", jobs.apply_receipts)
                METER.flush_when_due()
        except Exception:
            # The application meets the same trouble, and knows how to tell the gateway and the log.
            return False
        if is_stored:
            METER.observe("http", time.perf_counter() - began, "delivery_report", "2xx")
        return is_stored


def _pair_of(environ: WSGIEnvironment) -> tuple[int, int] | None:
    """(gateway id, status) of a plain call; None for any other, whose body is left as it was."""
    if environ["REQUEST_METHOD"] == "GET":
        words = environ.get("QUERY_STRING", "")
    elif environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == _FORM:
        length = environ.get("CONTENT_LENGTH") or ""
        if environ.get("QUERY_STRING") or not (length.isascii() and length.isdigit() and int(length) <= MOST_BYTES):
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)
        words = body.decode("latin-1")
    else:
        return None
    values = {name.lower(): value for name, value in parse_qsl(words)}
    gateway_id, status = values.get("messageid", ""), values.get("status", "")
    if not (gateway_id.isascii() and gateway_id.isdigit() and len(gateway_id) <= 18):
        return None
    if not (status.isascii() and status.isdigit() and len(status) <= 3):
        return None
    return int(gateway_id), int(status)


def install(app: Flask) -> None:
    """Call after whatever else wraps `app.wsgi_app`, so that this stands in front of it."""
    app.wsgi_app = DeliveryDoor(app)  # type: ignore[method-assign]
