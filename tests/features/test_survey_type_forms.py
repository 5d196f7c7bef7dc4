"""The editor's form of every type: what it shows is what it saves, and what can't be read is said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask import Flask
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectField

from engage.persian import to_persian_digits
from surveys.forms import FORMS
from surveys.forms.ballots import read_money
from surveys.forms.question import SkipsField
from surveys.types import QUESTION_TYPES, Option, Question, Single
from surveys.types.ballots import MAX_RIALS, Project, toman
from surveys.types.base import MAX_OPTION
from tests import people
from tests.definitions import OWN, questions_of

KINDS = pytest.mark.parametrize("kind", list(FORMS), ids=lambda kind: kind.__name__)
MILLION, MILLIARD = 10**7, 10**10
"""Of toman, in rials"""


@pytest.fixture
def page(whole_app: Flask) -> Iterator[None]:
    with whole_app.test_request_context(), people.without_csrf(whole_app):
        yield


def sent_by(question: Any) -> MultiDict[str, str]:
    """What a browser sends of this question's form when nothing in it was touched."""
    form = FORMS[type(question)](formdata=None, prefix=f"{question.id}-")
    form.show(question)
    values: MultiDict[str, str] = MultiDict()
    for field in form:
        if isinstance(field, SkipsField):
            for skip in [*field.data, None]:
                values.add(f"{field.name}-when", skip.when if skip else "")
                values.add(f"{field.name}-to", skip.to if skip else "")
        elif isinstance(field, BooleanField):
            if field.data:
                values.add(field.name, "y")
        elif isinstance(field, SelectField | RadioField):
            values.add(field.name, str(field.data))
        else:
            # Browsers send the lines of a text area with CRLF.
            values.add(field.name, field._value().replace("\n", "\r\n"))
    return values


def read_back(question: Any, values: MultiDict[str, str]) -> Any:
    form = FORMS[type(question)](formdata=values, prefix=f"{question.id}-")
    assert form.validate(), form.errors
    return msgspec.structs.replace(question, **form.changes(question))


def faults(kind: type[Question], **typed: str) -> list[str]:
    """The sentences about what was typed into an otherwise untouched form."""
    question = kind(id="q1", label="چه می‌پسندید؟")
    values = sent_by(question)
    for name, text in typed.items():
        values[f"q1-{name}"] = text
    form = FORMS[kind](formdata=values, prefix="q1-")
    assert not form.validate()
    assert {field.short_name for field, _ in form.problems} == set(typed)
    return [to_persian_digits(words) for _, words in form.problems]


def test_every_type_has_its_form() -> None:
    assert set(FORMS) == set(QUESTION_TYPES.values()) == set(OWN)


@KINDS
def test_what_the_form_shows_is_what_it_saves(page: None, kind: type[Question]) -> None:
    @settings(max_examples=12, deadline=None, database=None)
    @given(questions_of(kind, "q2", [QUESTION_TYPES["number"](id="q1", label="چند؟")]))
    def untouched(question: Any) -> None:
        for name in ("options", "rows", "projects"):
            labels = [each.label for each in getattr(question, name, ())]
            assume(len(set(labels)) == len(labels))
        saved = read_back(question, sent_by(question))
        for name in question.__struct_fields__:
            before, after = getattr(question, name), getattr(saved, name)
            if name == "options":
                # An option with a text of its own goes behind the others, one that stands alone to the end: none is lost, none renamed.
                assert sorted(after, key=lambda each: each.id) == sorted(before, key=lambda each: each.id)
            else:
                assert after == before, name
        assert read_back(saved, sent_by(saved)) == saved

    untouched()


@KINDS
def test_a_new_question_is_saved_as_it_came(page: None, kind: type[Question]) -> None:
    question = kind(id="q1", label="")
    assert read_back(question, sent_by(question)) == question


@KINDS
def test_too_long_a_question_is_said_in_one_sentence(page: None, kind: type[Question]) -> None:
    (words,) = faults(kind, label="چ" * 501)
    assert "۵۰۰" in words


@pytest.mark.parametrize(
    ("kind", "name", "typed", "told"),
    [
        ("single", "options", "آ" * (MAX_OPTION + 1), "۳۰۰"),
        ("single", "options", "\n".join(f"گزینهٔ {n}" for n in range(301)), "۳۰۰"),
        ("single", "other", "آ" * (MAX_OPTION + 1), ""),
        ("multiple", "min_choices", "دو", ""),
        ("multiple", "max_choices", "۰", "۱"),
        ("ranking", "most", "۹۹", ""),
        ("matrix", "rows", "\n".join(f"سطر {n}" for n in range(501)), "۵۰۰"),
        ("long_list", "options", "\n".join(f"گزینهٔ {n}" for n in range(2001)), "۲٬۰۰۰"),
        ("rating", "scale", "11", ""),
        ("rating", "style", "hearts", ""),
        ("number", "min", "زیاد", ""),
        ("number", "max", "۹" * 30, ""),
        ("number", "decimals", "7", ""),
        ("short_text", "max_length", "", ""),
        ("long_text", "max_length", "صد", ""),
        ("date", "min", "۱۴۰۵/۱۳/۰۱", "۱۴۰۵/۰۹/۰۱"),
        ("date", "max", "۰۹۰۰/۰۱/۰۱", ""),
        ("time", "min", "۲۵:۰۰", "۱۴:۳۰"),
        ("consent", "statement", "آ" * 10_001, ""),
        ("upload", "accepts_kinds", "anything", ""),
        ("upload", "max_megabytes", "۱۰۰۰", ""),
        ("information", "text", "آ" * 100_000, ""),
        ("hidden", "parameter", "Poster!", "لاتین"),
        ("hidden", "allowed", "آ" * 1000, ""),
        ("calculation", "formula", "1 + " * 1000, ""),
        ("calculation", "result", "colour", ""),
        ("approval", "projects", "| ۲ میلیون", "۱"),
        ("approval", "projects", "بوستان\nروشنایی | گران", "۲"),
        ("approval", "projects", "\n".join(f"طرح {n}" for n in range(301)), ""),
        ("approval", "projects", "آ" * (MAX_OPTION + 1), "۱"),
        ("ballot_ranking", "ranks", "", ""),
        ("points", "points", "۰", ""),
        ("points", "most_each", "صد", ""),
        ("knapsack", "budget", "خیلی", "میلیارد"),
        ("knapsack", "min_choices", "-", ""),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(page: None, kind: str, name: str, typed: str, told: str) -> None:
    (words,) = faults(QUESTION_TYPES[kind], **{name: typed})
    assert told in words and any("آ" <= letter <= "ی" for letter in words), words
    assert "%" not in words and "\n" not in words


def test_an_option_keeps_its_id_wherever_its_line_goes(page: None) -> None:
    question = Single(
        id="q1",
        label="کدام؟",
        options=[Option(id="a1", label="روشنایی"), Option(id="a2", label="بوستان"), Option(id="a3", label="هیچ‌کدام", exclusive=True)],
    )
    values = sent_by(question)
    values["q1-options"] = "بوستان\r\n  روشنایی  \r\n\r\nآسفالت"
    values["q1-other"] = "چیز دیگر"
    saved = read_back(question, values)
    assert [(each.id, each.label) for each in saved.options[:2]] == [("a2", "بوستان"), ("a1", "روشنایی")]
    assert [each.label for each in saved.options] == ["بوستان", "روشنایی", "آسفالت", "چیز دیگر", "هیچ‌کدام"]
    assert [each.other for each in saved.options] == [False, False, False, True, False] and saved.options[-1].id == "a3"
    assert len({each.id for each in saved.options}) == 5


def test_a_project_line_says_name_cost_words_and_place(page: None) -> None:
    question = QUESTION_TYPES["approval"](id="q1", label="کدام طرح؟", projects=[Project(id="p1", label="بوستان محلی", cost=2 * MILLIARD)])
    values = sent_by(question)
    values["q1-projects"] = "روشنایی | ۶۴۰ میلیون تومان | چراغ کوچه‌ها | محلهٔ هرندی\r\nبوستان محلی | ۲ میلیارد تومان\r\nنیمکت"
    projects = read_back(question, values).projects
    assert [(each.label, each.cost, each.description, each.place) for each in projects] == [
        ("روشنایی", 640 * MILLION, "چراغ کوچه‌ها", "محلهٔ هرندی"),
        ("بوستان محلی", 2 * MILLIARD, "", ""),
        ("نیمکت", 0, "", ""),
    ]
    assert projects[1].id == "p1"


@pytest.mark.parametrize(
    ("typed", "rials"),
    [
        ("۶۴۰ میلیون تومان", 640 * MILLION),
        ("640 میلیون", 640 * MILLION),
        ("٦٤٠ ميليون تومان", 640 * MILLION),
        ("۶۴۰میلیون", 640 * MILLION),
        ("۱٫۲ میلیارد", 12 * MILLIARD // 10),
        ("1.2 میلیارد تومان", 12 * MILLIARD // 10),
        ("۲ هزار میلیارد تومان", 2000 * MILLIARD),
        ("۵۰۰٬۰۰۰ ریال", 500_000),
        ("۵۰۰,۰۰۰ تومان", 5_000_000),
        ("۵۰۰۰", 50_000),
        ("۰", 0),
        (" ۳ هزار‌تومان ", 30_000),
    ],
)
def test_money_is_read_as_people_write_it(typed: str, rials: int) -> None:
    assert read_money(typed) == rials


@pytest.mark.parametrize(
    "typed",
    ["", "گران", "تومان", "۵ دلار", "-۵ میلیون", "۵ میلیون ۳", "۵ تومان میلیون", "۱٫۵ ریال", "۰٫۰۵ تومان", "۹" * 20, "1e9", "۵ million"],
)
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert read_money(typed) is None


@given(st.integers(0, MAX_RIALS))
def test_an_amount_in_words_is_read_again(rials: int) -> None:
    assert read_money(toman(rials)) == rials
