"""Reports over every type: counted by parts, drawn, taken away as files; what was left out or never sent off is in no figure."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from engage.clock import now
from engage.db import transaction
from engage.reports import queries
from engage.reports.cli import build_report
from engage.reports.commands import refresh_report
from engage.reports.tally import QuestionTally
from surveys import commands as surveys
from surveys.definitions import Definition, is_satisfied_by
from surveys.models import Response
from surveys.queries import response_count, response_documents
from surveys.types import (
    QUESTION_TYPES,
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Information,
    Knapsack,
    LongList,
    LongText,
    Matrix,
    Multiple,
    NationalId,
    Neighbourhood,
    Nps,
    Number,
    Option,
    Phone,
    Points,
    Ranking,
    Rating,
    ShortText,
    Single,
    Time,
    Upload,
    YesNo,
    type_of,
)
from surveys.types.ballots import Project
from surveys.types.matrix import Row
from tests.features.test_reports_live import Asked
from tests.people import make_person, sign_in

OPTIONS = [Option(id="a", label="الف"), Option(id="b", label="ب"), Option(id="c", label="دیگر", other=True)]
PLAIN = OPTIONS[:2]
PROJECTS = [Project(id="p1", label="پل", cost=100), Project(id="p2", label="پارک", cost=50), Project(id="p3", label="چراغ", cost=20)]
DEFINITION = Definition(
    title="همهٔ گونه‌ها",
    questions=[
        Single(id="single", label="یک", options=OPTIONS),
        Multiple(id="multiple", label="چند", options=OPTIONS),
        YesNo(id="yes_no", label="آیا؟"),
        Rating(id="rating", label="چقدر؟"),
        Nps(id="nps", label="توصیه؟"),
        Matrix(id="matrix", label="جدول", options=PLAIN, rows=[Row(id="r1", label="سطر یک"), Row(id="r2", label="سطر دو")]),
        Ranking(id="ranking", label="ترتیب", options=PLAIN),
        Neighbourhood(id="neighbourhood", label="محله", options=PLAIN),
        LongList(id="long_list", label="فهرست", options=PLAIN),
        Number(id="number", label="عدد"),
        ShortText(id="short_text", label="کوتاه"),
        LongText(id="long_text", label="بلند"),
        Date(id="date", label="روز"),
        Time(id="time", label="ساعت"),
        Phone(id="phone", label="تلفن"),
        NationalId(id="national_id", label="کد ملی"),
        Consent(id="consent", label="رضایت", statement="می‌پذیرم"),
        Upload(id="upload", label="عکس"),
        Information(id="information", label="بدانید", text="متن"),
        Hidden(id="hidden", label="نشان", value="x"),
        Calculation(id="calculation", label="جمع", formula="number + 1"),
        Approval(id="approval", label="پسند", projects=PROJECTS),
        BallotRanking(id="ballot_ranking", label="رتبه", projects=PROJECTS),
        Points(id="points", label="امتیاز", projects=PROJECTS, none_label="هیچ‌کدام"),
        Knapsack(id="knapsack", label="بودجه", projects=PROJECTS, budget=100),
    ],
)
DIGEST = "a3f1" * 16
ONE: dict[str, Any] = {
    "single": "c",
    "single.other": "با شمارهٔ ۰۹۱۲۱۲۳۴۵۶۷ تماس بگیرید",
    "multiple": ["a", "b"],
    "yes_no": "yes",
    "rating": 4,
    "nps": 0,
    "matrix.r1": "a",
    "matrix.r2": "b",
    "ranking": ["b", "a"],
    "neighbourhood": "a",
    "long_list": "b",
    "number": 3,
    "short_text": "خوب",
    "long_text": "خوب است",
    "date": "2026-11-23",
    "time": "14:30",
    "phone": "+989121234567",
    "national_id": DIGEST,
    "consent": "yes",
    "upload": "slug123",
    "hidden": "x",
    "calculation": 4,
    "approval": ["p1", "p2"],
    "ballot_ranking": ["p2", "p1"],
    "points.p1": 7,
    "points.p2": 3,
    "knapsack": ["p2", "p3"],
}


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked(DEFINITION)


def store(asked: Asked, answers: dict[str, Any], count: int = 1, **values: Any) -> None:
    row = {
        "survey_id": asked.id,
        "version_id": asked.version_id,
        "channel": "open",
        "answers": answers,
        "receipt_code": "",
        "submitted_at": now(),
    }
    with transaction() as session:
        session.execute(insert(Response), [row | values] * count)


def figures(asked: Asked) -> dict[str, QuestionTally]:
    refresh_report(asked.id, force=True)
    return {each.key: each for each in asked.report().content.questions}


def chosen(question: QuestionTally) -> dict[str, int]:
    return {option.id: option.count for option in question.options or []}


def test_every_type_is_in_the_definition() -> None:
    assert {type_of(question) for question in DEFINITION.questions} == set(QUESTION_TYPES)


def test_parts_are_counted_by_themselves(asked: Asked) -> None:
    store(asked, ONE, 9)
    store(asked, {"points": "none", "matrix.r1": "b"})
    store(asked, {"points.p3": 10})
    found = figures(asked)
    assert chosen(found["matrix.r1"]) == {"a": 9, "b": 1} and chosen(found["matrix.r2"]) == {"a": 0, "b": 9}
    assert (found["matrix.r2"].asked, found["matrix.r2"].answered, found["matrix.r2"].label) == (11, 9, "جدول · سطر دو")
    assert chosen(found["multiple"]) == {"a": 9, "b": 9, "c": 0} and found["multiple"].answered == 9
    assert chosen(found["approval"]) == {"p1": 9, "p2": 9, "p3": 0} and found["approval"].is_many
    assert chosen(found["knapsack"]) == {"p1": 0, "p2": 9, "p3": 9}
    assert chosen(found["ranking"]) == {"a": 0, "b": 9} and chosen(found["ballot_ranking"]) == {"p1": 0, "p2": 9, "p3": 0}
    places = found["ballot_ranking"].places or []
    assert [(each.id, each.counts, each.mean, each.borda) for each in places] == [
        ("p2", [9, 0, 0], 1, 27),
        ("p1", [0, 9, 0], 2, 18),
        ("p3", [0, 0, 0], None, 0),
    ]
    assert chosen(found["single"]) == {"a": 0, "b": 0, "c": 9} and found["single.other"].is_written and found["single.other"].answered == 9
    assert chosen(found["yes_no"])["yes"] == 9 and chosen(found["consent"]) == {"yes": 9}
    assert found["nps"].mean == 0 and chosen(found["nps"])["0"] == 9 and len(found["nps"].options or []) == 11
    # Whoever shared out all points elsewhere gave this project none.
    points = found["points.p1"]
    assert points.figures is not None and points.answered == 10 and points.figures.mean == pytest.approx(6.3)
    assert found["points"].answered == 1
    assert found["calculation"].figures is not None and found["calculation"].number == 0
    assert found["approval"].number == 19, "what nobody is asked has no number"
    assert found["phone"].answered == 9 and not found["phone"].is_written and found["phone"].options is None
    assert "information" not in found


def test_what_does_not_count_is_in_no_figure_and_no_file(asked: Asked, tmp_path: Path) -> None:
    store(asked, ONE, 2)
    store(asked, ONE, excluded_at=now(), exclusion_reason="آزمایش")
    store(asked, {"rating": 1}, 3, is_partial=True)
    found = figures(asked)
    assert {each.answered for each in found.values()} == {2, 0} and found["rating"].mean == 4
    report = asked.report()
    assert (report.answers, report.content.partial, report.content.excluded) == (2, 3, 1)
    assert sum(day.count for day in report.content.days) == 2
    assert response_count(asked.id) == 2 == len(list(response_documents(asked.id)))
    assert len(table(asked, tmp_path)) == 3
    document = exported(asked, tmp_path)
    assert (document["answers"], document["partial"], document["excluded"]) == (2, 3, 1)


def table(asked: Asked, tmp_path: Path) -> list[list[str]]:
    build_report(asked.id, tmp_path / "r.csv")
    return list(csv.reader(io.StringIO((tmp_path / "r.csv").read_text("utf-8-sig"))))


def exported(asked: Asked, tmp_path: Path) -> dict[str, Any]:
    build_report(asked.id, tmp_path / "r.json")
    found: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return found


def test_the_table_has_a_column_for_every_part(asked: Asked, tmp_path: Path) -> None:
    store(asked, ONE, 10)
    head, *rows = table(asked, tmp_path)
    assert len(rows) == 10 and {len(row) for row in rows} == {len(head)} and len(set(head)) == len(head)
    by_key = {name[name.rindex("[") + 1 : -1]: value for name, value in zip(head, rows[0], strict=True) if "[" in name}
    assert by_key["matrix.r1"] == "الف" and by_key["matrix.r2"] == "ب"
    assert by_key["points.p1"] == "7" and by_key["points.p3"] == "0" and by_key["ranking.b"] == "1"
    assert by_key["knapsack.p2"] == "1" and by_key["approval.p3"] == "0" and by_key["single"] == "دیگر"
    assert "۰۹۱۲" not in by_key["single.other"] and "*****" in by_key["single.other"]
    assert by_key["phone"] == by_key["national_id"] == by_key["upload"] == "1"
    everything = "\n".join(map(",".join, rows))
    assert DIGEST not in everything and "9121234567" not in everything and "slug123" not in everything


def test_pages_and_files_are_drawn_with_few_and_with_many(app: Flask, client: FlaskClient, asked: Asked, tmp_path: Path) -> None:
    sign_in(client, make_person(asked.unit_id))
    for count in (1, 12):
        store(asked, ONE, count)
        refresh_report(asked.id, force=True)
        page = client.get(asked.url)
        assert page.status_code == 200 and page.text.count('id="q-matrix"') == 1 and "سطر یک" in page.text and DIGEST not in page.text and "slug123" not in page.text
        build_report(asked.id, tmp_path / "r.html")
        keys = [each["id"] for each in exported(asked, tmp_path)["questions"]]
        assert {"matrix.r1", "points.p1", "single.other"} <= set(keys) and len(set(keys)) == len(keys)
    assert client.get(f"{asked.url}/texts/single.other").status_code == 200
    assert "۰۹۱۲۱۲۳" not in client.get(f"{asked.url}/texts/single.other").text
    for closed in ("phone", "national_id", "upload", "matrix.r1"):
        assert client.get(f"{asked.url}/texts/{closed}").status_code == 404


def test_rows_come_and_go_with_versions(asked: Asked) -> None:
    store(asked, {"matrix.r1": "a", "matrix.r2": "a"}, 2)
    changed = Definition(
        title="t",
        questions=[Matrix(id="matrix", label="جدول", options=PLAIN, rows=[Row(id="r2", label="سطر دو"), Row(id="r3", label="سطر سه")])],
    )
    with transaction() as session:
        revision = session.execute(text("SELECT draft_revision FROM survey WHERE id = :id"), {"id": asked.id}).scalar_one()
    surveys.save_draft(asked.id, changed, revision, actor_id=None)
    asked.version_id = surveys.publish_survey(asked.id, closes_at=None, results_on=None, actor_id=None)
    store(asked, {"matrix.r2": "b", "matrix.r3": "b"})
    found = figures(asked)
    assert list(found)[:2] == ["matrix.r2", "matrix.r3"] and found["matrix.r1"].withdrawn
    assert {each.whole for name, each in found.items() if name.startswith("matrix")} == {"matrix"}
    assert (found["matrix.r2"].asked, found["matrix.r3"].asked, found["matrix.r1"].asked) == (3, 1, 2)
    assert chosen(found["matrix.r2"]) == {"a": 2, "b": 1}


def test_hundreds_of_rows_are_one_pass(asked: Asked) -> None:
    rows = [Row(id=f"r{n}", label=f"سطر {n}") for n in range(500)]
    many = Asked(Definition(title="t", questions=[Matrix(id="q", label="جدول", options=PLAIN, rows=rows)]), unit_id=asked.unit_id)
    store(many, {f"q.r{n}": "a" for n in range(500)}, 5)
    content = queries.compute_content(many.id)
    assert len(content.questions) == 500 and {each.answered for each in content.questions} == {5}


def test_the_answers_of_this_file_satisfy_their_definition(app: Flask) -> None:
    answers = {name: value for name, value in ONE.items() if name not in ("phone", "national_id", "upload", "points.p1", "points.p2")}
    definition = Definition(
        title="t", questions=[each for each in DEFINITION.questions if each.id not in ("phone", "national_id", "upload", "points")]
    )
    assert is_satisfied_by(definition, answers, now().date())
