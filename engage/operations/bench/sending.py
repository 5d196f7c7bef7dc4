"""`bench send`: a campaign through the whole engine, beside a bare loop of 200-message calls over the same connections."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import text

from campaigns.commands.control import change_state
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState
from engage.config import Settings
from engage.db import db, dispose_after_fork, transaction
from engage.operations.bench.materialising import bench_materialising, database_pid, materialise_campaign
from engage.operations.bench.measuring import cpu_seconds, family_of, median, resident_megabytes
from engage.operations.bench.setting import Setting, add_citizens, build_setting
from engage.sms import make_gateway
from engage.sms.port import MAX_BATCH, Outgoing
from engage.sms.simulator.process import SimulatorProcess

LATENCY_MS = 100
SHORT_LATENCY_MS = 20
"""So short that processors are what limits"""
ROUNDS = 3
SMALL = 10_000
_TEXT = "منطقه ۱۲: روشنایی کوچه چطور است؟\nhttps://m12.example.ir/{token}\nلغو11"


def bench_send(quick: bool = False, rows: int | None = None) -> dict[str, Any]:
    """Messages per second at 1 and 8 connections, ours and bare in turn, with calls of 100 ms and of 20 ms; what a message costs; and a
    campaign of `rows` (a million) beside small ones: how long writing its rows takes, and how fast it goes out."""
    short, long = (2_000, SMALL) if quick else (6_000, rows or 1_000_000)
    with tempfile.TemporaryDirectory(prefix="engage-bench-gw-") as folder:
        options: dict[str, Any] = {"latency_ms": LATENCY_MS, "operator_seconds": 3600, "phone_seconds": 7200, "credit": 10**12}
        with SimulatorProcess(Path(folder), **options) as simulator:
            with (
                build_setting(simulator.base_url, KAVENEGAR_API_KEY=simulator.api_key, KAVENEGAR_LINE=simulator.line) as setting,
                setting.app.app_context(),
            ):
                few = max(short * 6, SMALL)
                add_citizens(setting, few)
                one = _compare(setting, 1, short)
                eight = _compare(setting, 8, short * 6)
                simulator.admin("faults", latency_ms=SHORT_LATENCY_MS)
                hurried = {"one_connection": _compare(setting, 1, short * 2), "eight_connections": _compare(setting, 8, short * 6)}
                simulator.admin("faults", latency_ms=LATENCY_MS)
                small = [_run_ours(setting, 8, SMALL)["rate"] for _ in range(ROUNDS - 1)]
                if long > few:
                    add_citizens(setting, long - few, first_id=few + 1)
                made, written = bench_materialising(setting, long)
                large = _sag(setting, made.campaign_id, long)
                small.append(_run_ours(setting, 8, SMALL)["rate"])
                return {
                    "ours": eight["ours"],
                    "limit": eight["limit"],
                    "ratio": eight["ratio"],
                    "unit": "messages/s at 8 connections",
                    "latency_ms": LATENCY_MS,
                    "one_connection": one,
                    "eight_connections": eight,
                    f"calls_of_{SHORT_LATENCY_MS}_ms": hurried,
                    "materialising": written,
                    "long_run": large | {"small_run_rate": round(median(small)), "ratio_to_small_run": round(large["rate"] / median(small), 3)},
                }


def _compare(setting: Setting, connections: int, count: int) -> dict[str, Any]:
    pairs, costs = [], []
    for _ in range(ROUNDS):
        cost = _run_ours(setting, connections, count)
        pairs.append((cost["rate"], _run_bare(setting.app, connections, count)))
        costs.append(cost)
    return {
        "ours": round(median(p[0] for p in pairs)),
        "limit": round(median(p[1] for p in pairs)),
        "ratio": round(median(p[0] / p[1] for p in pairs), 3),
        "cpu_us_per_message": round(median(c["cpu_us"] for c in costs), 1),
        "database_cpu_us_per_message": round(median(c["database_us"] for c in costs), 1),
        "sql_ms_per_message": round(median(c["sql_ms"] for c in costs), 4),
    }


def _run_ours(setting: Setting, connections: int, count: int) -> dict[str, Any]:
    """One campaign of `count` messages, from the first claim to the last settled batch."""
    campaign_id = materialise_campaign(setting, count).campaign_id

    def work(_number: int, share: int) -> tuple[int, float, float]:
        _with_connections(setting.app, share)
        cpu = time.process_time()
        with _SqlTime() as sql:
            shift = send_due_batches(seconds=600)
        return shift.accepted, time.process_time() - cpu, sql.seconds

    server = database_pid()
    database = cpu_seconds(family_of(server))
    took, parts = _in_processes(connections, work)
    database = cpu_seconds(family_of(server)) - database
    accepted = sum(part[0] for part in parts)
    if accepted != count:
        raise RuntimeError(f"only {accepted} of {count} were accepted")
    with transaction():
        change_state(campaign_id, CampaignState.SENDING, CampaignState.SETTLING)
    return {
        "rate": count / took,
        "cpu_us": sum(p[1] for p in parts) / count * 1e6,
        "database_us": database / count * 1e6,
        "sql_ms": sum(p[2] for p in parts) / count * 1e3,
    }


def _run_bare(app: Flask, connections: int, count: int) -> float:
    """The same adapter, connections and processes, and nothing else: texts ready in memory, answers thrown away."""
    settings: Settings = app.extensions["engage_settings"]
    base = 2**62 + int(time.time() * 1000) * 10**6
    messages = [Outgoing(base + n, f"+98912{n % 10_000_000:07d}", _TEXT.format(token=f"{n:011d}")) for n in range(count)]
    batches = [messages[start : start + MAX_BATCH] for start in range(0, count, MAX_BATCH)]

    def work(number: int, share: int) -> None:
        gateway = make_gateway(replace(settings, gateway_concurrency=share))
        waiting = iter(batches[number :: _processes(connections)])
        lock = threading.Lock()

        def run() -> None:
            while True:
                with lock:
                    batch = next(waiting, None)
                if batch is None:
                    return
                gateway.send(settings.gateway_line, batch)

        with ThreadPoolExecutor(share) as pool:
            for future in [pool.submit(run) for _ in range(share)]:
                future.result()

    took, _ = _in_processes(connections, work)
    return count / took


def _processes(connections: int) -> int:
    """As an installation would: a second send worker from eight connections on."""
    return 2 if connections >= 8 else 1


def _in_processes(connections: int, work: Callable[[int, int], Any]) -> tuple[float, list[Any]]:
    """Run `work(number, share of the connections)` in forked processes, as RQ's work-horses are. → seconds until the last is done, results."""
    db.session.remove()
    running = []
    began = time.perf_counter()
    for number in range(_processes(connections)):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                dispose_after_fork()
                os.write(writer, json.dumps(work(number, connections // _processes(connections))).encode())
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(writer)
        running.append((pid, reader))
    results = []
    for pid, reader in running:
        with os.fdopen(reader) as file:
            told = file.read()
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("a process of the benchmark failed; its reason stands above")
        results.append(json.loads(told))
    return time.perf_counter() - began, results


def _sag(setting: Setting, campaign_id: int, count: int) -> dict[str, Any]:
    """A long campaign, measured tenth by tenth: the last must not be slower than the first."""
    stamps: list[tuple[float, int]] = [(time.perf_counter(), 0)]
    stop = threading.Event()

    def watch() -> None:
        with setting.app.app_context():
            while not stop.wait(0.2):
                done = db.session.execute(
                    text("SELECT count(*) * 200 FROM send_batch WHERE campaign_id = :c AND NOT is_open"), {"c": campaign_id}
                ).scalar()
                db.session.rollback()
                stamps.append((time.perf_counter(), int(done or 0)))

    def work(_number: int, share: int) -> tuple[int, float]:
        _with_connections(setting.app, share)
        return send_due_batches(seconds=3600).accepted, resident_megabytes(os.getpid())

    watcher = threading.Thread(target=watch)
    watcher.start()
    took, parts = _in_processes(8, work)
    stop.set()
    watcher.join()
    with transaction():
        change_state(campaign_id, CampaignState.SENDING, CampaignState.SETTLING)

    def rate(share_from: float, share_to: float) -> float:
        inside = [s for s in stamps if share_from * count <= s[1] <= share_to * count]
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0]) if len(inside) > 1 else 0.0

    return {
        "messages": sum(part[0] for part in parts),
        "worker_mb": round(max(part[1] for part in parts), 1),
        "rate": round(count / took),
        "first_third": round(rate(0.02, 0.34)),
        "last_third": round(rate(0.66, 0.98)),
    }


def _with_connections(app: Flask, connections: int) -> None:
    settings: Settings = replace(app.extensions["engage_settings"], gateway_concurrency=connections)
    app.extensions["engage_settings"] = settings
    app.extensions["engage_gateway"] = make_gateway(settings)


class _SqlTime:
    """Seconds spent waiting for the database, all threads together, counted where psycopg executes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> _SqlTime:
        self._execute = psycopg.Cursor.execute
        outer = self
        execute = self._execute

        def timed(cursor: Any, *arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return execute(cursor, *arguments, **named)
            finally:
                outer.seconds += time.perf_counter() - began

        psycopg.Cursor.execute = timed  # type: ignore[method-assign, assignment]
        return self

    def __exit__(self, *_: object) -> None:
        psycopg.Cursor.execute = self._execute  # type: ignore[method-assign]
