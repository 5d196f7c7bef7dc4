"""Definitions and answers: what the editor accepts can be drawn, answered, stored and read back; nothing else gets in."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.definitions import (
    Definition,
    check,
    document_of,
    dump,
    dump_text,
    estimated_minutes,
    gaps,
    is_satisfied_by,
    load,
    load_text,
    read_answers,
    split_by_question,
)
from surveys.editing import add_question, delete_question, move_question, read_options
from surveys.protecting import protected_document
from surveys.types import (
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    DefinitionProblem,
    Drawn,
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
)
from surveys.types.ballots import Project
from surveys.types.date import EARLIEST, LATEST
from surveys.types.matrix import Row
from surveys.types.number import plain_number

TODAY = date(2026, 11, 23)

patient = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no defect of a rule."""

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=60)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True)
common = {"label": texts, "hint": texts, "required": st.booleans()}
options = st.lists(st.builds(Option, id=ids, label=texts, exclusive=st.booleans()), max_size=6, unique_by=lambda each: each.id)
plain_options = st.lists(st.builds(Option, id=ids, label=texts), max_size=6, unique_by=lambda each: each.id)
options_with_other = st.builds(
    lambda first, last: [*(each for each in first if each.id != last.id), last],
    options,
    st.builds(Option, id=ids, label=texts, exclusive=st.booleans(), other=st.booleans()),
)
rows = st.lists(st.builds(Row, id=ids, label=texts), max_size=6, unique_by=lambda each: each.id)
limits = st.none() | st.integers(1, 7)
numbers = st.none() | st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-1000, 1000).map(float)

days = st.none() | st.dates(EARLIEST, LATEST)
times = st.sampled_from(["", "08:00", "23:59"])
projects = st.lists(
    st.builds(Project, id=ids.filter(lambda each: each != "none"), label=texts, description=texts, cost=st.integers(0, 10**16), place=texts),
    max_size=5,
    unique_by=lambda each: each.id,
)


def every_type() -> st.SearchStrategy[Any]:
    fixed = {"id": st.just("q"), **common}
    return st.one_of(
        st.builds(Single, options=options_with_other, shuffle=st.booleans(), **fixed),
        st.builds(Multiple, options=options_with_other, shuffle=st.booleans(), min_choices=limits, max_choices=limits, **fixed),
        st.builds(YesNo, yes_label=texts, no_label=texts, unknown_label=texts, **fixed),
        st.builds(Nps, low_label=texts, high_label=texts, **fixed),
        st.builds(Matrix, options=options, rows=rows, shuffle=st.booleans(), **fixed),
        st.builds(Ranking, options=plain_options, most=limits, shuffle=st.booleans(), **fixed),
        st.builds(Neighbourhood, options=options, **fixed),
        st.builds(LongList, options=options, **fixed),
        st.builds(
            Rating, scale=st.integers(3, 10), style=st.sampled_from(["faces", "stars", "numbers"]), low_label=texts, high_label=texts, **fixed
        ),
        st.builds(Number, min=numbers, max=numbers, unit=texts, decimals=st.integers(0, 4), **fixed),
        st.builds(ShortText, max_length=st.integers(1, 500), **fixed),
        st.builds(LongText, max_length=st.integers(1, 10_000), **fixed),
        st.builds(Date, min=days, max=days, **fixed),
        st.builds(Time, min=times, max=times, **fixed),
        st.builds(Phone, **fixed),
        st.builds(NationalId, **fixed),
        st.builds(Consent, statement=texts, **fixed),
        st.builds(Upload, accepts_kinds=st.sampled_from(["photo", "photo_or_pdf"]), max_megabytes=st.integers(1, 20), **fixed),
        st.builds(Information, text=texts, **fixed),
        st.builds(Hidden, parameter=st.sampled_from(["", "poster"]), value=texts, allowed=st.lists(texts, max_size=3), **fixed),
        st.builds(Calculation, formula=st.sampled_from(["", "1 / 3", "2 +"]), decimals=st.integers(0, 4), **fixed),
        st.builds(Approval, projects=projects, none_label=texts, shuffle=st.booleans(), min_choices=limits, max_choices=limits, **fixed),
        st.builds(BallotRanking, projects=projects, none_label=texts, ranks=st.integers(1, 10), min_ranks=limits, **fixed),
        st.builds(Points, projects=projects, none_label=texts, points=st.integers(1, 1000), spend_all=st.booleans(), **fixed),
        st.builds(Knapsack, projects=projects, none_label=texts, budget=st.integers(0, 10**16), min_choices=limits, **fixed),
    )


QUESTIONS = every_type()
"""Made once: reading the fields of 25 types takes longer than drawing from them."""


def questions(question_id: str) -> st.SearchStrategy[Any]:
    return QUESTIONS.map(lambda question: msgspec.structs.replace(question, id=question_id))


@st.composite
def definitions(draw: Any) -> Definition:
    names = draw(st.lists(ids.filter(lambda each: each not in ("version", "errors", "main")), max_size=5, unique=True))
    return Definition(title=draw(texts), intro=draw(texts), questions=[draw(questions(name)) for name in names])


def values_for(question: Any) -> st.SearchStrategy[list[str]]:
    """Form values: sensible ones, and what a forged form may hold."""
    offered = [option.id for option in getattr(question, "options", [])] or ["1"]
    some_numbers = st.decimals(-2_000_000, 2_000_000, places=3).map(str) | st.integers(-9, 99).map(str)
    return st.lists(st.sampled_from(offered) | some_numbers | st.text(max_size=30), max_size=4)


@patient
@given(definitions())
def test_a_definition_survives_being_stored(definition: Definition) -> None:
    check(definition)
    assert load(dump(definition)) == definition
    assert load_text(dump_text(definition)) == definition
    assert load_text(("\ufeff" + dump_text(definition)).encode()) == definition


@patient
@given(definitions())
def test_every_definition_can_be_drawn_with_its_texts_escaped(definition: Definition) -> None:
    for question in definition.questions:
        html = str(question.draw(Drawn({"": ["<i>&\"'"]}, True, "x")))
        plain = re.sub(r"<[^<>]*>", "", html)
        assert "<" not in plain and ">" not in plain
        assert "<i>" not in html.replace("<i></i>", "")
        assert question.first_control in html or not question.asks or not getattr(question, "options", [1])
    assert estimated_minutes(definition) >= 1
    gaps(definition)


@patient
@given(st.data())
def test_answers_the_server_accepts_satisfy_the_definition(data: Any) -> None:
    definition = data.draw(definitions())
    typed = {question.id: data.draw(values_for(question)) for question in definition.questions}
    reading = read_answers(definition, typed | {"stranger": ["x"]}, today=TODAY)
    entries = split_by_question(reading.answers)
    assert set(entries) | set(reading.problems) <= {question.id for question in definition.questions}
    for question_id, problem in reading.problems.items():
        question = definition.question(question_id)
        assert question is not None and all(question.explain(problem, Drawn().translate))
    if not reading.problems:
        stored = protected_document(definition, reading.answers, lambda value: sha256(value.encode()).hexdigest()[:32])
        assert is_satisfied_by(definition, stored, TODAY)
        again: dict[str, list[str]] = {}
        for question in definition.questions:
            if question.id in entries:
                again |= document_of(question.id, question.typed(entries[question.id]))
            assert len(question.cells(entries.get(question.id, {}))) == len(question.columns())
        assert read_answers(definition, again, today=TODAY).answers == reading.answers


@patient
@given(definitions(), st.dictionaries(ids, st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=3) | st.floats()))
def test_checking_any_document_never_raises(definition: Definition, document: dict[str, Any]) -> None:
    is_satisfied_by(definition, document, TODAY)


@patient
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)))
def test_loading_anything_else_is_refused_with_a_code(raw: Any) -> None:
    with pytest.raises(DefinitionProblem):
        load({"format": 1, "title": "x", "questions": raw} if not isinstance(raw, list) else {"format": 2, "title": raw})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"format": 1}, "definition_malformed"),
        ({"format": 2, "title": "x"}, "definition_malformed"),
        ({"format": 1, "title": "x", "extra": 1}, "definition_malformed"),
        ({"format": 1, "title": "x" * 201}, "definition_text_too_long"),
        ({"format": 1, "title": "a\x00b"}, "definition_text_unreadable"),
        ({"format": 1, "title": "a\ud800b"}, "definition_text_unreadable"),
        ({"format": 1, "title": "x", "questions": [{"type": "rating", "id": "q", "label": "r", "scale": 11}]}, "scale_out_of_range"),
        ({"format": 1, "title": "x", "questions": [{"type": "rating", "id": "q", "label": "r", "scale": "5"}]}, "definition_malformed"),
        ({"format": 1, "title": "x", "questions": [{"type": "short_text", "id": "q 1", "label": "r"}]}, "question_id_malformed"),
        ({"format": 1, "title": "x", "questions": [{"type": "short_text", "id": "version", "label": "r"}]}, "question_id_repeated"),
        ({"format": 1, "title": "x", "questions": [{"type": "short_text", "id": "q", "label": "r"}] * 2}, "question_id_repeated"),
        ({"format": 1, "title": "x", "questions": [{"type": "number", "id": "q", "label": "r", "max": 1e300}]}, "number_limit_out_of_range"),
        (
            {"format": 1, "title": "x", "questions": [{"type": "single", "id": "q", "label": "r", "options": [{"id": "a", "label": "1"}] * 2}]},
            "option_id_repeated",
        ),
    ],
)
def test_contradictions_are_refused_by_name(raw: Any, code: str) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        load(raw)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe", "NaN"])
def test_files_that_are_no_definition_are_refused(text: str | bytes) -> None:
    with pytest.raises(DefinitionProblem):
        load_text(text)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", "12"),
        ("۱۲", "12"),
        ("١٢٫٥", "12.5"),
        ("१२", "12"),
        ("１２", "12"),
        ("۱٬۲۳۴٫۵", "1234.5"),
        ("1,234,567", "1234567"),
        ("۱۲/۵", "12.5"),
        (" \u200e\u2212۵ ", "-5"),
        ("+7", "7"),
        ("٫۵", "0.5"),
        ("12,5", None),
        ("1.2.3", None),
        ("1e5", None),
        ("nan", None),
        ("٫", None),
        ("دوازده", None),
        ("", None),
        ("1" * 50, None),
    ],
)
def test_numbers_in_every_script(typed: str, number: str | None) -> None:
    assert plain_number(typed) == (None if number is None else Decimal(number))


@patient
@given(st.text(max_size=40))
def test_reading_a_number_never_raises(typed: str) -> None:
    plain_number(typed)


def test_an_exclusive_option_stands_alone() -> None:
    question = Multiple(
        id="q", label="?", max_choices=2, options=[Option(id="a", label="1"), Option(id="b", label="2"), Option(id="n", label="0", exclusive=True)]
    )
    definition = Definition(title="t", questions=[question])
    assert read_answers(definition, {"q": ["b", "a"]}, today=TODAY).answers == {"q": ["a", "b"]}
    assert read_answers(definition, {"q": ["n"]}, today=TODAY).answers == {"q": ["n"]}
    assert read_answers(definition, {"q": ["n", "a"]}, today=TODAY).problems["q"].code == "exclusive_with_others"
    assert not is_satisfied_by(definition, {"q": ["n", "a"]}, TODAY)
    assert not is_satisfied_by(definition, {"q": ["b", "a"]}, TODAY)


def test_gaps_name_the_place() -> None:
    definition = Definition(title=" ", questions=[Single(id="a", label="?"), Number(id="b", label="", min=5, max=1)])
    found = [(gap.number, gap.code) for gap in gaps(definition)]
    assert found == [
        (0, "survey_without_title"),
        (1, "too_few_options"),
        (2, "question_without_label"),
        (2, "number_limits_contradict"),
    ]
    assert [gap.code for gap in gaps(Definition(title="t"))] == ["survey_has_no_question"]


@patient
@given(definitions(), st.sampled_from(["single", "multiple", "rating", "number", "short_text", "long_text"]))
def test_steps_of_the_editor_keep_a_definition_acceptable(definition: Definition, kind: str) -> None:
    longer, question_id = add_question(definition, kind)
    check(longer)
    moved = move_question(longer, question_id, -1)
    assert {each.id for each in moved.questions} == {each.id for each in longer.questions}
    assert move_question(longer, question_id, 1) == longer
    assert delete_question(moved, question_id) == definition


def test_options_keep_their_ids_when_lines_are_edited() -> None:
    before = read_options("یک\nدو\nسه", "نظری ندارم", [])
    assert [option.id for option in before] == ["a1", "a2", "a3", "a4"] and before[3].exclusive
    renamed = read_options("یک\nدوم\nسه", "نظری ندارم", before)
    assert [option.id for option in renamed] == ["a1", "a2", "a3", "a4"]
    swapped = read_options("سه\nیک\nتازه\nدو", "", before)
    assert [(option.id, option.label) for option in swapped] == [("a3", "سه"), ("a1", "یک"), ("a4", "تازه"), ("a2", "دو")]
    longer = read_options("یک\nدو\nسه\nچهار", "نظری ندارم", before)
    assert [option.id for option in longer] == ["a1", "a2", "a3", "a5", "a4"]


@patient
@given(st.text(max_size=80), st.text(max_size=40))
def test_option_ids_are_always_distinct(typed: str, exclusive: str) -> None:
    first = read_options(typed, exclusive, [])
    second = read_options(exclusive, typed, first)
    for found in (first, second):
        assert len({option.id for option in found}) == len(found)
