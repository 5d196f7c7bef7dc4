"""The mayor's page: suggested from the report, saved by whoever may, one sheet whatever is written, and a square picture."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.persian import to_latin_digits
from engage.refusal import Refused
from engage.reports.cli import build_report
from engage.reports.content import Report
from engage.reports.onepage import queries, sheet
from engage.reports.onepage.charts import chart_of, choices_of
from engage.reports.onepage.commands import save_onepage
from engage.reports.onepage.models import ReportOnepage
from engage.reports.onepage.rules import MOST, OnePage
from engage.reports.render import FORMATS
from surveys.types import Nps, Option, Rating, Single
from tests.features.test_reports_live import Asked
from tests.made_reports import made_report
from tests.people import make_person, sign_in, without_csrf

WIDE = "ضصثقفغعهخحجچ"
"""The widest letters, without a space"""


def pages_of(pdf: bytes, tmp_path: Path) -> int:
    target = tmp_path / "page.pdf"
    target.write_bytes(pdf)
    found = re.search(rb"^Pages:\s+(\d+)", subprocess.run(["pdfinfo", str(target)], capture_output=True, check=True).stdout, re.M)
    assert found is not None
    return int(found[1])


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.fixture
def asked(app: Flask) -> Asked:
    found = Asked()
    found.answer({"q1": "a1", "q2": 5}, 8)
    found.answer({"q1": "a2", "q2": 2}, 5)
    return found


def test_the_suggestion_is_made_of_the_largest_difference(app: Flask) -> None:
    page = queries.suggested(made_report())
    assert "هرندی" in page.headline and len(page.headline) <= MOST["headline"]
    assert page.dimension in ("unit", "neighbourhood") and page.lead
    chart = chart_of(made_report(), page.question_key, page.dimension)
    assert chart is not None and any(row["mark"] for row in chart["rows"])


def test_groups_are_drawn_only_as_far_as_they_may_be_shown(app: Flask) -> None:
    report = made_report(people=240)
    split = next(b for b in report.content.analysis.breakdowns if b.dimension == "neighbourhood")
    hidden = replace(
        split,
        splits=[
            replace(s, columns=[replace(c, cells=[replace(e, count=None, share=None) for e in c.cells]) for c in s.columns])
            for s in split.splits
        ],
    )
    analysis = replace(report.content.analysis, breakdowns=[hidden])
    closed = replace(report, content=replace(report.content, analysis=analysis))
    assert chart_of(report, "q1", "neighbourhood") != chart_of(closed, "q1", "neighbourhood") == chart_of(closed, "q1", "")
    assert all(each.dimension == "" for each in choices_of(closed))


def test_a_scale_is_drawn_whole_or_not_at_all(app: Flask) -> None:
    questions = [Rating(id="q1", label="چقدر؟"), Nps(id="q2", label="چقدر؟")]
    report = made_report(questions)
    chart = chart_of(report, "q1", "", 2)
    assert chart is not None and len(chart["rows"]) == 5
    assert chart_of(report, "q2", "") is None


@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="poppler-utils reads the PDF back")
def test_the_longest_texts_that_are_accepted_stay_one_page(app: Flask, tmp_path: Path) -> None:
    words = "شهرداری منطقه محله خیابان نظافت روشنایی " * 20
    texts = {name: words[:most].strip() for name, most in MOST.items()}
    report = made_report()
    for choice in choices_of(report):
        page = OnePage(**texts, question_key=choice.question_key, dimension=choice.dimension, letter_date=date(2026, 12, 12))
        assert pages_of(sheet.draw_page(report, page), tmp_path) == 1


@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="poppler-utils reads the PDF back")
def test_long_names_in_the_chart_stay_one_page(app: Flask, tmp_path: Path) -> None:
    options = [Option(id=f"a{n}", label=f"{n} " + WIDE * 15) for n in range(12)]
    report = made_report([Single(id="q1", label=WIDE * 60, options=options)], title=WIDE * 30)
    page = queries.suggested(report)
    assert page.question_key == "q1" and len(page.headline) <= MOST["headline"]
    assert pages_of(sheet.draw_page(report, page), tmp_path) == 1
    assert size_of(sheet.draw_square(report, page)) == (1080, 1080)


def test_what_becomes_two_pages_is_refused(app: Flask) -> None:
    page = OnePage("تیتر " * 200, "متن " * 900, question_key="q2")
    with pytest.raises(Refused, match="onepage_overfull"):
        sheet.draw_page(made_report(), page)


@pytest.mark.parametrize("people", [0, 1, 9])
def test_of_nothing_and_of_few(app: Flask, people: int) -> None:
    report = made_report(people=people)
    page = queries.suggested(report)
    drawn = sheet.page_of(report, page)
    assert drawn["chart"] is None and drawn["no_chart"]
    assert drawn["numbers"][1][0] == "—" and drawn["numbers"][2][0] == "—"
    assert sheet.draw_page(report, page).startswith(b"%PDF")
    assert size_of(sheet.draw_square(report, page)) == (1080, 1080)


def test_sealed_answers_are_neither_counted_nor_drawn(app: Flask) -> None:
    report = replace(made_report(people=12), is_sealed=True)
    page = queries.suggested(report)
    assert page.question_key == "" and page.headline == report.title
    drawn = sheet.page_of(report, replace(page, question_key="q1"))
    assert drawn["chart"] is None
    assert "۱۲" not in [value for value, _about in drawn["numbers"]]
    assert "۱۲ پاسخ" not in sheet.square_of(report, page)["base"]


def test_a_page_is_saved_once_by_one_of_two(asked: Asked) -> None:
    page = queries.onepage_of(asked.report())
    assert page.revision == 0 and page.question_key in ("q1", "q2")
    mine = replace(page, headline="روشنایی کوچه‌ها واجب‌تر است", letter_date=date(2026, 12, 12))
    assert save_onepage(asked.id, mine, actor_id=None) == 1
    with pytest.raises(Refused, match="onepage_changed"):
        save_onepage(asked.id, replace(page, headline="دیگری"), actor_id=None)
    saved = queries.onepage_of(asked.report())
    assert (saved.headline, saved.revision, saved.letter_date) == ("روشنایی کوچه‌ها واجب‌تر است", 1, date(2026, 12, 12))
    assert save_onepage(asked.id, replace(saved, wanted="دو تیر چراغ"), actor_id=None) == 2
    with pytest.raises(Refused, match="onepage_changed"):
        save_onepage(asked.id, replace(saved, wanted="سه تیر چراغ"), actor_id=None)
    assert queries.onepage_of(asked.report()).wanted == "دو تیر چراغ"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"headline": "م" * 81}, "onepage_too_long"),
        ({"headline": " "}, "onepage_no_headline"),
        ({"question_key": "q9"}, "onepage_chart_unknown"),
        ({"dimension": "age"}, "onepage_chart_unknown"),
    ],
)
def test_bad_input_leaves_nothing(asked: Asked, change: dict[str, str], code: str) -> None:
    page = queries.onepage_of(asked.report())
    with pytest.raises(Refused, match=code):
        save_onepage(asked.id, replace(page, **change), actor_id=None)
    assert db.session.scalars(select(ReportOnepage)).all() == []


def test_a_survey_that_is_gone_is_refused(asked: Asked) -> None:
    with pytest.raises(Refused, match="survey_not_found"):
        save_onepage(asked.id + 1, OnePage("تیتر"), actor_id=None)


FORM = {"headline": "روشنایی واجب‌تر است", "lead": "", "chart": "q1@", "wanted": "دو تیر", "addressee": "شهردار", "letter_number": "۱۲/۳",
        "letter_date": "۱۴۰۵/۰۹/۲۱", "attachment": "گزارش", "revision": "0"}  # fmt: skip


def test_the_page_in_the_console(app: Flask, client: FlaskClient, asked: Asked) -> None:
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    url = f"{asked.url}/one-page"
    html = client.get(url).get_data(as_text=True)
    assert "پیشنهاد" in html and 'name="headline"' in html
    for picture in ("page", "square"):
        response = client.get(f"{url}/{picture}.png")
        assert (response.status_code, response.mimetype) == (200, "image/png")
    with without_csrf(app):
        refused = client.post(url, data=FORM | {"headline": "م" * 90})
        assert refused.status_code == 422 and "۱۰ نویسه کم کنید" in refused.get_data(as_text=True)
        assert client.post(url, data=FORM | {"letter_date": "۱۴۰۵/۱۳/۴۰"}).status_code == 422
        assert client.post(url, data=FORM | {"chart": "x" * 500}).status_code == 422
        assert db.session.scalars(select(ReportOnepage)).all() == []
        assert client.post(url, data=FORM).status_code == 303
        stale = client.post(url, data=FORM | {"wanted": "سه تیر"})
        body = stale.get_data(as_text=True)
        assert stale.status_code == 422 and "همکاری" in body and "سه تیر" in body and 'value="1"' in body
        assert client.post(url, data=FORM | {"wanted": "سه تیر", "revision": "1"}).status_code == 303
    db.session.rollback()
    row = db.session.get_one(ReportOnepage, asked.id)
    assert (row.wanted, row.letter_date, row.revision) == ("سه تیر", date(2026, 12, 12), 2)
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "report_onepage_saved")).all()
    assert len(actions) == 2


@pytest.mark.parametrize("role", list(Role))
def test_who_may_change_it(app: Flask, client: FlaskClient, asked: Asked, role: Role) -> None:
    _city, _d12, d6, _herandi = asked.units
    url = f"{asked.url}/one-page"
    with without_csrf(app):
        sign_in(client, make_person(d6, role))
        assert client.get(url).status_code in (403, 404)
        assert client.get(f"{url}/page.png").status_code in (403, 404)
        assert client.post(url, data=FORM).status_code in (403, 404)
        assert db.session.scalars(select(ReportOnepage)).all() == []
        sign_in(client, make_person(asked.unit_id, role))
        assert client.get(url).status_code == 200
        assert client.post(url, data=FORM).status_code == 303


def test_a_stranger_and_a_draft(app: Flask, client: FlaskClient, asked: Asked) -> None:
    assert client.get(f"{asked.url}/one-page").status_code == 303
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    assert client.get("/console/reports/zz/one-page").status_code == 404
    assert client.get(f"{asked.url}/one-page/other.png").status_code == 404


def test_the_files_are_taken_away_and_written_by_the_command_line(app: Flask, client: FlaskClient, asked: Asked, tmp_path: Path) -> None:
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    with without_csrf(app):
        pdf = client.post(f"{asked.url}/files/onepage.pdf")
        png = client.post(f"{asked.url}/files/square.png")
    assert (pdf.mimetype, png.mimetype) == ("application/pdf", "image/png")
    assert pdf.data.startswith(b"%PDF") and size_of(png.data) == (1080, 1080)
    kinds = [each.detail["kind"] for each in db.session.scalars(select(AuditEntry).where(AuditEntry.action == "report_exported"))]
    assert kinds == ["onepage.pdf", "square.png"]


def test_the_command_line_knows_the_suffixes(asked: Asked, tmp_path: Path) -> None:
    build_report(asked.id, tmp_path / "یک.onepage.pdf")
    build_report(asked.id, tmp_path / "یک.square.png")
    assert (tmp_path / "یک.onepage.pdf").read_bytes().startswith(b"%PDF")
    assert size_of((tmp_path / "یک.square.png").read_bytes()) == (1080, 1080)


def test_headline_and_chart_are_about_the_same_question(asked: Asked) -> None:
    page = queries.onepage_of(asked.report())
    report = asked.report()
    question = report.question(page.question_key)
    assert question is not None
    assert str(question.number) in to_latin_digits(page.headline)


def written(report: Report, kind: str) -> bytes:
    file = io.BytesIO()
    FORMATS[kind].write(report, file)
    return file.getvalue()


def test_a_file_says_what_was_saved(asked: Asked) -> None:
    before = written(asked.report(), "square.png")
    save_onepage(asked.id, replace(queries.onepage_of(asked.report()), headline="تیتری دیگر"), actor_id=None)
    assert written(asked.report(), "square.png") != before
    with pytest.raises(Refused, match="report_suffix_unknown"):
        build_report(asked.id, Path("/nowhere/report.xyz"))
