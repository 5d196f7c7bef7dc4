"""The shortest way to a citizen's page: one statement, ready bytes, nothing else.

A burst of texts makes thousands of phones open their links within minutes, and each of these requests is the same: letters in, a page
that lies ready out. What Flask does around a view (session, limits, nonce, log line) costs several times the page itself, so these
requests are answered before it. Whatever isn't exactly that, a failure included, goes on to the application, which decides anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from engage.config import Settings
from engage.vault import TOKEN_LENGTH, is_token_shaped
from surveys.citizen.layout import Page
from surveys.links_page import ready_page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

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
        self._fixed = FIXED + ([("Strict-Transport-Security", "max-age=31536000")] if is_secure else [])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if (
            len(path) == TOKEN_LENGTH + 1
            and environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and environ.get("HTTP_ACCEPT_ENCODING", "").startswith("gzip")
            and is_token_shaped(path[1:])
        ):
            page = self._find(path[1:])
            if page is not None:
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
                return ready_page(token)
        except Exception:
            # The application meets the same trouble, and knows how to tell the citizen and the log.
            return None


def install(app: Flask) -> None:
    """Call after whatever else wraps `app.wsgi_app`, so that this stands in front of it."""
    app.wsgi_app = FrontDoor(app)  # type: ignore[method-assign]
