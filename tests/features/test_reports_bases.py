"""A report's bases and tables: who was led to a question, what was put in order, hundreds of rows; what is under seal stays there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import TEHRAN, now
from engage.db import transaction
from engage.reports.commands import refresh_report
from engage.web.filters import percent
from surveys import commands as surveys
from surveys.definitions import Definition
from surveys.flow import complete_document, deciders_of, visible_questions
from surveys.queries import invitation_funnel
from surveys.types import Calculation, Information, Matrix, Number, Option, Ranking, Rating, ShortText, Single, Skip, YesNo
from surveys.types.matrix import Row
from tests.features.test_reports_live import Asked
from tests.features.test_reports_new_types import PLAIN, exported, figures, store
from tests.people import make_person, sign_in


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked(Definition(title="نمونه", questions=[Rating(id="q", label="چقدر؟")]))


ROWS = [Row(id="r1", label="یک"), Row(id="r2", label="دو")]
LED = Definition(
    title="t",
    questions=[
        Single(id="s", label="کدام؟", options=PLAIN, skips=[Skip(when='s = "b"', to="end")]),
        ShortText(id="w", label="چه؟"),
        Number(id="n", label="چند؟", show_if="answered(w)"),
        Calculation(id="d", label="دو برابر", formula="n * 2"),
        Information(id="i", label="بدانید", text="متن", show_if="d > 3"),
        Rating(id="late", label="چقدر؟", show_if="d > 3"),
        Matrix(id="m", label="جدول", options=PLAIN, rows=ROWS, show_if="answered(late)"),
        YesNo(id="rows", label="؟", show_if="count(m) = 2"),
        YesNo(id="today", label="؟", show_if='today() < date("2026-11-20")'),
        Rating(id="end", label="پایان"),
    ],
)


def test_what_decides_is_found_through_calculations_and_parts() -> None:
    found = deciders_of(LED)
    assert found is not None and found.by_day
    assert {"s", "d", "n", "m.r1", "m.r2"} <= set(found.values) and {"w", "late"} <= set(found.presences)
    assert deciders_of(Definition(title="t", questions=[Rating(id="q", label="?")])) is None


def test_the_base_of_a_question_is_who_was_led_to_it(asked: Asked) -> None:
    led, random = Asked(LED, unit_id=asked.unit_id), Random(7)
    expected: dict[str, int] = {}
    for _ in range(60):
        day = datetime(2026, 11, random.randint(16, 22), 9, tzinfo=UTC)
        given: dict[str, Any] = {
            "s": random.choice(["a", "b", None]),
            "w": random.choice(["x" * random.randint(1, 9), None]),
            "n": random.choice([1, 2, 3, None]),
            "late": random.choice([4, None]),
            "m.r1": random.choice(["a", None]),
            "m.r2": random.choice(["b", None]),
        }
        document = complete_document(LED, {name: value for name, value in given.items() if value is not None}, day.astimezone(TEHRAN).date())
        for question in visible_questions(LED, document, day.astimezone(TEHRAN).date()):
            expected[question.id] = expected.get(question.id, 0) + 1
        store(led, document, submitted_at=day)
    found = figures(led)
    bases = {name: found[name].asked for name in ("s", "w", "n", "late", "rows", "today", "end")}
    assert bases == {name: expected.get(name, 0) for name in bases}
    assert len(set(bases.values())) > 4, "the answers of this test lead different ways"
    assert found["m.r1"].asked == expected["m"] and all(each.answered <= each.asked for each in found.values())
    assert not found["s"].is_conditional and found["end"].is_conditional and found["end"].asked == 60


def test_a_page_says_that_only_some_were_asked(client: FlaskClient, asked: Asked) -> None:
    led = Asked(LED, unit_id=asked.unit_id)
    store(led, {"s": "b", "end": 4}, 12)
    store(led, {"s": "a", "w": "بله", "n": 1, "d": 2, "end": 2}, 11)
    refresh_report(led.id, force=True)
    sign_in(client, make_person(asked.unit_id))
    page = client.get(led.url).text
    assert "پاسخ از ۱۱ نفری که با پاسخ‌های پیشین به این پرسش رسیدند" in page


def test_things_in_order_have_places_and_points(client: FlaskClient, asked: Asked, tmp_path: Path) -> None:
    options = [*PLAIN, Option(id="c", label="پ")]
    ranked = Asked(Definition(title="t", questions=[Ranking(id="q", label="ترتیب", options=options, most=2)]), unit_id=asked.unit_id)
    store(ranked, {"q": ["a", "b"]}, 6)
    store(ranked, {"q": ["b", "a"]}, 3)
    store(ranked, {"q": ["b"]}, 2)
    store(ranked, {"q": ["c", "b"]}, 1)
    store(ranked, {}, 3)
    found = figures(ranked)["q"]
    assert (found.asked, found.answered) == (15, 12)
    assert {option.id: option.count for option in found.options or []} == {"a": 6, "b": 5, "c": 1}
    assert [(each.id, each.counts, each.mean, each.borda) for each in found.places or []] == [
        ("b", [5, 7], pytest.approx(19 / 12), 17),
        ("a", [6, 3], pytest.approx(12 / 9), 15),
        ("c", [1, 0], 1, 2),
    ]
    sign_in(client, make_person(asked.unit_id))
    page = client.get(ranked.url).text
    assert "میانگین جایگاه" in page and "بوردا" in page and "۱٫۵۸" in page
    assert exported(ranked, tmp_path)["questions"][0]["places"][0] == {"id": "b", "counts": [5, 7], "mean": 19 / 12, "borda": 17}


def test_hundreds_of_rows_are_one_table(client: FlaskClient, asked: Asked) -> None:
    rows = [Row(id=f"r{n}", label=f"سطر {n}") for n in range(500)]
    many = Asked(Definition(title="t", questions=[Matrix(id="q", label="جدول", options=PLAIN, rows=rows)]), unit_id=asked.unit_id)
    store(many, {f"q.r{n}": "a" for n in range(500)}, 12)
    refresh_report(many.id, force=True)
    sign_in(client, make_person(asked.unit_id))
    page = client.get(many.url).text
    assert page.count('class="card question"') == 1 and page.count('<th scope="row">سطر') == 500
    assert f"<b>{percent(1)}</b>" in page and len(page) < 400_000


def test_what_is_under_seal_is_counted_for_nobody(app: Flask, client: FlaskClient, asked: Asked) -> None:
    anonymous = Asked(Definition(title="بی‌نام", is_anonymous=True, questions=[Rating(id="q", label="چقدر؟")]), unit_id=asked.unit_id)
    anonymous.invite(30)
    with transaction() as session:
        session.execute(
            text("UPDATE invitation SET answered = true WHERE id IN (SELECT id FROM invitation WHERE survey_id = :id LIMIT 7)"), {"id": anonymous.id}
        )
    found = invitation_funnel(anonymous.id)
    assert (found.invited, found.started, found.answered, found.is_under_seal) == (30, 0, 0, True)
    sign_in(client, make_person(asked.unit_id))
    page = client.get(f"/console/surveys/{anonymous.slug}").text
    assert "کمتر از ۲۰ پاسخ" in page and percent(7 / 30) not in page
    refresh_report(anonymous.id, force=True)
    report = anonymous.report()
    assert report.funnel.is_under_seal and report.funnel.response_rate is None
    page = client.get(anonymous.url).text
    assert "کمتر از ۲۰ پاسخ" in page and percent(7 / 30) not in page
    with transaction() as session:
        session.execute(text("UPDATE survey_seal SET state = 'opened', destroyed_at = now() WHERE survey_id = :id"), {"id": anonymous.id})
    assert invitation_funnel(anonymous.id).answered == 7
    assert surveys.close_survey(anonymous.id, actor_id=None) is None and now() - timedelta(days=1) < now()
