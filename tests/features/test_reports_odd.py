"""Reports of odd surveys: of nothing, of one answer, of one neighbourhood, of every type, of two versions, of what is being deleted."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from engage.clock import now
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.cli import build_report
from engage.reports.commands import refresh_report
from engage.reports.queries import list_reports, report_of
from engage.reports.themes.counting import count_themes
from engage.reports.themes.queries import themes_of
from surveys.definitions import Definition, dump_text
from surveys.models import Response
from surveys.types import Information, LongText, Option, Single
from tests.features.test_reports_live import QUESTIONS, Asked
from tests.journeys.every_type import STORED, SURVEY
from tests.people import make_person, sign_in

SOMETHING = {"q1": "a1", "q2": 5, "q3": ["b1"], "q4": 3, "q5": "حرف من این است"}


def files(asked: Asked, folder: Path) -> tuple[str, list[list[str]], dict[str, Any]]:
    """The report as a page of its own, as a table, and for programs."""
    for kind in ("html", "csv", "json"):
        build_report(asked.id, folder / f"report.{kind}")
    rows = list(csv.reader(io.StringIO((folder / "report.csv").read_text("utf-8-sig"))))
    return (folder / "report.html").read_text(), rows, json.loads((folder / "report.json").read_text())


def opened(asked: Asked, client: FlaskClient) -> str:
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    answer = client.get(asked.url)
    assert answer.status_code == 200
    return seen(answer.text)


def seen(page: str) -> str:
    """What a reader reads, scripts and styles left out."""
    page = re.sub(r"<(script|style|title|head)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def listed(asked: Asked) -> int:
    (line,) = [each for each in list_reports([asked.unit_id]) if each.survey.id == asked.id]
    return line.answers


def of(document: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["questions"] if each["id"] == key)
    return found


def test_of_nothing(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked()
    page, rows, document = files(asked, tmp_path)
    assert len(rows) == 1 and document["answers"] == 0 and document["days"] == [] and document["funnel"]["response_rate"] is None
    assert {(each["asked"], each["answered"]) for each in document["questions"]} == {(0, 0)}
    assert "nan" not in json.dumps(document).lower() and listed(asked) == 0
    words = opened(asked, client)
    assert "٪" not in words and "None" not in words and "nan" not in words.lower()
    assert "None" not in seen(page)


def test_of_one_answer_no_share_and_no_word_is_shown(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked()
    asked.answer(SOMETHING)
    page, rows, document = files(asked, tmp_path)
    assert len(rows) == 2 and document["answers"] == 1 == listed(asked)
    assert of(document, "q1")["options"][0]["count"] == 1 and of(document, "q1")["options"][0]["share"] is None
    assert of(document, "q2")["mean"] is None and of(document, "q4")["figures"] is None
    for words in (opened(asked, client), seen(page)):
        assert SOMETHING["q5"] not in words and "None" not in words
    assert not report_of(asked.id).content.analysis.differences and count_themes(asked.id) and themes_of(asked.report()) == ()


def test_of_one_neighbourhood_nothing_is_compared(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked()
    asked.answer(SOMETHING, 30)
    _page, rows, document = files(asked, tmp_path)
    assert len(rows) == 31 and of(document, "q1")["options"][0] | {"label": ""} == {
        "id": "a1",
        "label": "",
        "count": 30,
        "share": 1.0,
        "withdrawn": False,
    }
    report = report_of(asked.id)
    assert not report.content.analysis.differences
    assert all(len(split.columns) <= 1 for each in report.content.analysis.breakdowns for split in each.splits) or not [
        cell
        for each in report.content.analysis.breakdowns
        for split in each.splits
        for column in split.columns
        for cell in column.cells
        if cell.count is not None and 1 <= cell.count <= 4
    ]
    words = opened(asked, client)
    assert "۳۰" in words and "۱۰۰" in words


def test_of_every_type(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked(SURVEY)
    row = {"survey_id": asked.id, "version_id": asked.version_id, "channel": "open", "receipt_code": "", "submitted_at": now()}
    with transaction() as session:
        session.execute(insert(Response), [row | {"answers": STORED}] * 12)
    page, rows, document = files(asked, tmp_path)
    assert len(rows) == 13 and document["answers"] == 12 == listed(asked)
    known = {each["id"].split(".")[0] for each in document["questions"]}
    assert {each.id for each in SURVEY.questions if not isinstance(each, Information)} <= known
    assert {of(document, each)["answered"] for each in STORED if each in {q["id"] for q in document["questions"]}} == {12}
    for words in (opened(asked, client), seen(page)):
        assert "None" not in words and "nan" not in words.lower()
        assert not re.search(r"[+]?9\d{9}|۹[۰-۹]{9}", words), "a telephone number"


def test_changed_midway_each_question_has_its_own_base(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked()
    asked.answer(SOMETHING, 12)
    changed = Definition(
        title="کار بعدی محلهٔ شما چه باشد؟",
        questions=[QUESTIONS[0], Single(id="q9", label="پرسش تازه", options=[Option(id="c1", label="بله"), Option(id="c2", label="نه")])],
    )
    with transaction() as session:
        version = session.execute(
            text(
                "INSERT INTO survey_version (survey_id, number, definition, published_at)"
                " SELECT survey_id, number + 1, CAST(:definition AS jsonb), published_at"
                " FROM survey_version WHERE id = :id RETURNING id"
            ),
            {"id": asked.version_id, "definition": dump_text(changed)},
        ).scalar_one()
        session.execute(
            insert(Response),
            [
                {
                    "survey_id": asked.id,
                    "version_id": version,
                    "channel": "open",
                    "receipt_code": "",
                    "submitted_at": now() + timedelta(days=1),
                    "answers": {"q1": "a2", "q9": "c1"},
                }
            ]
            * 10,
        )
    _page, rows, document = files(asked, tmp_path)
    assert len(rows) == 23 and document["answers"] == 22 and document["form_versions"] == 2
    assert (of(document, "q1")["asked"], of(document, "q9")["asked"], of(document, "q5")["asked"]) == (22, 10, 12)
    assert of(document, "q5")["withdrawn"] and not of(document, "q1")["withdrawn"]
    assert "None" not in opened(asked, client)


@pytest.mark.parametrize("kind", ["html", "csv", "json"])
def test_deleted_while_it_is_asked_for(app: Flask, client: FlaskClient, tmp_path: Path, kind: str) -> None:
    asked = Asked()
    url, found = asked.url, asked.report()
    refresh_report(asked.id, force=True)
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    with transaction() as session:
        # The product deletes no survey; an operator who does goes past its triggers.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("survey_report", "survey_version"):
            session.execute(text(f"DELETE FROM {table} WHERE survey_id = :id"), {"id": asked.id})
        session.execute(text("DELETE FROM survey WHERE id = :id"), {"id": asked.id})
    db.session.remove()
    with pytest.raises(Refused, match="survey_not_found"):
        build_report(found.survey_id, tmp_path / f"report.{kind}")
    assert list(tmp_path.iterdir()) == [] and not refresh_report(found.survey_id)
    assert client.get(url).status_code == 404 and client.get(f"{url}/themes/q5").status_code == 404
    assert list_reports([asked.unit_id]) == [] and not count_themes(found.survey_id) and themes_of(found) == ()


def test_a_survey_that_asks_nothing_but_words(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    asked = Asked(Definition(title="فقط بنویسید", questions=[LongText(id="q1", label="بنویسید")]))
    asked.answer({"q1": "=1+1 \u202eپنهان <script>alert(1)</script>"}, 11)
    page, rows, _document = files(asked, tmp_path)
    assert len(rows) == 12 and not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert "<script>alert" not in page
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    assert "<script>alert" not in client.get(asked.url).text
