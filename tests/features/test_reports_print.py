"""The report as PDF and its charts as pictures: read back from the finished files."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.cli import build_report
from engage.reports.content import Report
from engage.reports.print import document, pdf_file, pictures
from engage.reports.render import FORMATS
from engage.reports.themes.shapes import QuestionThemes, Theme
from surveys.types import Option, Rating, Single
from tests.features.test_reports_live import Asked
from tests.made_reports import QUESTIONS, made_report
from tests.people import make_person, sign_in

pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils reads the PDF back")
HOSTILE = '#panic("x") $\\frac{1}{0}$ *نظافت* _b_ @cite <tag> \u202eبرعکس\u202c 😀 «می‌شود» ' + "x" * 300
PNG = b"\x89PNG\r\n\x1a\n"


def pdf_of(report: Report) -> bytes:
    file = io.BytesIO()
    FORMATS["pdf"].write(report, file)
    return file.getvalue()


def told(pdf: bytes, tmp_path: Path) -> str:
    """What stands in it, spaces made one. Readers turn right-to-left lines about, so only single words are looked for."""
    target = tmp_path / "read.pdf"
    target.write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-enc", "UTF-8", str(target), "-"], capture_output=True, check=True).stdout.decode()
    return " ".join(text.split())


def about(pdf: bytes, tmp_path: Path, tool: str) -> str:
    target = tmp_path / "read.pdf"
    target.write_bytes(pdf)
    return subprocess.run([tool, str(target)], capture_output=True, check=True).stdout.decode()


def page_count(pdf: bytes, tmp_path: Path) -> int:
    found = re.search(r"^Pages:\s+(\d+)", about(pdf, tmp_path, "pdfinfo"), re.M)
    assert found is not None
    return int(found[1])


def test_every_chapter_is_there_with_fonts_inside_and_pages_numbered(app: Flask, tmp_path: Path) -> None:
    report = made_report()
    pdf = pdf_of(report)
    words = told(pdf, tmp_path)
    pages = page_count(pdf, tmp_path)
    assert pages >= 8
    for chapter in ("یافته", "چه نمی", "پرسیده", "گروه", "تعریف", "AAPOR", "RR1", "RR6", "هرندی", "۱٬۳۱۲"):
        assert chapter in words, chapter
    assert not re.search(r"[0-9]", re.sub(r"RR\d", "", words)), "Latin digits on paper"
    fonts = about(pdf, tmp_path, "pdffonts").splitlines()[2:]
    assert fonts and all("Vazirmatn" in line and re.search(r"\byes yes yes\b", line) for line in fonts)
    assert "A4" in about(pdf, tmp_path, "pdfinfo")


def test_figures_are_the_reports_own(app: Flask) -> None:
    report = made_report()
    made = document.document_of(report, "شهرداری")
    first = report.content.questions[0]
    assert first.options is not None
    drawn = made["questions"][0]["drawings"][0]["rows"]
    assert sorted(row["count"] for row in drawn) == sorted(document.number(option.count) for option in first.options)
    assert [row["share"] for row in drawn][:3] == sorted((o.count / first.asked for o in first.options if not o.exclusive), reverse=True)
    assert len(made["groups"]) == len(report.content.analysis.breakdowns)
    assert made["claims"][0]["lines"] and made["claims"][1]["tables"]


def test_hidden_cells_are_hidden_on_paper_and_marks_stand_where_they_hold(app: Flask) -> None:
    report = made_report(people=240)
    cells = {
        (breakdown.dimension, split.question_key): split.columns
        for breakdown in report.content.analysis.breakdowns
        for split in breakdown.splits
    }
    assert any(cell.count is None for columns in cells.values() for column in columns for cell in column.cells)
    assert any(cell.mark for columns in cells.values() for column in columns for cell in column.cells)
    shown = [
        cell
        for chapter in document.document_of(report, "")["groups"]
        for table in chapter["tables"]
        for line in table["lines"]
        for cell in line[2:]
    ]
    hidden = sum(cell.count is None for columns in cells.values() for column in columns for cell in column.cells)
    means = sum(column.mean is None for columns in cells.values() for column in columns if any(c.mean is not None for c in columns))
    assert sum(cell.get("hidden", False) for cell in shown) == hidden + means
    marked = sum(bool(cell.mark) for columns in cells.values() for column in columns for cell in column.cells)
    marked += sum(bool(column.mean_mark) for columns in cells.values() for column in columns)
    assert sum(bool(cell.get("mark")) for cell in shown) == marked > 0


def test_hostile_texts_are_printed_as_text(app: Flask, tmp_path: Path) -> None:
    questions = [
        Single(id="q1", label=HOSTILE, options=[Option(id="a", label='#read("/etc/passwd")'), Option(id="b", label="$ ۱ \\ ۲ $")]),
        Rating(id="q2", label="#import sys", low_label="*کم*", high_label="_زیاد_"),
    ]
    report = made_report(questions, title=HOSTILE)
    whole = document.document_of(report, HOSTILE, quotes={"q1": ["م" * 100_000, "#while true {}"]})
    pdf = pdf_file.set_apart({"data": msgspec.json.encode(whole).decode()})
    words = told(pdf, tmp_path)
    for piece in ('panic("x")', "\\frac{1}{0}", 'read("/etc/passwd")', "import sys", "while true", "زیاد"):
        assert piece in words, piece
    assert "root:" not in words and "\u202e" not in words
    assert page_count(pdf, tmp_path) < 15


def test_a_hundred_questions_are_one_pdf(app: Flask, tmp_path: Path) -> None:
    labels = [Option(id=f"a{n}", label=f"گزینهٔ {n}") for n in range(8)]
    questions = [Single(id=f"q{n}", label=f"پرسش شمارهٔ {n} چیست؟", options=labels) for n in range(1, 101)]
    report = made_report(questions, people=640)
    chapters = document.document_of(report, "")["groups"]
    assert sum(len(chapter["tables"]) for chapter in chapters) == document.MOST_TABLES
    assert any("چاپ نشده" in note for chapter in chapters for note in chapter["notes"])
    pdf = pdf_of(report)
    assert 50 < page_count(pdf, tmp_path) < 400
    assert "۱۰۰" in told(pdf, tmp_path)


@pytest.mark.parametrize("people", [0, 1, 9, 10])
def test_of_nothing_of_one_and_of_few(app: Flask, tmp_path: Path, people: int) -> None:
    report = made_report(people=people)
    words = told(pdf_of(report), tmp_path)
    assert "تعریف" in words
    made = document.document_of(report, "")
    assert bool(made["questions"]) == (people > 0)
    shares = [row["text"] for question in made["questions"] for drawing in question["drawings"] for row in drawing.get("rows", [])]
    assert any("٪" in text for text in shares) == (people >= 10)
    assert bool(made["quality"] and made["quality"]["rates"]) == (people >= 10)
    if not people:
        assert "نرسیده" in words and made["findings"]["lines"] == [] and made["groups"] == []


def test_sealed_answers_stay_sealed_on_paper(app: Flask, tmp_path: Path) -> None:
    report = replace(made_report(people=12), is_sealed=True)
    made = document.document_of(report, "شهرداری")
    assert made["questions"] == [] and made["groups"] == [] and made["quality"] is None and made["numbers"] == []
    assert made["funnel"] is not None and "پاسخ‌داده" not in [row["label"] for row in made["funnel"]["drawing"]["rows"]]
    assert made["funnel"]["splits"] == [] and len(made["funnel"]["drawing"]["rows"]) == 4
    words = told(pdf_of(report), tmp_path)
    assert "کمتر" in words and "۲۰" in words and "روشنایی" not in words
    with pytest.raises(Refused, match="report_chart_empty"):
        pictures.picture_of(report, "q1", "svg")


@pytest.mark.parametrize("key", ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"])
def test_every_kind_of_question_has_its_picture(app: Flask, key: str) -> None:
    report = made_report()
    svg = pictures.picture_of(report, key, "svg")
    assert svg.startswith(b"<svg") and b"<script" not in svg and b"http://www.w3.org/2000/svg" in svg
    assert pictures.picture_of(report, key, "png").startswith(PNG)


def test_themes_stand_under_their_question_and_say_what_is_estimated(app: Flask) -> None:
    light = Theme(1, "روشنایی", 40, 0.4, False, ("چراغ کوچه خاموش است",))
    guessed = Theme(0, "زباله", None, None, True, ())
    themes = (QuestionThemes("q9", "حرف دیگر", 100, (light, guessed), 20),)
    asked = document.document_of(made_report(), "", quotes={"q9": ["متن تازه"]}, themes=themes)["questions"]
    found = {question["number"]: question["themes"] for question in asked if question["themes"]}
    assert list(found) == ["۹"]
    first, second = found["۹"]["rows"]
    assert (first["label"], first["count"], first["share"]) == ("روشنایی", "۴۰", 0.4)
    assert "برآوردی" in second["label"] and second["count"] == "پنهان" and second["text"] == ""
    assert found["۹"]["quotes"] == ["چراغ کوچه خاموش است"]


def test_words_have_no_picture(app: Flask) -> None:
    assert not pictures.has_picture(made_report(), QUESTIONS[-1].id)
    with pytest.raises(Refused, match="report_question_unknown"):
        pictures.picture_of(made_report(), "q99", "svg")


def test_a_picture_is_taken_by_whoever_may_export_there_and_stands_in_the_log(app: Flask, client: FlaskClient) -> None:
    asked = Asked()
    asked.answer({"q1": "a1", "q2": 4}, 12)
    sign_in(client, make_person(asked.units[1], Role.MANAGER))
    for kind, mimetype in (("svg", "image/svg+xml"), ("png", "image/png")):
        response = client.get(f"{asked.url}/charts/q1.{kind}")
        assert (response.status_code, response.mimetype) == (200, mimetype)
        assert "attachment" in response.headers["Content-Disposition"]
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "report_exported")).all()
    assert [entry.detail["kind"] for entry in entries] == ["q1.svg", "q1.png"]
    assert client.get(f"{asked.url}/charts/q5.svg").status_code == 404  # words
    assert client.get(f"{asked.url}/charts/zz.svg").status_code == 404
    assert client.get(f"{asked.url}/charts/q1.gif").status_code == 404
    assert client.get("/console/reports/zz/charts/q1.svg").status_code == 404
    sign_in(client, make_person(asked.units[2], Role.MANAGER))
    assert client.get(f"{asked.url}/charts/q1.svg").status_code in (403, 404)
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "report_exported")).all()) == 2


def test_the_command_line_writes_the_pdf_and_quotes_are_masked(app: Flask, tmp_path: Path) -> None:
    asked = Asked()
    asked.answer({"q1": "a1", "q2": 4, "q5": "با 09121234567 تماس بگیرید لطفا"}, 12)
    target = tmp_path / "report.pdf"
    build_report(asked.id, target)
    words = told(target.read_bytes(), tmp_path)
    assert "تماس" in words and "0912" not in words and "۰۹۱۲" not in words
