"""How long files of many answers take, beside the database handing out the same rows bare."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import perf_counter
from typing import Any, BinaryIO, cast

import msgspec

import surveys.commands as surveys
from engage.clock import now
from engage.db import copy_into, db, driver_connection, transaction
from engage.operations.bench.measuring import median, resident_megabytes
from engage.operations.bench.setting import Setting, build_setting
from engage.reports.commands import refresh_report
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.render import FORMATS

RESPONSES = 100_000
KINDS = ("csv", "codes.csv", "sav", "xlsx")
_WORDS = (
    "روشنایی کوچه کم است و شب‌ها نمی‌شود رفت‌وآمد کرد.",
    "پیاده‌رو را ترمیم کنید.",
    "",
    "از همکاران شما ممنونم؛ جوی آب هنوز بوی بد می‌دهد.",
)
_BARE = "COPY (SELECT version_id, submitted_at, channel, answers FROM response WHERE survey_id = {} ORDER BY id) TO STDOUT"


def bench_export(quick: bool = False, rows: int | None = None) -> dict[str, Any]:
    """Seconds for each kind of file of `rows` answers in forty columns, the middle of several; `ours` is the CSV with labels."""
    count, rounds = rows or (5_000 if quick else RESPONSES), 1 if quick else 3
    with build_setting() as setting, setting.app.app_context():
        survey_id = _fill(setting, count)
        refresh_report(survey_id, force=True)
        report = report_of(survey_id)
        db.session.remove()
        bare: list[float] = []
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        megabytes: dict[str, float] = {}
        memory: dict[str, float] = {}
        for _round in range(rounds):
            bare.append(_time(lambda file: _copy_bare(survey_id, file))[0])
            for kind in KINDS:
                took, size = _time(_writer(kind, report))
                times[kind].append(took)
                megabytes[kind], memory[kind] = round(size / 1e6, 1), round(resident_megabytes(os.getpid()))
    seconds = {kind: round(median(each), 2) for kind, each in times.items()}
    ours, limit = seconds["csv"], median(bare)
    return {
        "ours": ours,
        "limit": round(limit, 2),
        "ratio": round(ours / limit, 1),
        "unit": "s (a CSV with labels; the limit is COPY TO of the same rows, undecoded)",
        "rows": count,
        "columns": 40,
        "seconds": seconds,
        "file_mb": megabytes,
        "memory_mb": memory,
    }


def _writer(kind: str, report: Report) -> Callable[[BinaryIO], None]:
    def work(file: BinaryIO) -> None:
        with transaction():
            FORMATS[kind].write(report, file)

    return work


def _time(work: Callable[[BinaryIO], None]) -> tuple[float, int]:
    with tempfile.TemporaryFile() as file:
        began = perf_counter()
        work(cast(BinaryIO, file))
        file.flush()
        return perf_counter() - began, file.seek(0, 2)


def _copy_bare(survey_id: int, file: BinaryIO) -> None:
    with transaction() as session, driver_connection(session).cursor() as cursor, cursor.copy(_BARE.format(survey_id)) as copy:
        for block in copy:
            file.write(block)


def _questions() -> list[dict[str, Any]]:
    """Eight choices, four of several options, four scales, four texts."""
    options = [{"id": f"o{n}", "label": f"گزینهٔ شمارهٔ {n} دربارهٔ محلهٔ شما"} for n in range(1, 6)]
    kinds: dict[str, dict[str, Any]] = {
        "single": {"options": options},
        "multiple": {"options": options},
        "rating": {"scale": 5},
        "long_text": {},
    }
    order = ["single", "single", "multiple", "rating", "long_text"] * 4
    return [
        {"id": f"q{n}", "type": kind, "label": f"پرسش {n}: دربارهٔ خیابان و کوچهٔ خود چه می‌گویید؟", **kinds[kind]}
        for n, kind in enumerate(order, 1)
    ]


def _fill(setting: Setting, count: int) -> int:
    questions = _questions()
    definition = {"format": 1, "title": "نظرسنجی بیست‌پرسشی", "intro": "", "questions": questions}
    survey_id = surveys.create_survey(setting.unit_id, "نظرسنجی بیست‌پرسشی", definition, actor_id=None)
    version_id = surveys.publish_survey(survey_id, closes_at=now() + timedelta(days=30), results_on=None, actor_id=None)
    at, encode = now(), msgspec.json.Encoder().encode

    def rows() -> Iterator[tuple[Any, ...]]:
        for place in range(count):
            answers = {each["id"]: _answer(each["type"], place * 31 + number * 7) for number, each in enumerate(questions)}
            document = encode({name: answer for name, answer in answers.items() if answer != ""}).decode()
            yield survey_id, version_id, "open", document, f"B{place}", at - timedelta(minutes=place % 40_000)

    with transaction() as session:
        copy_into(session, "response", ("survey_id", "version_id", "channel", "answers", "receipt_code", "submitted_at"), rows())
    return survey_id


def _answer(kind: str, seed: int) -> Any:
    if kind == "single":
        return f"o{seed % 5 + 1}"
    if kind == "multiple":
        return [f"o{n}" for n in range(1, 6) if (seed >> n) % 2] or ["o1"]
    if kind == "rating":
        return seed % 5 + 1
    return _WORDS[seed % len(_WORDS)]
