"""`bench import`: a list of made-up citizens through the whole engine, beside a raw COPY of the same rows, cleaned, into a plain table.

The list goes through `engage contacts import`'s own command in a process of its own, so that its memory can be told. Citizens answer a
survey through the web server before and while another list is imported.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

import contacts.commands as contacts
import surveys.commands as surveys
from contacts.importing.staging import ImportOrder, identity_context
from contacts.reading.child import open_apart
from contacts.rules.columns import check_mapping, guess_fields
from contacts.rules.consent import Basis
from engage.app import create_app
from engage.clock import now, today_in_tehran
from engage.config import Settings
from engage.db import db, driver_connection, transaction
from engage.operations.bench.measuring import cpu_seconds, family_of, free_port, load, resident_megabytes
from engage.operations.bench.setting import Setting, build_setting
from engage.operations.up import ROOT, gunicorn_command, port_answers
from engage.vault import Vault, vault

ROWS = 1_000_000
SMALL = 10_000
_VISITORS = 4
_PAUSE = 0.2
"""Seconds between two visits of one visitor: a busy hour of one campaign"""
_BLOCK = 1 << 16

_FIRST = ("زهرا", "فاطمه", "مریم", "علی", "رضا", "محمد", "حسین", "سارا", "نرگس", "مهدی", "کاوه")
_LAST = ("محمدی", "حسینی", "احمدی", "رضایی", "موسوی", "کریمی", "جعفری", "مرادی", "گل‌محمدی", "پورحسینی", "طباطبایی", "میرزایی", "یزدانی")
_PLACES = ("سنگلج", "هرندی", "بهارستان", "ارگ پامنار", "تختی", "ایران", "بازار")


def write_list(path: Path, first: int, count: int) -> None:
    """`count` people with numbers made by a formula; lists with other ranges from `first` on share none."""
    with path.open("w", encoding="utf-8") as file:
        file.write("نام,نام خانوادگی,تلفن همراه,محله,جنسیت,سال تولد,تاریخ رضایت\n")
        for i in range(first, first + count):
            number = i * 7_919_993 % 100_000_000
            family = _LAST[i // 7 % 13] + (f" {_LAST[i // 11 % 13]}" if i % 3 else "")
            file.write(
                f"{_FIRST[i % 11]},{family},091{number // 10_000_000}{number % 10_000_000:07d},{_PLACES[i // 3 % 7]},"
                f"{'زن' if i % 2 else 'مرد'},{1320 + i % 70},14{i % 4:02d}/{1 + i % 12:02d}/{1 + i % 28:02d}\n"
            )


def bench_import(quick: bool = False, rows: int | None = None) -> dict[str, Any]:
    """Rows per second of an import of new people, beside a raw COPY; memory, growth, the same list again, and citizens' waiting times."""
    count = rows or (50_000 if quick else ROWS)
    beside = max(count // 4, SMALL)
    seconds = 6.0 if quick else 25.0
    with build_setting() as setting:
        files = {name: setting.folder / f"{name}.csv" for name in ("small", "large", "beside")}
        write_list(files["small"], 0, SMALL)
        write_list(files["large"], SMALL, count)
        write_list(files["beside"], SMALL + count, beside)
        server = _Server(setting)
        ready = setting.folder / "cleaned.copy"
        with setting.app.app_context():
            prepare_raw(files["large"], ready, setting.unit_id)
            raws = [copy_raw(ready, server)]
        _import(setting, server, files["small"])  # everything is in memory once
        write_list(files["small"], SMALL + count + beside, SMALL)
        small = _import(setting, server, files["small"])
        large = _import(setting, server, files["large"])
        again = _import(setting, server, files["large"])
        with setting.app.app_context():
            raws.append(copy_raw(ready, server))
        with _visits(setting, 4_000 if quick else 40_000) as visit:
            idle = visit(seconds, None)
            process = _start(setting, files["beside"])
            during = visit(600.0, process)
            _end(process)
        raw = min(raws, key=lambda each: each.seconds)
        return {
            "ours": round(count / large.seconds),
            "limit": round(count / raw.seconds),
            "ratio": round(raw.seconds / large.seconds, 3),
            "unit": "rows/s",
            "times_raw": round(large.seconds / raw.seconds, 2),
            "rows": count,
            "seconds": round(large.seconds, 2),
            "raw_seconds": round(raw.seconds, 2),
            "cpu_us": round(large.cpu / count * 1e6, 1),
            "raw_cpu_us": round(raw.cpu / count * 1e6, 1),
            "memory_mb": round(large.memory),
            "memory_small_mb": round(small.memory),
            "growth": round((large.seconds / count) / (small.seconds / SMALL), 2),
            "again": {"created": again.result["created"], "updated": again.result["updated"], "seconds": round(again.seconds, 2)},
            "answers": {
                "idle_p99_ms": idle[99],
                "during_p99_ms": during[99],
                "ratio": round(during[99] / idle[99], 2),
                "idle_p50_ms": idle[50],
                "during_p50_ms": during[50],
                "idle_visits": idle[0],
                "during_visits": during[0],
            },
        }


@dataclass
class Measured:
    seconds: float
    cpu: float
    """Processor seconds of all processes, the database's included"""
    memory: float = 0.0
    """Largest sum of resident memory of the importing processes, in MB"""
    result: dict[str, int] = field(default_factory=dict)


class _Server:
    """The database's processes."""

    def __init__(self, setting: Setting) -> None:
        self._pid = int((setting.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def cpu(self) -> float:
        return cpu_seconds(family_of(self._pid))


# -- the limit -----------------------------------------------------------------------------------------------------------

_PLAIN = """
    CREATE TABLE bench_plain (id bigint, unit_id int, identity_id bigint, blind_index bytea, phone_cipher bytea, pseudonym bytea,
        first_name text, last_name text, neighbourhood text, gender text, birth_year smallint, consented_on date, custom jsonb,
        search_key text, sort_key text, is_shared bool, import_id bigint, created_at timestamptz, updated_at timestamptz)
"""


def prepare_raw(path: Path, ready: Path, unit_id: int) -> None:
    """The list's cleaned rows with their sealed numbers, as COPY takes them, in a file: making them is no part of the limit."""
    keys, at = vault(), now().isoformat()
    with open_apart(path, max_bytes=1 << 30) as table, ready.open("w", encoding="utf-8") as file:
        mapping = check_mapping(guess_fields(table.headers, table.samples), table.width)
        order = ImportOrder(unit_id=unit_id, mapping=mapping, now=now(), today=today_in_tehran().date())
        for batch in table.cleaned(order.cleaning):
            for row in batch:
                if row.phone is None:
                    continue
                cipher = keys.encrypt(row.phone, identity_context(row.number)).hex()
                year, day = row.birth_year or "\\N", row.consented_on or "\\N"
                file.write(
                    f"{row.number}\t{unit_id}\t{row.number}\t\\\\x{keys.blind_index(row.phone).hex()}\t\\\\x{cipher}\t"
                    f"\\\\x{os.urandom(16).hex()}\t{row.first_name}\t{row.last_name}\t{row.neighbourhood}\t{row.gender}\t{year}\t{day}\t"
                    f"{row.custom}\t{row.search_key}\t{row.sort_key}\tf\t1\t{at}\t{at}\n"
                )


def copy_raw(ready: Path, server: _Server) -> Measured:
    """One COPY of the prepared rows into a plain, durable table without indexes, and its commit."""
    with transaction() as session:
        session.execute(text("DROP TABLE IF EXISTS bench_plain"))
        session.execute(text(_PLAIN))
    used, spent, began = server.cpu(), time.process_time(), time.perf_counter()
    with transaction() as session, ready.open("rb") as file:
        with driver_connection(session).cursor() as cursor, cursor.copy("COPY bench_plain FROM STDIN") as copy:
            while block := file.read(_BLOCK):
                copy.write(block)
    seconds = time.perf_counter() - began
    measured = Measured(seconds, server.cpu() - used + time.process_time() - spent)
    with transaction() as session:
        session.execute(text("DROP TABLE bench_plain"))
    return measured


# -- ours ----------------------------------------------------------------------------------------------------------------


def _start(setting: Setting, path: Path) -> subprocess.Popen[bytes]:
    code = "import sys; from pathlib import Path; from engage.operations.bench.importing import main; main(Path(sys.argv[1]), int(sys.argv[2]))"
    command = [sys.executable, "-c", code, str(path), str(setting.unit_id)]
    return subprocess.Popen(command, env=setting.environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _end(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the import failed")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def _import(setting: Setting, server: _Server, path: Path) -> Measured:
    used = server.cpu()
    process = _start(setting, path)
    ended = threading.Event()
    peak = [0.0]

    def watch() -> None:
        while not ended.wait(0.2):
            peak[0] = max(peak[0], sum(resident_megabytes(pid) for pid in family_of(process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        told = _end(process)
    finally:
        ended.set()
        watcher.join()
    time.sleep(0.5)  # the backend's time is the server's once it is buried; while it dies it is in neither
    return Measured(told["seconds"], told["cpu"] + server.cpu() - used, peak[0], told["result"])


def main(path: Path, unit_id: int) -> None:
    """Import one list as a worker does, and tell how long it took without the start of the process."""
    settings = Settings.from_env(os.environ)
    app = create_app(settings, vault=Vault.load(settings.keys_path))
    with app.app_context():
        db.session.execute(text("SELECT 1"))
        db.session.remove()
        before = _spent()
        began = time.perf_counter()
        result, _report = contacts.import_file(path, unit_id, basis=Basis.CONSENT, has_own_process=True)
        seconds = time.perf_counter() - began
        print(json.dumps({"seconds": seconds, "cpu": _spent() - before, "result": result.six()}))


def _spent() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


# -- citizens meanwhile --------------------------------------------------------------------------------------------------

Percentiles = dict[int, float]
"""Percentile → milliseconds; 0 → how many visits"""


class _Visitors:
    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._port, self._tokens = port, tokens
        self._used = iter(range(len(tokens)))
        self._body = urlencode({"q1": "o1", "q2": "o2", "q3": "o3", "q4": "4", "q6": "o1", "q7": "o2"})

    def __call__(self, seconds: float, until: subprocess.Popen[bytes] | None) -> Percentiles:
        """Visits at a steady pace for so long, or until that process has ended."""
        latencies: list[float] = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and (until is None or until.poll() is None):
            _, found = load(self._port, self._visit, min(2.0, seconds), _VISITORS)
            latencies += found
        latencies.sort()
        if not latencies:
            raise RuntimeError("nobody came")
        return {0: len(latencies)} | {each: round(latencies[int(len(latencies) * each / 100)] * 1000, 2) for each in (50, 99)}

    def _visit(self, _number: int) -> list[bytes]:
        time.sleep(_PAUSE)
        token = self._tokens[next(self._used)]
        head = "Host: m12.example.ir\r\nAccept-Encoding: gzip\r\nConnection: close\r\n"
        form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(self._body)}\r\n"
        return [
            f"GET /{token} HTTP/1.1\r\n{head}\r\n".encode(),
            f"POST /{token} HTTP/1.1\r\n{head}{form}\r\n{self._body}".encode(),
        ]


@contextmanager
def _visits(setting: Setting, citizens: int) -> Iterator[_Visitors]:
    with setting.app.app_context():
        with transaction() as session:
            identities = session.execute(text("SELECT id FROM phone_identity ORDER BY id LIMIT :n"), {"n": citizens}).scalars().all()
            invitations = surveys.invite_identities(setting.survey_id, setting.unit_id, identities, now() + timedelta(days=30))
        tokens = [vault().link_token(id) for id, _ in invitations.values()]
    port = free_port()
    web = subprocess.Popen(gunicorn_command(port, workers=2), env=setting.environ, cwd=ROOT, stdout=sys.stderr)
    try:
        port_answers(port)
        visitors = _Visitors(port, tokens)
        visitors(2.0, None)
        yield visitors
    finally:
        web.terminate()
        web.wait(30)
