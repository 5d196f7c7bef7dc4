"""XPath of XLSForms and our expressions: each way, and there and back again."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.interchange.from_xpath import Known, from_xpath
from surveys.interchange.to_xpath import to_xpath
from surveys.interchange.xpath import XPathProblem, parse_xpath, written
from surveys.logic import Kind, Name, kind_of, parse, unparse

NAMES = {
    "one": Name(Kind.CHOICE, frozenset({"a1", "a2"})),
    "many": Name(Kind.CHOICES, frozenset({"a1", "a2"})),
    "age": Name(Kind.NUMBER),
    "born": Name(Kind.DATE),
    "said": Name(Kind.TEXT),
    "agreed": Name(Kind.TRUTH),
    "grid.r1": Name(Kind.CHOICE, frozenset({"c1"})),
}
FORMS = {name: name for name in NAMES}
KNOWN = {name: Known(name, kind, {option: option for option in kind.options} or {"yes": "yes", "no": "no"}) for name, kind in NAMES.items()}


@pytest.mark.parametrize(
    ("xpath", "ours"),
    [
        ("${one} = 'a1'", 'one = "a1"'),
        ("'a1' = ${one}", 'one = "a1"'),
        ("${one} != 'a1'", 'not one = "a1"'),
        ("selected(${many}, 'a2')", 'many has "a2"'),
        ("selected(${one}, 'a2')", 'one = "a2"'),
        ("not(selected(${many}, 'a1') or ${age} >= 18)", 'not (many has "a1" or age >= 18)'),
        ("${said} = ''", "not answered(said)"),
        ("${said} != ''", "answered(said)"),
        ("${many} and ${age}", "answered(many) and answered(age)"),
        ("count-selected(${many}) <= 2", "count(many) <= 2"),
        ("${born} <= today()", "born <= today()"),
        ("${born} > '2000-01-01'", 'born > date("2000-01-01")'),
        ("int((today() - ${born}) div 365.25) >= 18", "age(born) >= 18"),
        ("${age} * 2 div 3 - 1", "age * 2 / 3 - 1"),
        ("if(${agreed} = 'no', 1, 2)", 'if(agreed = "no", 1, 2)'),
        ("coalesce(${age}, 0)", "if(answered(age), age, 0)"),
        ("string-length(${said}) > 3", "length(said) > 3"),
        ("${grid.r1} = 'c1'", 'grid.r1 = "c1"'),
        (". >= -5", "age >= -5"),
    ],
)
def test_xpath_becomes_ours(xpath: str, ours: str) -> None:
    assert from_xpath(xpath, KNOWN, "age") == ours
    kind_of(parse(ours), NAMES)


@pytest.mark.parametrize(
    ("xpath", "code"),
    [
        ("regex(., '[0-9]+')", "xpath_regex"),
        ("${age} mod 2 = 0", "xpath_mod"),
        ("../age > 3", "xpath_path"),
        ("/data/age > 3", "xpath_path"),
        ("${gone} = 1", "xpath_name"),
        ("${one} = 'a9'", "xpath_option"),
        ("pulldata('x', 'y')", "xpath_function"),
        ("${age} >", "xpath_unreadable"),
        ("(" * 500 + "1" + ")" * 500, "xpath_long"),
        ("1 + " * 2000 + "1", "xpath_long"),
    ],
)
def test_what_cannot_be_said_is_told_by_a_code(xpath: str, code: str) -> None:
    with pytest.raises(XPathProblem) as found:
        from_xpath(xpath, KNOWN, "age")
    assert found.value.code == code


def test_a_dot_means_something_only_within_a_constraint() -> None:
    with pytest.raises(XPathProblem, match="xpath_self"):
        from_xpath(". > 1", KNOWN)


CHOICE = st.sampled_from(['one = "a1"', 'one != "a2"', 'many has "a1"', 'grid.r1 = "c1"', 'agreed = "yes"', 'agreed = "no"', "answered(said)"])
NUMBER = st.recursive(
    st.sampled_from(["age", "count(many)", "length(said)", "age(born)", "days_between(born, today())", "3", "0.5"]),
    lambda inner: st.builds(lambda sign, a, b: f"({a} {sign} {b})", st.sampled_from("+-*/"), inner, inner)
    | st.builds(lambda a, b: f"min({a}, {b})", inner, inner)
    | st.builds(lambda a: f"-({a})", inner),
    max_leaves=6,
)
COMPARED = st.builds(lambda a, sign, b: f"{a} {sign} {b}", NUMBER, st.sampled_from(["<", "<=", ">", ">=", "="]), NUMBER)
CONDITION = st.recursive(
    CHOICE | COMPARED | st.just('born >= date("2000-01-01")') | st.just('contains(said, "آب")'),
    lambda inner: st.builds(lambda a, word, b: f"({a}) {word} ({b})", inner, st.sampled_from(["and", "or"]), inner)
    | st.builds(lambda a: f"not ({a})", inner),
    max_leaves=8,
)


@given(CONDITION)
def test_ours_there_and_back_is_the_same_expression(ours: str) -> None:
    xpath = to_xpath(ours, NAMES, FORMS)
    assert from_xpath(xpath, KNOWN) == unparse(parse(ours))
    assert written(parse_xpath(xpath)) == xpath


@given(st.text(max_size=60) | st.text(alphabet="${}()ab.'\"=<>!+-*/, 0123456789", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(XPathProblem):
        parse(from_xpath(text, KNOWN, "age"))
