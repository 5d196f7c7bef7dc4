"""Files of answers and figures: written in the background, read back by other programs, taken by those who may."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyreadstat
import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text

from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.jobs import queue_named
from engage.refusal import Refused
from engage.reports.analysis.shapes import Analysis, Breakdown, GroupCell, GroupColumn, QuestionSplit
from engage.reports.cli import build_report, kind_of
from engage.reports.commands import refresh_report
from engage.reports.content import Content
from engage.reports.exporting import commands, figures, jobs, queries, sav_file, store
from engage.reports.exporting.models import ReportFile
from engage.reports.exporting.rules import KEPT, LEASE, TRIES, FileState
from engage.reports.render import FORMATS
from surveys import commands as surveys
from surveys.definitions import Definition
from surveys.types import LongText, Multiple, Number, Option, Single, YesNo
from tests.features.test_reports_live import DEFINITION, Asked
from tests.features.test_reports_new_types import DEFINITION as EVERY_TYPE
from tests.features.test_reports_new_types import DIGEST, ONE
from tests.features.test_reports_new_types import store as answer
from tests.people import make_person, sign_in, without_csrf

HOSTILE = '=HYPERLINK("http://x")\n<script>\' "; زنگ ۰۹۱۲۱۲۳۴۵۶۷ a@b.ir \x07'
FORMULA = re.compile(r"\s*[=+@]|\s*-(?![789]$|10{8}0*[789]$)")
"""What a spreadsheet calculates; the codes of missing values are numbers"""
ROWS = ("csv", "codes.csv", "xlsx", "sav")


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked(EVERY_TYPE)


def table(asked: Asked, folder: Path, kind: str) -> list[list[str]]:
    build_report(asked.id, folder / f"r.{kind}")
    return list(csv.reader(io.StringIO((folder / f"r.{kind}").read_text("utf-8-sig"), newline="")))


def workbook(asked: Asked, folder: Path) -> dict[str, list[list[Any]]]:
    build_report(asked.id, folder / "r.xlsx")
    book = CalamineWorkbook.from_path(str(folder / "r.xlsx"))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def cases(asked: Asked, folder: Path) -> tuple[dict[str, Any], Any]:
    build_report(asked.id, folder / "r.sav")
    found = pyreadstat.read_sav(folder / "r.sav", output_format="dict", user_missing=True)
    return found[0], found[1]


# -- what stands in the files ------------------------------------------------------------------------------------------


def test_every_type_reads_the_same_in_every_file(asked: Asked, tmp_path: Path) -> None:
    answer(asked, ONE, 12)
    head, *rows = table(asked, tmp_path, "csv")
    keys, *coded = table(asked, tmp_path, "codes.csv")
    sheets = workbook(asked, tmp_path)
    found, meta = cases(asked, tmp_path)
    assert list(sheets) == ["پاسخ‌ها", "شکل پرسش‌ها", "جمع‌بندی"]
    assert sheets["پاسخ‌ها"][0] == head and len(sheets["پاسخ‌ها"]) == 13 == len(rows) + 1 == len(coded) + 1
    assert [str(cell) if isinstance(cell, str) else f"{cell:g}" for cell in sheets["پاسخ‌ها"][1]] == rows[0]
    code = dict(zip(keys, coded[0], strict=True))
    assert (code["day"], code["channel"], code["single"], code["matrix.r2"], code["date"]) == ("2026-11-22", "open", "c", "b", "2026-11-23")
    label = dict(zip(keys, rows[0], strict=True))
    assert (label["single"], label["yes_no"], label["date"], label["time"], label["rating"]) == ("دیگر", "بله", "1405/09/02", "14:30", "4")
    assert meta.number_rows == 12 and meta.column_names[5:] == keys[4:]
    labels = meta.variable_value_labels
    for key in ("single", "yes_no", "matrix.r1", "neighbourhood", "long_list", "channel"):
        assert labels[key][found[key][0]] == label[key]
    for key in (
        "rating",
        "nps",
        "number",
        "ranking.b",
        "points.p1",
        "points.p3",
        "knapsack.p2",
        "approval.p3",
        "multiple.a",
        "calculation",
    ):
        assert found[key][0] == float(label[key]), key
    assert found["date"][0] == date(2026, 11, 23) and found["day"][0] == date(2026, 11, 22) and str(found["time"][0]) == "14:30:00"
    assert found["long_text"][0] == "خوب است" and "۰۹۱۲" not in found["single.other"][0] and "*****" in found["single.other"][0]
    everything = (tmp_path / "r.csv").read_text() + (tmp_path / "r.codes.csv").read_text() + str(sheets) + str(found)
    assert not [each for each in (DIGEST, "9121234567", "slug123", "۹۱۲۱۲۳") if each in everything]


def test_a_report_of_nothing_has_columns_and_no_rows(asked: Asked, tmp_path: Path) -> None:
    assert len(table(asked, tmp_path, "csv")) == len(table(asked, tmp_path, "codes.csv")) == 1
    assert len(workbook(asked, tmp_path)["پاسخ‌ها"]) == 1
    assert cases(asked, tmp_path)[1].number_rows == 0
    assert len(table(asked, tmp_path, "codebook.csv")) > 40
    assert ["single", "یک", "", "همه", "", "", "پاسخ‌داده", "0", "", "", ""] in table(asked, tmp_path, "figures.csv")


def test_hostile_texts_do_no_harm_anywhere(app: Flask, tmp_path: Path) -> None:
    words = HOSTILE.replace("\x07", "").strip()
    options = [Option(id="a", label="=cmd|' /C calc'!A0"), Option(id="b", label="@b")]
    asked = Asked(Definition(title="=1+1", questions=[Single(id="q1", label="+یک", options=options), LongText(id="q2", label="-متن")]))
    answer(asked, {"q1": "a", "q2": words}, 10)
    shown = "'" + words.replace("۰۹۱۲۱۲۳۴۵۶۷", "*****").replace("a@b.ir", "*****")
    head, first, *_rest = table(asked, tmp_path, "csv")
    assert head[4:] == ["'+یک [q1]", "'-متن [q2]"] and first[4:] == ["'=cmd|' /C calc'!A0", shown]
    sheets = workbook(asked, tmp_path)
    assert sheets["پاسخ‌ها"][0][4:] == head[4:] and sheets["پاسخ‌ها"][1][4:] == first[4:]
    for rows in (table(asked, tmp_path, "codebook.csv"), table(asked, tmp_path, "figures.csv"), *sheets.values()):
        assert not [cell for row in rows for cell in row if isinstance(cell, str) and FORMULA.match(cell)]
    found, meta = cases(asked, tmp_path)
    assert found["q2"][0] == shown[1:] and meta.column_names_to_labels["q1"] == "+یک"


def test_texts_of_few_stay_out_of_every_file(app: Flask, tmp_path: Path) -> None:
    asked = Asked(Definition(title="ع", questions=[LongText(id="q1", label="متن")]))
    answer(asked, {"q1": "رازی که"}, 9)
    assert all(
        "رازی" not in str(rows) for rows in (table(asked, tmp_path, "csv"), table(asked, tmp_path, "codes.csv"), workbook(asked, tmp_path))
    )
    assert set(cases(asked, tmp_path)[0]["q1"]) == {table(asked, tmp_path, "csv")[1][4]} != {""}
    answer(asked, {"q1": "رازی که"})
    assert set(cases(asked, tmp_path)[0]["q1"]) == {"رازی که"} == {row[4] for row in table(asked, tmp_path, "csv")[1:]}


def test_a_survey_changed_midway_keeps_its_columns_and_says_what_is_missing(app: Flask, tmp_path: Path) -> None:
    first = [
        Single(id="q1", label="یک", options=[Option(id="a", label="الف"), Option(id="b", label="ب")]),
        Multiple(id="q2", label="دو", options=[Option(id="x", label="ایکس"), Option(id="y", label="وای")]),
        Number(id="q3", label="سه", min=0),
    ]
    asked = Asked(Definition(title="ع", questions=first))
    answer(asked, {"q1": "a", "q2": ["x"], "q3": 5}, 10)
    before = table(asked, tmp_path, "codes.csv")
    second = Definition(
        title="ع",
        questions=[
            Single(id="q1", label="یک", options=[Option(id="c", label="جیم"), Option(id="b", label="ب")]),
            YesNo(id="q4", label="چهار"),
            msgspec.structs.replace(LongText(id="q5", label="پنج"), show_if='q4 = "yes"'),
            Multiple(id="q2", label="دو", options=[Option(id="y", label="وای"), Option(id="z", label="زد")]),
            Number(id="q6", label="شش", min=0),
        ],
    )
    with transaction():
        surveys.save_draft(asked.id, second, 1, actor_id=None)
        asked.version_id = surveys.publish_survey(asked.id, closes_at=now() + timedelta(days=9), results_on=None, actor_id=None)
    answer(asked, {"q1": "c", "q2": ["z"], "q4": "no"}, 10)
    head, *rows = table(asked, tmp_path, "codes.csv")
    old = [dict(zip(before[0], row, strict=True)) for row in before[1:]]
    new = [dict(zip(head, row, strict=True)) for row in rows]
    assert [{key: row[key] for key in before[0]} for row in new[:10]] == old
    assert {"q1", "q2.x", "q2.y", "q2.z", "q3", "q4", "q5", "q6"} <= set(head)
    assert (new[0]["q2.z"], new[0]["version"], new[-1]["q2.z"], new[-1]["q2.x"], new[-1]["version"]) == ("", "1", "1", "", "2")
    titles = table(asked, tmp_path, "csv")[0]
    assert "سه (دیگر پرسیده نمی‌شود) [q3]" in titles and "دو: ایکس (دیگر پرسیده نمی‌شود) [q2.x]" in titles
    found, meta = cases(asked, tmp_path)
    # The number of an option never changes its meaning.
    assert (found["q1"][0], found["q1"][-1]) == (1, 3) and meta.variable_value_labels["q1"][1] == "الف"
    assert (found["q3"][0], found["q3"][-1]) == (5, -8) and (found["q4"][0], found["q4"][-1]) == (-8, 2)
    assert (found["q6"][0], found["q6"][-1]) == (-8, -9)


def test_what_was_not_asked_is_told_from_what_was_left_blank(app: Flask, tmp_path: Path) -> None:
    why = msgspec.structs.replace(Number(id="q2", label="چند بار؟", min=0), show_if='q1 = "yes"')
    asked = Asked(Definition(title="ع", questions=[YesNo(id="q1", label="آیا؟"), why]))
    for given in ({"q1": "yes", "q2": 3}, {"q1": "yes"}, {"q1": "no"}, {}):
        answer(asked, given)
    found, meta = cases(asked, tmp_path)
    assert list(found["q2"]) == [3, -9, -7, -7] and list(found["q1"]) == [1, 1, 2, -9]
    assert meta.missing_ranges["q2"] == [{"lo": each, "hi": each} for each in (-7, -8, -9)]


def test_the_codebook_explains_every_column_and_code(asked: Asked, tmp_path: Path) -> None:
    answer(asked, ONE, 10)
    keys, row, *_rest = table(asked, tmp_path, "codes.csv")
    _head, *lines = table(asked, tmp_path, "codebook.csv")
    explained = {line[0]: line for line in lines if line[2]}
    assert set(explained) == set(keys)
    meant = {(line[0], line[5]): line[7] for line in lines if line[5]}
    labels = dict(zip(keys, table(asked, tmp_path, "csv")[1], strict=True))
    for key in ("channel", "single", "yes_no", "matrix.r1", "long_list"):
        assert meant[key, dict(zip(keys, row, strict=True))[key]] == labels[key]
    names = {line[1] for line in lines if line[0] not in ("row", "day", "version", "channel")}
    assert names <= set(cases(asked, tmp_path)[1].column_names)


def test_published_figures_go_out_and_hidden_ones_do_not(asked: Asked) -> None:
    answer(asked, ONE, 12)
    refresh_report(asked.id, force=True)
    report = asked.report()
    columns = [
        GroupColumn("male", 12, [GroupCell("a", None), GroupCell("b", 8, 8 / 12, mark=1), GroupCell("c", None)]),
        GroupColumn("female", None),
    ]
    split = Breakdown("gender", ["male", "female"], {}, [QuestionSplit("single", columns)])
    report = replace(report, content=replace(report.content, analysis=Analysis(breakdowns=[split])))
    rows = [row for row in figures.figure_rows(report) if row.dimension]
    assert [(row.group, row.option_id, row.value, row.share, row.base) for row in rows] == [
        ("مردان", "a", "", "", 12), ("مردان", "b", 8, 0.6667, 12), ("مردان", "c", "", "", 12), ("زنان", "", "", "", ""),
    ]  # fmt: skip
    assert all(row.remark for row in rows)
    sealed = replace(report, is_sealed=True, content=Content())
    assert [row.value for row in figures.figure_rows(sealed)] == ["کمتر از ۲۰ پاسخ"]


def test_an_anonymous_survey_gives_figures_and_no_rows(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked(msgspec.structs.replace(DEFINITION, is_anonymous=True, questions=DEFINITION.questions[:4]))
    answer(asked, {"q1": "a1", "q2": 5}, 12)
    for kind in ("csv", "codes.csv", "sav"):
        with pytest.raises(Refused, match="report_rows_anonymous"):
            build_report(asked.id, tmp_path / f"r.{kind}")
    assert list(tmp_path.iterdir()) == []
    assert list(workbook(asked, tmp_path)) == ["شکل پرسش‌ها", "جمع‌بندی"]
    assert [table(asked, tmp_path, "figures.csv")[1][place] for place in (0, 7)] == ["q1", "12"]
    assert not {"csv", "codes.csv", "sav"} & set(queries.kinds_for(asked.id)) and {"xlsx", "json", "html"} <= set(
        queries.kinds_for(asked.id)
    )
    user_id = make_person(asked.unit_id, Role.ADMIN)
    with pytest.raises(Refused, match="report_rows_anonymous"):
        commands.ask_for_file(asked.id, "csv", actor_id=user_id, whole=True)
    page = sign_in(client, user_id).get(f"{asked.url}/exports").text
    assert "ناشناس" in page and 'value="figures.csv"' in page and 'value="sav"' not in page
    with without_csrf(app):
        refused = client.post(f"{asked.url}/exports", data={"kind": "sav"})
        direct = client.post(f"{asked.url}/files/csv")
    assert refused.status_code == 422 and "تک‌به‌تک" in refused.text
    assert direct.status_code == 303 and "attachment" not in direct.headers.get("Content-Disposition", "")
    assert "تک‌به‌تک" in client.get(asked.url).text


def test_what_a_link_brought_along_is_for_those_who_read_responses(asked: Asked, drain: Callable[[], int]) -> None:
    answer(asked, ONE, 10)
    found = {}
    for whole in (False, True):
        slug = commands.ask_for_file(asked.id, "codes.csv", actor_id=make_person(asked.unit_id, Role.MANAGER), whole=whole)
        drain()
        path = store.find_file(slug)
        assert path is not None
        found[whole] = path.read_text("utf-8-sig").splitlines()[0].split(",")
    assert set(found[True]) - set(found[False]) == {"hidden"}


def test_a_text_that_outgrew_its_width_meanwhile_is_still_whole(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(Definition(title="ع", questions=[LongText(id="q1", label="متن")]))
    answer(asked, {"q1": "کوتاه"}, 9)
    answer(asked, {"q1": "بلند " * 100})
    monkeypatch.setattr(sav_file, "longest_texts", lambda survey_id, names: dict.fromkeys(names, 10))
    found, _meta = cases(asked, tmp_path)
    assert list(found["q1"]) == ["کوتاه"] * 9 + [("بلند " * 100).rstrip()]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("a.codes.csv", "codes.csv"),
        ("B.CODEBOOK.CSV", "codebook.csv"),
        ("x.figures.csv", "figures.csv"),
        ("codes.csv", "csv"),
        ("a.sav", "sav"),
        ("a.xlsx", "xlsx"),
    ],
)
def test_the_suffix_says_what_is_written(app: Flask, name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_every_suffix_is_written_of_nothing_of_one_and_of_many(asked: Asked, tmp_path: Path) -> None:
    assert {*ROWS, "html", "json", "codebook.csv", "figures.csv", "pdf"} <= set(FORMATS)
    for more in (0, 1, 11):
        answer(asked, ONE, more) if more else None
        for kind in FORMATS:
            build_report(asked.id, tmp_path / f"r.{kind}")
            assert (tmp_path / f"r.{kind}").stat().st_size > 300, kind
    assert len(list(tmp_path.iterdir())) == len(FORMATS)


def test_a_survey_that_is_gone_is_said(asked: Asked, tmp_path: Path) -> None:
    report = replace(asked.report(), survey_id=asked.id + 1)
    for kind in ROWS:
        with pytest.raises(Refused, match="survey_not_found"):
            FORMATS[kind].write(report, io.BytesIO())
        with pytest.raises(Refused, match="survey_not_found"):
            build_report(asked.id + 1, tmp_path / f"r.{kind}")
    assert list(tmp_path.iterdir()) == []


# -- asking, writing, taking -------------------------------------------------------------------------------------------


def line_of(slug: str) -> ReportFile:
    db.session.rollback()
    return db.session.scalars(select(ReportFile).where(ReportFile.slug == slug)).one()


def test_a_file_is_asked_for_written_and_taken(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    answer(asked, ONE, 12)
    user_id = make_person(asked.unit_id, Role.MANAGER)
    sign_in(client, user_id)
    address = f"{asked.url}/exports"
    assert "هنوز فایلی نیست" in client.get(address).text
    with without_csrf(app):
        assert client.post(address, data={"kind": "sav"}).status_code == 303
        assert client.post(address, data={"kind": "sav"}).status_code == 303
        assert client.post(address, data={"kind": "exe"}).status_code == 400
    waiting = client.get(address).text
    assert "در نوبت" in waiting and "تازه کردن" in waiting and "every 3s" in waiting and waiting.count('class="td-state"') == 1
    (line,) = queries.files_of(asked.id, with_whole=False)
    with without_csrf(app):
        assert client.post(f"{address}/{line.slug}").status_code == 410
    drain()
    (line,) = queries.files_of(asked.id, with_whole=False)
    ready = client.get(f"{address}/list").text
    assert line.state == FileState.READY and line.answers == 12 and "آماده" in ready and "every 3s" not in ready and "<html" not in ready
    with without_csrf(app):
        taken = client.post(f"{address}/{line.slug}")
    assert taken.status_code == 200 and taken.headers["Cache-Control"] == "no-store"
    assert taken.headers["Content-Disposition"] == f"attachment; filename=report-{asked.slug}-14050901.sav"
    assert len(taken.data) == line.bytes and hashlib.sha256(taken.data).hexdigest() == line.sha256
    db.session.rollback()
    entries = db.session.execute(
        select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.unit_id).where(
            AuditEntry.action.in_(("report_file_asked", "report_exported"))
        )
    ).all()
    assert [tuple(each) for each in entries] == [("report_file_asked", user_id, asked.unit_id), ("report_exported", user_id, asked.unit_id)]
    path = store.find_file(line.slug)
    assert path is not None and path.stat().st_mode & 0o077 == 0


def test_only_those_with_the_right_in_that_unit_see_ask_and_take(
    app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]
) -> None:
    answer(asked, ONE, 10)
    officer = make_person(asked.unit_id, Role.OFFICER)
    slug = commands.ask_for_file(asked.id, "csv", actor_id=officer, whole=True)
    drain()
    ways = [
        ("GET", f"{asked.url}/exports"),
        ("GET", f"{asked.url}/exports/list"),
        ("POST", f"{asked.url}/exports"),
        ("POST", f"{asked.url}/exports/{slug}"),
    ]
    with without_csrf(app):
        for method, path in ways:
            assert client.open(path, method=method).status_code == 303  # to the door
        sign_in(client, make_person(asked.units[2], Role.ADMIN))
        for method, path in ways:
            assert client.open(path, method=method, data={"kind": "csv"} if method == "POST" else None).status_code == 404
        # A manager doesn't read single responses, so a file with more than theirs is none of their business.
        sign_in(client, make_person(asked.unit_id, Role.MANAGER))
        assert client.post(f"{asked.url}/exports/{slug}").status_code == 404
        assert slug not in client.get(f"{asked.url}/exports").text
        sign_in(client, officer)
        assert client.post(f"{asked.url}/exports/{slug}").status_code == 200
        assert client.post(f"{asked.url}/exports/{'A' * 22}").status_code == 404
        other = Asked(DEFINITION, unit_id=asked.unit_id)
        assert client.post(f"{other.url}/exports/{slug}").status_code == 404
    sign_in(client, officer)
    assert client.post(f"{asked.url}/exports", data={"kind": "csv"}).status_code == 400, "without a token"


def test_files_are_deleted_after_a_week_and_so_is_what_nobody_knows(
    asked: Asked, client: FlaskClient, clock: FrozenClock, app: Flask, drain: Callable[[], int]
) -> None:
    user_id = make_person(asked.unit_id, Role.OFFICER)
    slug = commands.ask_for_file(asked.id, "json", actor_id=user_id)
    drain()
    stray = store.folder() / f"{'B' * 22}.1.part"
    stray.write_bytes(b"half")
    assert commands.delete_old_files() == 0 and stray.exists()
    os.utime(stray, (0, 0))
    assert commands.delete_old_files() == 1 and not stray.exists() and store.find_file(slug) is not None
    start = clock.now()
    clock.set(start + KEPT)
    try:
        assert commands.delete_old_files() == 1
        assert store.find_file(slug) is None and line_of(slug).state == FileState.EXPIRED
        sign_in(client, user_id)
        with without_csrf(app):
            gone = client.post(f"{asked.url}/exports/{slug}")
        assert gone.status_code == 410 and "دوباره درخواست کنید" in gone.text
    finally:
        clock.set(start)


def test_a_file_that_lies_nowhere_is_asked_for_anew(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    user_id = make_person(asked.unit_id, Role.OFFICER)
    slug = commands.ask_for_file(asked.id, "json", actor_id=user_id)
    drain()
    store.delete_file(slug)
    sign_in(client, user_id)
    with without_csrf(app):
        assert client.post(f"{asked.url}/exports/{slug}").status_code == 410


def test_a_lost_bell_is_rung_again_and_a_dropped_file_written_by_another(
    asked: Asked, clock: FrozenClock, app: Flask, drain: Callable[[], int]
) -> None:
    slug = commands.ask_for_file(asked.id, "json", actor_id=make_person(asked.unit_id))
    queue_named("bulk").empty()
    assert jobs.tend_files() == 0
    start = clock.now()
    try:
        clock.set(start + timedelta(hours=2))
        # Its bell still counts as rung until the sweep looks for the job and finds none.
        assert jobs.tend_files() >= 1
        drain()
        assert line_of(slug).state == FileState.READY
        with transaction() as session:
            session.execute(text("UPDATE report_file SET state = 'writing', writing_since = :at"), {"at": clock.now()})
        assert commands.write_report_file(line_of(slug).id) is False, "another worker writes it"
        clock.set(clock.now() + LEASE)
        assert commands.write_report_file(line_of(slug).id) is True and line_of(slug).attempts == 2
    finally:
        clock.set(start)


def test_what_fails_says_why_and_is_not_tried_for_ever(asked: Asked, client: FlaskClient, drain: Callable[[], int]) -> None:
    user_id = make_person(asked.unit_id)
    slug = commands.ask_for_file(asked.id, "json", actor_id=user_id)
    with transaction() as session:
        session.execute(text("UPDATE report_file SET kind = 'gone'"))
    drain()
    assert (line_of(slug).state, line_of(slug).problem) == (FileState.FAILED, "report_suffix_unknown")
    second = commands.ask_for_file(asked.id, "json", actor_id=user_id)
    with transaction() as session:
        session.execute(text("UPDATE report_file SET attempts = :tries WHERE slug = :slug"), {"tries": TRIES, "slug": second})
    drain()
    assert (line_of(second).state, line_of(second).problem) == (FileState.FAILED, "report_file_crashed")
    page = sign_in(client, user_id).get(f"{asked.url}/exports")
    assert page.status_code == 200 and "چند بار ناموفق" in page.text and store.find_file(second) is None
    assert [path for path in store.folder().iterdir() if path.name.startswith(second)] == []


def test_few_files_wait_at_once(asked: Asked) -> None:
    people = [make_person(asked.unit_id) for _ in range(11)]
    for each in people[:10]:
        commands.ask_for_file(asked.id, "json", actor_id=each)
    with pytest.raises(Refused, match="report_files_many"):
        commands.ask_for_file(asked.id, "json", actor_id=people[10])
    draft = surveys.create_survey(asked.unit_id, "پیش‌نویس", DEFINITION, actor_id=None)
    with pytest.raises(Refused, match="survey_not_found"):
        commands.ask_for_file(draft, "json", actor_id=people[0])


def test_the_figures_file_and_the_json_agree(asked: Asked, tmp_path: Path) -> None:
    answer(asked, ONE, 12)
    rows = table(asked, tmp_path, "figures.csv")
    build_report(asked.id, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text())
    counted = {(row[0], row[4]): row[7] for row in rows[1:] if row[4]}
    for question in document["questions"]:
        for option in question.get("options", ()):
            assert counted[question["id"], option["id"]] == str(option["count"])
