"""What staff are told about a draft: its saves in the audit log, the same numbers as citizens read, what to think over before publishing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import FrozenClock
from engage.db import db
from engage.identity.audit_labels import sentence
from surveys import commands
from surveys.definitions import Definition, Gap, gaps
from surveys.queries import draft_steps, get_survey, saves_of
from surveys.types import Calculation, Information, NationalId, Option, Rating, ShortText, Single
from surveys.words import explain_gap
from tests.people import make_person, make_units, sign_in

OPTIONS = [Option(id="a1", label="بله"), Option(id="a2", label="خیر"), Option(id="a3", label="دیگر", other=True)]


@pytest.fixture
def survey_id(app: Flask) -> int:
    return commands.create_survey(make_units()[1], "نمونه", actor_id=None)


def entries() -> list[tuple[str, int | None, int]]:
    rows = db.session.execute(text("SELECT action, actor_id, (detail->>'count')::int FROM audit_entry WHERE object_type = 'survey' ORDER BY id"))
    return [(row[0], row[1], row[2] or 0) for row in rows]


def test_saves_of_one_sitting_are_one_entry_and_every_save_is_told(survey_id: int, clock: FrozenClock) -> None:
    unit_id = make_unit_of(survey_id)
    one, two = make_person(unit_id), make_person(unit_id)
    revision = 1

    def save(actor_id: int, count: int) -> None:
        nonlocal revision
        for _ in range(count):
            revision = commands.save_draft(survey_id, Definition(title=f"عنوان {revision}"), revision, actor_id=actor_id)

    save(one, 5)
    assert entries()[1:] == [("survey_draft_saved", one, 0)]
    clock.set(clock.now() + timedelta(minutes=11))
    save(one, 4)
    assert entries()[2:] == [("survey_draft_edited", one, 5)]
    save(two, 2)
    assert entries()[3:] == [("survey_draft_edited", one, 3), ("survey_draft_saved", two, 0)]
    revision = commands.undo_draft(survey_id, revision, actor_id=one)
    assert entries()[5:] == [("survey_draft_edited", two, 1), ("survey_draft_undone", one, 0)]
    told = sum(count or 1 for action, _, count in entries() if action in ("survey_draft_saved", "survey_draft_edited"))
    assert told == 11 == len([each for each in saves_of(survey_id) if each.saved_by is not None]), "each save is told once"
    assert draft_steps(survey_id).can_redo and draft_steps(survey_id).can_undo
    assert "۳" in sentence("survey_draft_edited", {"title": "نمونه", "count": 3}) or "3" in sentence("survey_draft_edited", {"title": "نمونه", "count": 3})


def make_unit_of(survey_id: int) -> int:
    found = get_survey(survey_id)
    assert found is not None
    return found.unit_id


NUMBERED = Definition(
    title="شماره‌ها",
    is_anonymous=True,
    questions=[
        Information(id="i", label="بدانید", text="متن"),
        Single(id="s", label="کدام؟", options=OPTIONS),
        Calculation(id="c", label="جمع", formula="("),
        Rating(id="r", label=""),
        ShortText(id="w", label="چرا؟"),
    ],
)


def test_cards_carry_the_numbers_citizens_read(client: FlaskClient, survey_id: int) -> None:
    commands.save_draft(survey_id, NUMBERED, 1, actor_id=None)
    found = get_survey(survey_id)
    assert found is not None
    sign_in(client, make_person(found.unit_id))
    page = client.get(f"/console/surveys/{found.slug}/edit").text
    assert [page.count(f'<span class="q-no">{number}</span>') for number in "۱۲۳۴"] == [1, 1, 1, 0]
    assert "پس از «اطلاع" in page or "پس از «" in page
    opened = client.get(f"/console/surveys/{found.slug}/edit?open=r").text
    assert 'value="۴" size="3"' in opened and "از ۵" in opened, "places count everything"
    missing = client.get(f"/console/surveys/{found.slug}/publish").text
    assert "۲: " in missing, "the rating is what citizens read as question two"
    assert [(gap.code, gap.number, gap.question_id) for gap in gaps(NUMBERED)] == [("expression_unfinished", 0, "c"), ("question_without_label", 2, "r")]


def test_own_words_of_other_are_told_in_an_anonymous_survey(client: FlaskClient, survey_id: int) -> None:
    asked = Definition(title="t", is_anonymous=True, questions=[NUMBERED.questions[1], NationalId(id="n", label="کد ملی؟"), Rating(id="x", label="؟")])
    commands.save_draft(survey_id, asked, 1, actor_id=None)
    found = get_survey(survey_id)
    assert found is not None
    sign_in(client, make_person(found.unit_id))
    page = client.get(f"/console/surveys/{found.slug}/publish").text
    doubts = page.partition('id="h-doubts"')[2]
    assert "به زبان خود شهروند" in doubts and "کدام؟" in doubts and "کد ملی؟" in doubts


def test_gaps_name_what_they_are_about() -> None:
    assert explain_gap(Gap("name_unknown", detail="q9")).endswith("(«q9»)")
    assert explain_gap(Gap("anonymous_with_quota")) != "anonymous_with_quota"
