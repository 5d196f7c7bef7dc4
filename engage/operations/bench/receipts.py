"""`bench receipts`: the gateway's delivery calls over HTTP, beside a bare function that reads one and writes one row; and ten thousand
at once, all of which have to settle."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

import campaigns.commands as commands
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.operations.bench.measuring import free_port, load, median
from engage.operations.bench.setting import Setting, build_setting
from engage.operations.rehearse.stage import WEBHOOK_TOKEN
from engage.operations.up import ROOT, gunicorn_command, port_answers

CONNECTIONS = 8
WORKERS = 2
AT_ONCE = 128
"""Connections the burst comes over"""
FIRST = 8_000_000_000
FOREIGN = 9_000_000_000


def bench_receipts(quick: bool = False) -> dict[str, Any]:
    """Delivery calls per second, every one on a new connection, ours and bare in turn; then a burst of 10,000 that comes at once."""
    rounds, seconds, burst = (2, 2.0, 2_000) if quick else (5, 4.0, 10_000)
    numbers = itertools.count(FOREIGN)
    with _two_servers() as (setting, ours_port, limit_port):

        def visit(_number: int) -> list[bytes]:
            return [_call(next(numbers))]

        pairs = []
        load(ours_port, visit, 1.0, CONNECTIONS)
        load(limit_port, visit, 1.0, CONNECTIONS)
        for _ in range(rounds):
            ours, latencies = load(ours_port, visit, seconds, CONNECTIONS)
            limit, _ = load(limit_port, visit, seconds, CONNECTIONS)
            pairs.append((ours, limit, sorted(latencies)[int(len(latencies) * 0.95)]))
        with setting.app.app_context():
            told = _burst(setting, ours_port, burst)
        return {
            "ours": round(median(p[0] for p in pairs)),
            "limit": round(median(p[1] for p in pairs)),
            "ratio": round(median(p[0] / p[1] for p in pairs), 3),
            "unit": "receipts/s",
            "p95_ms": round(median(p[2] for p in pairs) * 1000, 2),
            "burst": told,
        }


def _burst(setting: Setting, port: int, count: int) -> dict[str, Any]:
    """`count` accepted messages, told of over many connections at once; what is answered 503 is told again. → how many didn't settle."""
    campaign_id = _accepted_messages(setting, count)
    waiting = iter(range(FIRST, FIRST + count))
    lock, again = threading.Lock(), itertools.count()

    def run() -> None:
        while True:
            with lock:
                gateway_id = next(waiting, None)
            if gateway_id is None:
                return
            while not _is_taken(port, gateway_id):
                next(again)
                time.sleep(0.05)

    began = time.perf_counter()
    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = time.perf_counter() - began
    settings: Settings = setting.app.extensions["engage_settings"]
    while commands.apply_receipts(settings):
        pass
    left = db.session.scalar(text("SELECT count(*) FROM message WHERE campaign_id = :c AND state <> 'delivered'"), {"c": campaign_id})
    return {
        "receipts": count,
        "told_seconds": round(told, 2),
        "settled_seconds": round(time.perf_counter() - began, 2),
        "told_again": next(again),
        "unsettled": left,
    }


def _accepted_messages(setting: Setting, count: int) -> int:
    """A campaign whose messages the gateway has accepted, written straight into the tables."""
    draft = commands.Draft(
        survey_id=setting.survey_id, title="سنجش", text="منطقه ۱۲: روشنایی کوچه؟", audience=AudienceFilter(unit_id=setting.unit_id)
    )
    campaign_id = commands.create_campaign(setting.unit_id, draft, actor_id=None)
    with transaction() as session:
        wave_id = session.execute(
            text("INSERT INTO wave (campaign_id, number, due_at, materialised_at) VALUES (:c, 1, :now, :now) RETURNING id"),
            {"c": campaign_id, "now": now()},
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO message (id, campaign_id, wave_id, state, gateway_id, gateway_status, accepted_at)"
                " SELECT n, :c, :w, 'accepted', :first + n, 1, :now FROM generate_series(0, :count - 1) n"
            ),
            {"c": campaign_id, "w": wave_id, "first": FIRST, "count": count, "now": now()},
        )
    return campaign_id


def _call(gateway_id: int) -> bytes:
    body = f"messageid={gateway_id}&status=10"
    return (
        f"POST /hooks/sms/{WEBHOOK_TOKEN}/delivery HTTP/1.1\r\nHost: m12.example.ir\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _is_taken(port: int, gateway_id: int) -> bool:
    """Whether the call was answered 200; anything else is told again, as the gateway does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(_call(gateway_id))
            answer = connection.recv(4096)
            while chunk := connection.recv(4096):
                answer += chunk
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.1 200")


@contextmanager
def _two_servers() -> Iterator[tuple[Setting, int, int]]:
    with build_setting() as setting:
        with setting.app.app_context(), transaction() as session:
            session.execute(text("CREATE TABLE bench_receipt (id bigserial PRIMARY KEY, gateway_id bigint, status smallint)"))
        ours_port, limit_port = free_port(), free_port()
        ours = subprocess.Popen(gunicorn_command(ours_port, workers=WORKERS), env=setting.environ, cwd=ROOT, stdout=sys.stderr)
        try:
            port_answers(ours_port)
            command = gunicorn_command(limit_port, workers=WORKERS)
            command[-1] = "engage.operations.bench.bare:receipts"
            limit = subprocess.Popen(command, env=setting.environ, cwd=ROOT, stdout=sys.stderr)
            try:
                port_answers(limit_port)
                yield setting, ours_port, limit_port
            finally:
                limit.terminate()
                limit.wait(30)
        finally:
            ours.terminate()
            ours.wait(30)
