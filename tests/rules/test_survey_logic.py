"""The expression language: every text is read or refused, whatever was read comes to a value, and it can be written down again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engage.persian import to_jalali
from surveys.logic import (
    FUNCTIONS,
    Expression,
    Kind,
    LogicProblem,
    Name,
    decide,
    evaluate,
    holds,
    kind_of,
    parse,
    unparse,
    written_name,
    written_text,
)
from surveys.logic.tree import KEYWORDS, PRECEDENCE, Call, Literal, Paired, Prefixed, Reference

TODAY = date(2026, 11, 23)

patient = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no defect of a rule."""

NAMES = {
    "one": Name(Kind.CHOICE, frozenset({"a", "b", "c"})),
    "other": Name(Kind.CHOICE, frozenset({"b", "c"})),
    "some": Name(Kind.CHOICES, frozenset({"a", "b", "c"})),
    "n": Name(Kind.NUMBER),
    "stars": Name(Kind.NUMBER, low=1, high=5),
    "words": Name(Kind.TEXT),
    "yes": Name(Kind.TRUTH),
    "day": Name(Kind.DATE),
    "hour": Name(Kind.TIME),
    "m.r1": Name(Kind.CHOICE, frozenset({"good", "bad"})),
    "12": Name(Kind.NUMBER),
}

# -- strategies ----------------------------------------------------------------------------------------------------------------------

WORDS = [*KEYWORDS, *FUNCTIONS, *NAMES, "{12}", '"a"', '"', "(", ")", ",", "=", "<", "<=", ">=", "!=", "+", "-", "*", "/", "1", "۲", "٫5", "…", "{", "q1.", "date("]
broken = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=30).map(" ".join)
"""Texts that are nearly expressions."""

literals = st.builds(
    Literal,
    st.booleans() | st.text(max_size=8) | st.decimals(0, 10**15 - 1, places=3, allow_nan=False).map(abs),
)
references = st.builds(Reference, st.sampled_from([*NAMES, "m", "unknown"]))


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    functions = [name for name in FUNCTIONS if name not in ("answered", "count", "date", "time")]
    return st.one_of(
        st.builds(Prefixed, st.sampled_from(["not", "-"]), inner),
        st.builds(Paired, st.sampled_from(list(PRECEDENCE)), inner, inner),
        st.builds(Call, st.sampled_from(["answered", "count"]), st.tuples(references)),
        st.builds(Call, st.just("date"), st.just((Literal("1405/09/01"),))),
        st.builds(Call, st.just("time"), st.just((Literal("9:30"),))),
        st.sampled_from(functions).flatmap(
            lambda name: st.builds(
                Call, st.just(name), st.lists(inner, min_size=FUNCTIONS[name][0], max_size=min(FUNCTIONS[name][1], 3)).map(tuple)
            )
        ),
    )


expressions = st.builds(Expression, st.recursive(literals | references, larger, max_leaves=12))

raw_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**6000),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["a", "b", "yes", "no", "2026-11-23", "2026-02-30", "14:05", "\u0000", "1405/01/01"]),
    st.lists(st.text(max_size=3) | st.integers(), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
documents = st.dictionaries(st.sampled_from([*NAMES, "m", "m.r2", "", ".", "x."]) | st.text(max_size=5), raw_values, max_size=8)
days = st.dates(date(1, 1, 1), date(9999, 12, 31)) | st.just(TODAY)

# -- laws ----------------------------------------------------------------------------------------------------------------------------


@patient
@given(st.text(max_size=60) | broken)
@example("(" * 4000)
@example("not " * 1000)
@example("-" * 4000)
@example("1" + "+1" * 1999)
@example('"' + "\\" * 3999)
@example("{" * 4000)
@example("if(" * 1300)
@example("x" * 5000)
@example("٣" * 4000)
def test_any_text_is_an_expression_or_refused_with_a_code(text: str) -> None:
    found = _parsed(text)
    if isinstance(found, LogicProblem):
        assert found.code and 0 <= found.position <= len(text)
    else:
        assert parse(unparse(found)) == found


@patient
@given(st.one_of(expressions, broken), documents, days)
def test_every_expression_comes_to_a_value_for_every_document(written: Expression | str, document: dict[str, Any], today: date) -> None:
    expression = _parsed(written) if isinstance(written, str) else written
    if isinstance(expression, LogicProblem):
        assert not holds(str(written), document, today)
        return
    value = evaluate(expression, document, today)
    assert value is None or isinstance(value, Decimal | str | bool | date | tuple)
    if isinstance(value, Decimal):
        assert value.is_finite()
    assert evaluate(expression, document, today) == value


def _parsed(text: str) -> Expression | LogicProblem:
    try:
        return parse(text)
    except LogicProblem as problem:
        return problem


def _kind(expression: Expression) -> Kind | LogicProblem:
    try:
        return kind_of(expression, NAMES)
    except LogicProblem as problem:
        return problem


@patient
@given(expressions)
def test_what_is_written_down_is_read_as_the_same(expression: Expression) -> None:
    text = unparse(expression)
    assert parse(text) == expression
    assert unparse(parse(text)) == text


@patient
@given(expressions)
def test_a_kind_is_found_or_refused_with_a_code(expression: Expression) -> None:
    kind = _kind(expression)
    if isinstance(kind, LogicProblem):
        assert kind.code
    else:
        assert kind in Kind
        assert set(expression.names) <= {*NAMES, "m"}


typed_documents = st.fixed_dictionaries(
    {},
    optional={
        "one": st.sampled_from("abc"),
        "other": st.sampled_from("bc"),
        "some": st.lists(st.sampled_from("abc"), min_size=1, unique=True),
        "n": st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12),
        "stars": st.integers(1, 5),
        "words": st.text(min_size=1, max_size=6),
        "yes": st.sampled_from(["yes", "no"]),
        "day": st.dates().map(str),
        "hour": st.times().map(lambda each: f"{each:%H:%M}"),
        "m.r1": st.sampled_from(["good", "bad"]),
        "12": st.integers(0, 9),
    },
)
OF_KIND: dict[Kind, type | tuple[type, ...]] = {
    Kind.NUMBER: Decimal,
    Kind.TRUTH: (bool, str),
    Kind.TEXT: str,
    Kind.CHOICE: str,
    Kind.CHOICES: tuple,
    Kind.DATE: (date, str),
    Kind.TIME: str,
}


def conditions() -> st.SearchStrategy[str]:
    """Conditions that make sense."""
    numbers = st.recursive(
        st.sampled_from(["n", "stars", "{12}", "1", "2.5", "3", "count(some)", "length(words)", "age(day)", "days_between(day, today())"]),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner)
        | st.builds("round({}, 1)".format, inner)
        | st.builds("max({}, {})".format, inner, inner),
        max_leaves=4,
    )
    atoms = st.one_of(
        st.builds("{} {} {}".format, numbers, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), numbers),
        st.builds('one {} "{}"'.format, st.sampled_from(["=", "!=", "has"]), st.sampled_from("abc")),
        st.builds('some has "{}"'.format, st.sampled_from("abc")),
        st.builds("answered({})".format, st.sampled_from(["one", "some", "n", "words", "m", "m.r1"])),
        st.sampled_from(
            ["yes", 'yes = "no"', "yes = true", 'm.r1 = "good"', "one = other", 'hour < time("12:00")', 'day >= date("1405/01/01")', 'contains(words, "a")']
        ),
        st.builds("stars {} {}".format, st.sampled_from(["<", ">", "=", ">=", "<=", "!="]), st.sampled_from(["0", "1", "3", "4.5", "5", "6"])),
    )
    return st.recursive(
        atoms,
        lambda inner: st.builds("({} and {})".format, inner, inner) | st.builds("({} or {})".format, inner, inner) | st.builds("not ({})".format, inner),
        max_leaves=6,
    )


@patient
@given(expressions | conditions().map(parse), typed_documents)
def test_a_value_is_of_the_kind_that_was_promised(expression: Expression, document: dict[str, Any]) -> None:
    kind = _kind(expression)
    if isinstance(kind, LogicProblem):
        return
    value = evaluate(expression, document, TODAY)
    assert value is None or isinstance(value, OF_KIND[kind])


@settings(patient, max_examples=400)
@given(conditions(), typed_documents)
def test_what_is_called_impossible_never_happens(text: str, document: dict[str, Any]) -> None:
    assert kind_of(parse(text), NAMES) is Kind.TRUTH
    verdict = decide(parse(text), NAMES)
    assert verdict.can_hold or verdict.can_fail
    assert verdict.can_hold if holds(text, document, TODAY) else verdict.can_fail


@patient
@given(st.text(max_size=20), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,39})?", fullmatch=True))
def test_any_text_and_any_id_can_be_written_into_an_expression(text: str, name: str) -> None:
    expression = parse(f"{written_name(name)} = {written_text(text)}")
    assert expression == Expression(Paired("=", Reference(name), Literal(text)))


@pytest.mark.parametrize("text", ["1" + "+1" * 400, "(" * 100 + "1" + ")" * 100, "not " * 100 + "true", "min(" * 60 + "1" + ")" * 60])
def test_what_is_too_deep_or_too_long_is_refused_at_once(text: str) -> None:
    with pytest.raises(LogicProblem) as refused:
        parse(text)
    assert refused.value.code == "expression_too_complex"


# -- examples ------------------------------------------------------------------------------------------------------------------------

DOCUMENT = {"one": "a", "some": ["a", "c"], "n": 12.5, "words": "آبِ پاك", "yes": "yes", "day": "1990-03-21", "hour": "14:05", "m.r1": "good", "12": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) × 3", 9),
        ("7 - 2 - 1", 4),
        ("۱۲٫۵ ÷ 2", Decimal("6.25")),
        ("--2", 2),
        ("1 / 0", None),
        ("n / (n - n)", None),
        ("999999999999999 * 999999999999999", None),
        ("0.1 + 0.2 = 0.3", True),
        ("not false and false", False),
        ("true or false and false", True),
        ("not (true and false)", True),
        ('one = "a"', True),
        ('one != "b"', True),
        ('some has "c"', True),
        ('some has "b"', False),
        ('one has "a"', True),
        ("count(some)", 2),
        ("count(m)", 1),
        ("count(missing)", 0),
        ("answered(m) and answered(m.r1) and not answered(m.r2)", True),
        ("missing > 1 or missing <= 1 or missing = 1 or missing != 1", False),
        ("missing + 1", None),
        ("not missing", True),
        ("{12} ≥ 3", True),
        ("n > 12 and n < 13", True),
        ("length(words)", 7),
        ('contains(words, "پاک")', True),
        ('starts_with(words, "اب")', False),
        ('starts_with(words, "آب")', True),
        ("round(2.5)", 3),
        ("round(-2.345, 2)", Decimal("-2.35")),
        ("round(1, 9)", None),
        ("min(3, missing, 2)", 2),
        ("max(missing)", None),
        ('if(yes, "بله", "نه")', "بله"),
        ("if(missing, 1, 2)", 2),
        ("today()", TODAY),
        ('date("1405/09/02") = today()', True),
        ('date("2026-11-23") = today()', True),
        ("day < today()", True),
        ('hour >= time("۹:۳۰")', True),
        ("days_between(day, today())", (TODAY - date(1990, 3, 21)).days),
        ("age(day)", 36),
        ("age(1370)", 35),
        ("age(1990)", 36),
        ("age(1410)", None),
        ("yes = true", True),
        ('yes = "yes"', True),
    ],
)
def test_what_expressions_come_to(text: str, value: Any) -> None:
    assert evaluate(parse(text), DOCUMENT, TODAY) == value


def test_a_birthday_counts_from_its_day_on() -> None:
    born = date(2000, 11, 23)
    expression = parse("age(day)")
    _, month, day = to_jalali(born)
    birthday = next(each for each in (TODAY - timedelta(days=n) for n in range(370)) if to_jalali(each)[1:] == (month, day))
    on, before = (evaluate(expression, {"day": str(born)}, each) for each in (birthday, birthday - timedelta(days=1)))
    assert isinstance(on, Decimal) and isinstance(before, Decimal)
    assert on - before == 1


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "expression_empty", 0),
        ("  \n", "expression_empty", 0),
        ("one =", "expression_unfinished", 5),
        ("one = = 1", "expression_unexpected", 6),
        ("1 < n < 3", "expression_unexpected", 6),
        ("(1", "expression_unfinished", 2),
        ("1)", "expression_unexpected", 1),
        ('one = "a', "expression_quote_open", 6),
        ("one ؟ 1", "expression_character", 4),
        ("one; drop", "expression_character", 3),
        ("{q 1} = 1", "expression_name_malformed", 0),
        ("12abc", "expression_number_malformed", 0),
        ("1234567890123456", "expression_number_malformed", 0),
        ("1e5", "expression_number_malformed", 0),
        ("eval(1)", "function_unknown", 0),
        ("__import__(1)", "function_unknown", 0),
        ("round()", "argument_count", 0),
        ("answered(1)", "argument_no_name", 0),
        ('date("۱۴۰۴/۱۲/۳۰")', "expression_date_malformed", 0),
        ("date(day)", "expression_date_malformed", 0),
        ('time("25:00")', "expression_time_malformed", 0),
        ("a" * 4001, "expression_too_long", 4000),
    ],
)
def test_what_is_no_expression_is_refused_at_its_place(text: str, code: str, position: int) -> None:
    with pytest.raises(LogicProblem) as refused:
        parse(text)
    assert (refused.value.code, refused.value.position) == (code, position)


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("gone = 1", "name_unknown", "gone"),
        ("answered(gone)", "name_unknown", "gone"),
        ('m = "good"', "name_has_parts", "m"),
        ('one = "z"', "option_unknown", "z"),
        ('some has "z"', "option_unknown", "z"),
        ('yes = "perhaps"', "option_unknown", "perhaps"),
        ("one = 1", "option_expected", "1"),
        ("one = words", "option_expected", "words"),
        ('some = "a"', "choices_compared", "="),
        ('one < "b"', "kinds_differ", "<"),
        ("one < other", "order_undefined", "<"),
        ("words > words", "order_undefined", ">"),
        ("n = words", "kinds_differ", "="),
        ('day = "1405/09/01"', "kinds_differ", "="),
        ("n + words", "number_expected", "words"),
        ("not n", "condition_expected", "n"),
        ("yes and n", "condition_expected", "n"),
        ("length(n)", "text_expected", "n"),
        ("days_between(n, day)", "date_expected", "n"),
        ("age(words)", "date_expected", "words"),
        ("count(words)", "choices_expected", "words"),
        ('words has "a"', "choices_expected", "words"),
        ('if(yes, 1, "a")', "kinds_differ", "if"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_word_it_is_about(text: str, code: str, detail: str) -> None:
    with pytest.raises(LogicProblem) as refused:
        kind_of(parse(text), NAMES)
    assert (refused.value.code, refused.value.detail) == (code, detail)


@pytest.mark.parametrize(
    ("text", "can_hold", "can_fail"),
    [
        ("true", True, False),
        ("1 > 2", False, True),
        ('one = "a" and one = "b"', False, True),
        ('one = "a" or one != "a"', True, True),
        ('one = "a" and not answered(one)', False, True),
        ('some has "a" and count(some) > 3', False, True),
        ('some has "a" and some has "b"', True, True),
        ("stars > 5", False, True),
        ("stars >= 1 or not answered(stars)", True, False),
        ("n > 5 and n < 3", False, True),
        ("n > 3 and n < 5", True, True),
        ("one = other and other = \"b\" and one = \"c\"", False, True),
        ('words = "a" and words = "b"', False, True),
        ("n + 1 = n", True, True),
    ],
)
def test_contradictions_are_found_by_trying(text: str, can_hold: bool, can_fail: bool) -> None:
    verdict = decide(parse(text), NAMES)
    assert (verdict.can_hold, verdict.can_fail) == (can_hold, can_fail)


def test_names_are_found_wherever_they_stand() -> None:
    assert set(parse('if(answered(q1), q5.r1 + {q-2}, -q3) > 1 and not (q1 = "q9")').names) == {"q1", "q5.r1", "q-2", "q3"}
