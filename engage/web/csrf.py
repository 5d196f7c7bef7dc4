"""Forms come from our own pages: one token per session, checked on every unsafe request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask
from flask_wtf.csrf import CSRFProtect

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


def csrf_exempt(view: View) -> View:
    """For webhooks (a secret in the path) and citizens' POSTs (the personal link is the right to answer): no session stands behind them."""
    csrf.exempt(view)
    return view


def install(app: Flask) -> None:
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session: a form left open over lunch still works
    # The Referer check over https would refuse browsers and proxies that strip it; the token is the protection.
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)
    csrf.init_app(app)
