"""The limit: what a bare WSGI function with one prepared statement and a finished page does on the same server and workers."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from psycopg_pool import ConnectionPool

_SELECT = "SELECT id, survey_id, answered FROM invitation WHERE token_digest = %s"
_KEY = bytes.fromhex(os.environ.get("BENCH_DIGEST_KEY", "00"))
_READY = Path(os.environ["BENCH_PAGE"]).read_bytes() if os.environ.get("BENCH_PAGE") else b""
_HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip"), ("Content-Length", str(len(_READY)))]
_pools: dict[int, ConnectionPool[Any]] = {}


def _pool() -> ConnectionPool[Any]:
    pool = _pools.get(os.getpid())
    if pool is None:
        address = os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
        pool = _pools[os.getpid()] = ConnectionPool(address, min_size=4, max_size=8, open=True)
    return pool


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """GET: one look-up and the finished page. POST: the same, and one row written."""
    path = environ["PATH_INFO"]
    if path == "/readyz":
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]
    digest = hmac.digest(_KEY, path[1:].encode(), "sha256")[:16]
    with _pool().connection() as connection:
        found = connection.execute(_SELECT, (digest,), prepare=True).fetchone()
        if found is None:
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            connection.execute("INSERT INTO bench_answer (invitation_id, body) VALUES (%s, %s)", (found[0], body), prepare=True)
    start_response("200 OK", _HEADERS)
    return [_READY]


def receipts(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """POST: one delivery report, read and written."""
    if environ["PATH_INFO"] != "/readyz":
        values = parse_qs(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        with _pool().connection() as connection:
            connection.execute(
                "INSERT INTO bench_receipt (gateway_id, status) VALUES (%s, %s)",
                (int(values["messageid"][0]), int(values["status"][0])),
                prepare=True,
            )
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
