"""How an anonymous survey ends: too few stay sealed, the key goes, nobody can force or crowd it; what is promised and what travels."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from engage.db import transaction
from engage.jobs import redis_connection
from engage.refusal import Refused
from surveys import commands
from surveys.queries import find_link, response_count
from surveys.sealing import (
    break_seal,
    carry,
    is_sealed,
    move_sealed_answers,
    read_carried,
    ring_for_seals,
    seal_state,
    sealed_count_words,
    seals_without_key,
)
from surveys.sealing.answers import seal_secret
from surveys.sealing.boxes import shut
from surveys.sealing.keys import key_path
from surveys.submission import Outcome
from tests import make
from tests.sealed import ANONYMOUS, ask, buffered, close, everything, rows, stored


def test_fewer_than_twenty_answers_never_leave_the_seal(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(20)
    for place in range(19):
        asked.answer(place)
    path = key_path(asked.public)
    assert path.stat().st_size > 0
    assert move_sealed_answers(asked.survey_id) == 0 and not break_seal(asked.survey_id)
    assert buffered(asked) == 19
    close(asked)
    drain()
    assert is_sealed(asked.survey_id) and seal_state(asked.survey_id) == "sealed"
    assert response_count(asked.survey_id) == 0 and buffered(asked) == 0 and not path.exists()
    assert rows("SELECT destroyed_at IS NOT NULL FROM survey_seal") == [(True,)]
    assert not any("پاسخ-" in line for _, line in everything())
    with app.test_request_context():
        assert sealed_count_words() == "کمتر از ۲۰ پاسخ"
    assert asked.answer(19).outcome is Outcome.TOO_LATE
    assert ring_for_seals() == 0 and break_seal(asked.survey_id) is False


def test_twenty_answers_are_opened_and_the_key_is_gone(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(20)
    for place in range(20):
        asked.answer(place)
    path = key_path(asked.public)
    close(asked)
    drain()
    assert seal_state(asked.survey_id) == "opened" and not is_sealed(asked.survey_id)
    assert sorted(stored(asked)) == list(range(20)) and not path.exists()
    with pytest.raises(Refused, match="anonymous_closed_for_good"):
        commands.publish_survey(asked.survey_id, closes_at=make.now() + timedelta(days=9), results_on=None, actor_id=None)


def test_the_sweeper_rings_for_full_buffers_and_for_closed_surveys(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(45)
    for place in range(45):
        asked.answer(place)
    redis_connection().flushdb()  # every bell is lost
    assert ring_for_seals() == 1
    drain()
    assert len(stored(asked)) == 20 and ring_for_seals() == 0
    close(asked)
    redis_connection().flushdb()
    assert ring_for_seals() == 1
    drain()
    assert seal_state(asked.survey_id) == "opened" and len(stored(asked)) == 45 and ring_for_seals() == 0


def test_breaking_one_seal_leaves_other_responses_where_they_are(app: Flask) -> None:
    asked = ask(25)
    other = ask(5, make.SMALL_SURVEY)
    for place, token in enumerate(other.tokens):
        link = find_link(token)
        assert link is not None
        commands.submit_response(link, other.version_id, {"q1": "park" if place % 2 else "light"})
    where = "SELECT ctid::text, xmin::text, r::text FROM response r WHERE survey_id = :id ORDER BY id"
    before = rows(where, id=other.survey_id)
    for place in range(25):
        asked.answer(place)
    close(asked)
    assert break_seal(asked.survey_id)
    assert rows(where, id=other.survey_id) == before and len(before) == 5
    assert seal_state(other.survey_id) is None and not is_sealed(other.survey_id)


def test_a_machine_without_the_key_leaves_all_as_it_is(app: Flask) -> None:
    asked = ask(45)
    for place in range(45):
        asked.answer(place)
    path = key_path(asked.public)
    away = path.with_suffix(".away")
    path.rename(away)
    assert seals_without_key() == [asked.survey_id]
    assert move_sealed_answers(asked.survey_id) == 0
    close(asked)
    assert not break_seal(asked.survey_id)
    assert buffered(asked) == 45 and seal_state(asked.survey_id) == "open"
    away.rename(path)
    assert seals_without_key() == []
    assert break_seal(asked.survey_id)
    assert sorted(stored(asked)) == list(range(45))


def test_a_key_others_may_read_is_not_used(app: Flask) -> None:
    asked = ask(40)
    for place in range(40):
        asked.answer(place)
    key_path(asked.public).chmod(0o644)
    with pytest.raises(Refused, match="survey_key_exposed"):
        move_sealed_answers(asked.survey_id)
    key_path(asked.public).chmod(0o600)
    assert move_sealed_answers(asked.survey_id) == 20


def test_whoever_owns_the_database_cannot_crowd_one_citizen_out(app: Flask) -> None:
    asked = ask(1)
    asked.answer(0)
    (box,) = rows("SELECT sealed FROM survey_sealed_answer")[0]
    mine = b'{"version_id":%d,"day":"2026-11-22","document":{"q1":"park"},"channel":"link"}' % asked.version_id
    with transaction() as session:
        for forged in [shut(asked.public, b"guessed", asked.survey_id, mine) for _ in range(30)] + [bytes(box)] * 30:
            session.execute(
                text("INSERT INTO survey_sealed_answer VALUES (gen_random_uuid(), :survey, :box)"),
                {"survey": asked.survey_id, "box": forged},
            )
    assert move_sealed_answers(asked.survey_id) == 0
    close(asked)
    assert break_seal(asked.survey_id)
    assert is_sealed(asked.survey_id) and response_count(asked.survey_id) == 0
    assert seal_secret() != b"guessed"


def test_erasing_a_person_finds_no_answer(app: Flask) -> None:
    asked = ask(40)
    for place in range(40):
        asked.answer(place)
    move_sealed_answers(asked.survey_id)
    assert commands.erase_invitations(asked.invitations, forget_number=True) == 0
    assert len(stored(asked)) == 20 and buffered(asked) == 20


def test_what_cannot_be_anonymous_is_not_published_as_such(app: Flask) -> None:
    quota = {"id": "half", "label": "نیمی", "when": 'q1 = "light"', "limit": 5}
    survey_id = make.make_survey(make.make_unit(), ANONYMOUS | {"quotas": [quota]}, publish=False)
    with pytest.raises(Refused, match="anonymous_with_quota"):
        commands.publish_survey(survey_id, closes_at=make.now() + timedelta(days=9), results_on=None, actor_id=None)
    assert seal_state(survey_id) is None


def test_carried_pages_are_read_by_their_own_link_alone(app: Flask) -> None:
    document = {"q1": "light", "q2": "سطر اول\nسطر دوم " * 400, "q3": ["a", "b"], "q4": 4, "q5": 12.5, "q6.r1": "c2"}
    carried = carry("Aa3456789bB", document)
    assert read_carried("Aa3456789bB", carried) == document
    assert carried.isascii() and carried.replace("-", "").replace("_", "").isalnum()
    assert read_carried("Aa3456789bC", carried) is None
    assert carry("Aa3456789bB", document) != carried
    assert len(carry("Aa3456789bB", {"q1": "a"})) == len(carry("Aa3456789bB", {"q1": "a" * 90}))


@pytest.mark.parametrize(
    "text", ["", "x", "AQ", "AQ==", "متن", "A" * 64, "é" * 40, "\x00", "AQ" * 4000, "../../etc", "A" * 3 + "\n" + "A" * 80]
)
def test_what_nobody_carried_is_not_read(app: Flask, text: str) -> None:
    assert read_carried("Aa3456789bB", text) is None


def test_a_changed_carried_text_is_not_read(app: Flask) -> None:
    carried = carry("Aa3456789bB", {"q1": "light"})
    draw = random.Random(7)
    for _ in range(60):
        place = draw.randrange(len(carried) - 1)
        letter = draw.choice([each for each in "ABCxyz019-_" if each != carried[place]])
        assert read_carried("Aa3456789bB", carried[:place] + letter + carried[place + 1 :]) is None
    assert read_carried("Aa3456789bB", carried[:-8]) is None and read_carried("Aa3456789bB", carried + "AAAA") is None
