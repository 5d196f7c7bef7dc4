"""Static files: one blueprint, addresses that change with the content, caches that keep them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, url_for

STATIC = Path(__file__).resolve().parent / "static"
YEAR = 31_536_000

blueprint = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")


@lru_cache(maxsize=256)
def _digest(path: Path, changed_at_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file with its content's hash; FileNotFoundError when it isn't there (run `make setup`)."""
    path = STATIC / name
    return url_for("web.static", filename=name, v=_digest(path, path.stat().st_mtime_ns))


def _keep_static(response: Response) -> Response:
    if request.endpoint == "web.static" and response.status_code in (200, 206, 304):
        # A stylesheet names its font without a hash; the font's own name holds its version instead.
        lasting = "v" in request.args or request.path.endswith(".woff2")
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if lasting else "public, max-age=3600"
    return response


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset
    app.after_request(_keep_static)
