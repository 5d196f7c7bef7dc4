"""`bench page` and `bench submit`: a citizen's page of ten questions, and a whole visit (GET and POST), beside the bare limit."""

from __future__ import annotations

import http.client
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

import surveys.commands as surveys
from engage.clock import now
from engage.db import db, transaction
from engage.operations.bench.measuring import cpu_seconds, family_of, free_port, load, median, resident_megabytes
from engage.operations.bench.setting import Setting, add_citizens, build_setting, ten_questions
from engage.operations.rehearse.plan import random_form
from engage.operations.up import ROOT, gunicorn_command, port_answers
from engage.vault import vault
from surveys.definitions import load as load_definition

CONNECTIONS = 8
WORKERS = 2


def bench_page(quick: bool = False) -> dict[str, Any]:
    """GET of the form page, every phone its own link, beside a bare WSGI function; requests per second."""
    rounds, seconds, citizens = (2, 2.0, 2_000) if quick else (5, 4.0, 20_000)
    with _two_servers(citizens) as (setting, ours_port, limit_port, pids, tokens):

        def visit(number: int) -> list[bytes]:
            return [_get(tokens[number % len(tokens)])]

        pairs = []
        load(ours_port, visit, 1.0, CONNECTIONS)
        load(limit_port, visit, 1.0, CONNECTIONS)
        for _ in range(rounds):
            ours, latencies = load(ours_port, visit, seconds, CONNECTIONS)
            limit, _ = load(limit_port, visit, seconds, CONNECTIONS)
            pairs.append((ours, limit, sorted(latencies)[int(len(latencies) * 0.95)]))
        with setting.app.app_context():
            responses = db.session.execute(text("SELECT count(*) FROM response")).scalar()
        return {
            "ours": round(median(p[0] for p in pairs), 1),
            "limit": round(median(p[1] for p in pairs), 1),
            "ratio": round(median(p[0] / p[1] for p in pairs), 3),
            "unit": "pages/s",
            "p95_ms": round(median(p[2] for p in pairs) * 1000, 2),
            "bytes": len(_page(ours_port, tokens[0])),
            "responses_written": responses,
            "web_worker_mb": round(max(resident_megabytes(pid) for pid in family_of(pids["ours"])[1:]), 1),
        }


def bench_submit(quick: bool = False) -> dict[str, Any]:
    """GET and POST of one whole answer, beside a bare look-up, page and INSERT; visits per second and CPU of the web processes."""
    rounds, seconds, citizens = (2, 2.0, 4_000) if quick else (5, 4.0, 40_000)
    definition = load_definition(ten_questions())
    chance = random.Random(7)
    bodies = [urlencode(random_form(definition, chance)) for _ in range(200)]
    with _two_servers(citizens) as (setting, ours_port, limit_port, pids, tokens):
        used = iter(range(10**9))

        def visit(number: int) -> list[bytes]:
            token = tokens[next(used) % len(tokens)]
            return [_get(token), _post(token, bodies[number % len(bodies)])]

        pairs = []
        for _ in range(rounds):
            before = cpu_seconds(family_of(pids["ours"]))
            ours, latencies = load(ours_port, visit, seconds, CONNECTIONS)
            cpu = (cpu_seconds(family_of(pids["ours"])) - before) / len(latencies) * 1000
            limit, _ = load(limit_port, visit, seconds, CONNECTIONS)
            pairs.append((ours, limit, cpu))
        with setting.app.app_context():
            written = db.session.execute(text("SELECT count(*) FROM response")).scalar()
        return {
            "ours": round(median(p[0] for p in pairs), 1),
            "limit": round(median(p[1] for p in pairs), 1),
            "ratio": round(median(p[0] / p[1] for p in pairs), 3),
            "unit": "visits/s (GET + POST)",
            "cpu_ms": round(median(p[2] for p in pairs), 2),
            "responses_written": written,
        }


@contextmanager
def _two_servers(citizens: int) -> Iterator[tuple[Setting, int, int, dict[str, int], list[str]]]:
    with build_setting() as setting:
        with setting.app.app_context():
            add_citizens(setting, citizens)
            with transaction() as session:
                invitations = surveys.invite_identities(
                    setting.survey_id, setting.unit_id, range(1, citizens + 1), now() + timedelta(days=30)
                )
                session.execute(text("CREATE TABLE bench_answer (id bigserial PRIMARY KEY, invitation_id bigint, body bytea)"))
            tokens = [vault().link_token(id) for id, _ in invitations.values()]
            key = vault().digest_key()
        ours_port, limit_port = free_port(), free_port()
        page = setting.folder / "ready.html.gz"
        ours = subprocess.Popen(gunicorn_command(ours_port, workers=WORKERS), env=setting.environ, cwd=ROOT, stdout=sys.stderr)
        try:
            port_answers(ours_port)
            page.write_bytes(_page(ours_port, tokens[0]))
            command = gunicorn_command(limit_port, workers=WORKERS)
            command[-1] = "engage.operations.bench.bare:application"
            limit = subprocess.Popen(
                command,
                env=setting.environ | {"BENCH_PAGE": str(page), "BENCH_DIGEST_KEY": key.hex()},
                cwd=ROOT,
                stdout=sys.stderr,
            )
            try:
                port_answers(limit_port)
                yield setting, ours_port, limit_port, {"ours": ours.pid, "limit": limit.pid}, tokens
            finally:
                limit.terminate()
                limit.wait(30)
        finally:
            ours.terminate()
            ours.wait(30)


def _get(token: str) -> bytes:
    return f"GET /{token} HTTP/1.1\r\nHost: m12.example.ir\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode()


def _post(token: str, body: str) -> bytes:
    return (
        f"POST /{token} HTTP/1.1\r\nHost: m12.example.ir\r\nAccept-Encoding: gzip\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _page(port: int, token: str) -> bytes:
    """The compressed body of one page as a phone gets it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", f"/{token}", headers={"Accept-Encoding": "gzip", "Host": "m12.example.ir"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or answer.getheader("Content-Encoding") != "gzip":
            raise RuntimeError(f"the form page answered {answer.status}")
        return body
    finally:
        connection.close()
