"""The shortest way to a citizen's page: one statement, ready bytes, nothing else.

A burst of texts makes thousands of phones open their links within minutes, and each of these requests is the same: letters in, a page
that lies ready out. What Flask does around a view (session, limits, nonce, log line) costs several times the page itself, so these
requests are answered before it. Whatever isn't exactly that, a failure included, goes on to the application, which decides anew.

And where more come than can be served, those beyond a limit are told so at once, before any statement: a page that waits a minute is no
page, and everybody behind it would wait, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from flask_babel import gettext as _

from engage.config import Settings
from engage.meter import METER
from engage.vault import TOKEN_LENGTH, is_token_shaped
from engage.web.crowd import CROWD
from surveys.asked import Office
from surveys.citizen import states
from surveys.citizen.layout import Page
from surveys.citizen.shelf import page_of
from surveys.links_page import KEPT, ready_page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

COME_AGAIN = 30
"""Seconds after which a burst has usually passed"""

FIXED: Headers = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("Vary", "Accept-Encoding"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
"""What `engage.web.headers` says on every page; a test holds the two together."""


class FrontDoor:
    """WSGI middleware in front of the application. Served links leave no line in the request log, as the shell's quiet pages don't."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._inner: WSGIApplication = app.wsgi_app
        settings: Settings = app.extensions["engage_settings"]
        is_secure = settings.base_url.startswith("https://")
        self.most = settings.citizens_at_once
        self._fixed = FIXED + ([("Strict-Transport-Security", "max-age=31536000")] if is_secure else [])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not is_token_shaped(path[1 : TOKEN_LENGTH + 1]) or path[TOKEN_LENGTH + 1 :][:1] not in ("", "/"):
            return self._inner(environ, start_response)
        with CROWD.inside(self.most) as is_let_in:
            if is_let_in:
                return self._let_in(path, environ, start_response)
        return self._ask_to_come_again(start_response)

    def _ask_to_come_again(self, start_response: StartResponse) -> Iterable[bytes]:
        """Before anything is read, looked up or written: whoever was sending answers sends them again, and they count once."""
        METER.add("http_shed")
        with self._app.app_context():
            page = page_of("busy", lambda: states.busy_page(Office(_("The municipality"))))
        start_response(
            "503 Service Unavailable",
            [
                *self._fixed,
                ("Content-Security-Policy", page.policy),
                ("Retry-After", str(COME_AGAIN)),
                ("Content-Length", str(len(page.body))),
                ("Connection", "close"),
            ],
        )
        return [page.body]

    def _let_in(self, path: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            len(path) == TOKEN_LENGTH + 1
            and environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and KEPT not in environ.get("HTTP_COOKIE", "")
            and environ.get("HTTP_ACCEPT_ENCODING", "").startswith("gzip")
            and is_token_shaped(path[1:])
        ):
            began = time.perf_counter()
            page = self._find(path[1:])
            if page is not None:
                METER.observe("http", time.perf_counter() - began, "ready_page", "2xx")
                start_response(
                    "200 OK",
                    [
                        *self._fixed,
                        ("Content-Security-Policy", page.policy),
                        ("Content-Encoding", "gzip"),
                        ("Content-Length", str(len(page.packed))),
                    ],
                )
                return [page.packed]
        return self._inner(environ, start_response)

    def _find(self, token: str) -> Page | None:
        try:
            with self._app.app_context():
                METER.flush_when_due()
                return ready_page(token)
        except Exception:
            # The application meets the same trouble, and knows how to tell the citizen and the log.
            return None


def install(app: Flask) -> None:
    """Call after whatever else wraps `app.wsgi_app`, so that this stands in front of it."""
    app.wsgi_app = FrontDoor(app)  # type: ignore[method-assign]
