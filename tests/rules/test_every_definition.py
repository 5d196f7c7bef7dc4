"""Whatever types and logic a survey is made of: it is drawn, read, stored, said again; page by page comes to the same as at once."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.reports.bases import asked_counts, deciders_in
from surveys.definitions import Definition, check, dump, estimated_minutes, gaps, is_satisfied_by, load, numbers_of, read_answers
from surveys.documents import split_by_question
from surveys.flow import complete_document, cut_pages, deciders_of, is_calculated, pipe_question, visible_questions
from surveys.protecting import protected_document
from surveys.queries.aggregates import Way
from surveys.types import Drawn, Question
from tests.definitions import OWN, answered, questions_of, surveys, typed_for

TODAY = date(2026, 11, 23)
patient = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def plain(text: str, **params: Any) -> str:
    return text % params if params else text


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


@patient
@given(surveys())
def test_what_the_builder_accepts_is_drawn_and_stored(definition: Definition) -> None:
    check(definition)
    assert load(dump(definition)) == definition
    assert estimated_minutes(definition) >= 1 and all(gap.code for gap in gaps(definition))
    assert [question for page in cut_pages(definition) for question in page] == definition.questions
    assert list(numbers_of(definition).values()) == list(range(1, len(numbers_of(definition)) + 1))
    for question in definition.questions:
        html = str(question.draw(Drawn(seed=3)))
        text = re.sub(r"<[^<>]*>", "", html)
        assert "<" not in text and ">" not in text
        assert len(question.columns()) == len(question.cells({}))


@patient
@given(answered())
def test_what_the_server_accepts_satisfies_the_definition(made: tuple[Definition, dict[str, list[str]]]) -> None:
    definition, form = made
    reading = read_answers(definition, form | {"stranger": ["x"]}, today=TODAY)
    for question_id, problem in reading.problems.items():
        question = definition.question(question_id)
        assert question is not None and all(question.explain(problem, plain))
    if reading.problems:
        return
    on_the_way = {question.id for question in visible_questions(definition, reading.answers, TODAY)}
    assert set(split_by_question(reading.answers)) <= on_the_way
    assert complete_document(definition, reading.answers, TODAY) == reading.answers
    stored = protected_document(definition, reading.answers, digest)
    assert is_satisfied_by(definition, stored, TODAY)
    again: dict[str, list[str]] = {}
    for question_id, entries in split_by_question(reading.answers).items():
        question = definition.question(question_id)
        assert question is not None and len(question.cells(entries)) == len(question.columns()) == len(question.codes(entries))
        if not is_calculated(question):
            again |= {f"{question_id}.{part}" if part else question_id: value for part, value in question.typed(entries).items()}
        assert isinstance(question.in_words(entries, plain), str)
        assert pipe_question(question, definition, reading.answers, plain).id == question_id
    assert read_answers(definition, again, today=TODAY).answers == reading.answers


@patient
@given(answered())
def test_page_by_page_comes_to_the_same_as_at_once(made: tuple[Definition, dict[str, list[str]]]) -> None:
    definition, form = made
    if any(gap.code not in ("required_unreachable", "question_unreachable") for gap in gaps(definition)):
        return
    whole = read_answers(definition, form, today=TODAY)
    document: dict[str, Any] = {}
    for page in cut_pages(definition):
        ids = {question.id for question in page}
        sent = {name: each for name, each in form.items() if name.partition(".")[0] in ids}
        reading = read_answers(definition, sent, today=TODAY, earlier=document, questions=page)
        document |= reading.answers
        if reading.problems:
            # Nobody comes further before these are mended.
            told = {question_id: problem.code for question_id, problem in whole.problems.items()}
            assert {question_id: problem.code for question_id, problem in reading.problems.items()}.items() <= told.items()
            return
    assert not whole.problems
    assert complete_document(definition, document, TODAY) == whole.answers


@patient
@given(surveys(), st.data())
def test_who_was_asked_follows_from_what_decides_alone(definition: Definition, data: st.DataObject) -> None:
    deciders = deciders_of(definition)
    if deciders is None:
        assert not any(question.show_if or question.skips for question in definition.questions)
        return
    form: dict[str, list[str]] = {}
    for question in definition.questions:
        form |= data.draw(typed_for(question))
    document = complete_document(definition, read_answers(definition, form, today=TODAY).answers, TODAY)
    known = {name: document[name] for name in deciders.values if name in document} | {name: True for name in deciders.presences if name in document}
    way = Way(1, TODAY if deciders.by_day else None, known, 3)
    expected = {question.id for question in visible_questions(definition, document, TODAY)}
    assert {question_id for (_, question_id), count in asked_counts({1: definition}, [way]).items() if count == 3} == expected
    assert set(deciders_in({1: definition})) == {1}


@pytest.mark.parametrize("kind", list(OWN), ids=lambda kind: kind.__name__)
def test_every_type_is_drawn_by_these_strategies(kind: type[Question]) -> None:
    found: list[Question] = []

    @settings(max_examples=5, deadline=None, database=None)
    @given(questions_of(kind, "q", []))
    def draw(question: Question) -> None:
        question.check()
        found.append(question)

    draw()
    assert all(type(each) is kind for each in found)
