"""Types answered by one typed value, and those nobody answers: any writing is read, nothing else gets in."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.persian import format_jalali, from_jalali, to_jalali, to_persian_digits
from surveys.definitions import Definition, dump, is_satisfied_by, load, read_answers
from surveys.logic import LogicProblem, kind_of, parse
from surveys.protecting import protected_document
from surveys.types import (
    AnswerProblem,
    Calculation,
    Consent,
    Date,
    DefinitionProblem,
    Drawn,
    Hidden,
    Information,
    NationalId,
    Phone,
    Time,
    Upload,
)
from surveys.types.date import EARLIEST, LATEST, day_typed
from surveys.types.national_id import national_id
from surveys.types.time import time_typed
from surveys.types.typed import plain_typed

patient = settings(max_examples=150, deadline=None)
TODAY = date(2026, 11, 23)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
NAUGHTY = ["<script>alert(1)</script>", "\u202e12/9/1405", "'; DROP TABLE response; --", "\x00", "\ud800", "۱" * 5000, "null", "1/0", "²", "Ⅷ", "12٬345", "{{7*7}}"]


def spoken(problem: AnswerProblem, question: Any) -> tuple[str, str]:
    found: tuple[str, str] = question.explain(problem, Drawn().translate)
    return found


def read(question: Any, sent: dict[str, list[str]]) -> tuple[Any, AnswerProblem | None]:
    try:
        return question.read(sent), None
    except AnswerProblem as problem:
        return {}, problem


def digest(text: str) -> str:
    return hashlib.sha256(b"test" + text.encode()).hexdigest()[:32]


# -- dates -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("۱۴۰۵/۹/۲", date(2026, 11, 23)),
        ("1405-09-02", date(2026, 11, 23)),
        ("١٤٠٥.٩.٢", date(2026, 11, 23)),
        ("05/9/2", date(2026, 11, 23)),
        ("۸۴/۱/۱", date(2005, 3, 21)),
        ("2/9/1405", date(2026, 11, 23)),
        ("14050902", date(2026, 11, 23)),
        ("۱۴۰۵ ۹ ۲", date(2026, 11, 23)),
        ("۱۴۰۵ / ۹ / ۲", date(2026, 11, 23)),
        ("۲ آذر ۱۴۰۵", date(2026, 11, 23)),
        ("\u200f۱۴۰۵/۹/۲\u200e", date(2026, 11, 23)),
        ("2026-11-23", date(2026, 11, 23)),
        ("2026/1/5", date(2026, 1, 5)),
        ("1404/12/30", None),
        ("1405/13/1", None),
        ("03/04/2026", None),
        ("1405/9", None),
        ("دیروز", None),
        ("1e5", None),
        ("0/0/0", None),
    ],
)
def test_dates_in_many_writings(typed: str, day: date | None) -> None:
    assert day_typed(plain_typed(typed)) == day


def test_a_year_of_two_digits_is_of_the_century_that_fits() -> None:
    assert day_typed("25/1/1") == from_jalali(1425, 1, 1)
    assert Date(id="q", label="?", max=TODAY).read({"": ["25/1/1"]}) == {"": from_jalali(1325, 1, 1).isoformat()}


@patient
@given(st.dates(EARLIEST, LATEST), st.sampled_from(["/", "-", ".", " ", "،"]), st.sampled_from([str, to_persian_digits, lambda text: text.translate(ARABIC)]))
def test_every_day_is_read_in_every_script_and_shown_as_it_can_be_read_again(day: date, apart: str, script: Any) -> None:
    question = Date(id="q", label="?")
    year, month, number = to_jalali(day)
    entries = question.read({"": [script(f"{year}{apart}{month}{apart}{number}")]})
    assert entries == {"": day.isoformat()}
    assert question.accepts(entries)
    assert question.read(question.typed(entries)) == entries
    assert question.in_words(entries, Drawn().translate) == format_jalali(day)


def test_days_out_of_range_are_refused_and_said_in_jalali() -> None:
    question = Date(id="q", label="?", min=from_jalali(1405, 1, 1), max=from_jalali(1405, 12, 29))
    assert question.read({"": ["۱۴۰۵/۱۲/۲۹"]})
    with pytest.raises(AnswerProblem) as refused:
        question.read({"": ["1406/1/1"]})
    assert "۱ فروردین ۱۴۰۶" in spoken(refused.value, question)[1]
    assert not question.accepts({"": "2027-03-21"})
    assert load(dump(Definition(title="t", questions=[question]))).questions == [question]
    assert Date(id="q", label="?", min=date(2026, 1, 2), max=date(2026, 1, 1)).gaps() == ["date_limits_contradict"]
    with pytest.raises(DefinitionProblem):
        Date(id="q", label="?", min=date(1, 1, 1)).check()


# -- times -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        ("۱۴:۰۵", "14:05"),
        ("9:5", "09:05"),
        ("9", "09:00"),
        ("0930", "09:30"),
        ("930", "09:30"),
        ("۹٫۳۰", "09:30"),
        ("00:00", "00:00"),
        ("23:59", "23:59"),
        ("24:00", None),
        ("12:60", None),
        ("-1:00", None),
        ("12:30:15", None),
        ("", None),
        ("ظهر", None),
    ],
)
def test_times_in_many_writings(typed: str, time: str | None) -> None:
    assert time_typed(plain_typed(typed)) == time


@patient
@given(st.times())
def test_every_time_is_read_and_shown_as_it_can_be_read_again(at: Any) -> None:
    question = Time(id="q", label="?")
    entries = question.read({"": [to_persian_digits(f"{at:%H:%M}")]})
    assert entries == {"": f"{at:%H:%M}"} and question.accepts(entries) and question.read(question.typed(entries)) == entries


def test_times_keep_within_their_limits() -> None:
    question = Time(id="q", label="?", min="08:00", max="14:30")
    assert question.read({"": ["8"]}) == {"": "08:00"}
    for typed in ("7:59", "14:31"):
        with pytest.raises(AnswerProblem):
            question.read({"": [typed]})
    assert not question.accepts({"": "07:59"}) and not question.accepts({"": "8:00"}) and not question.accepts({"": "۰۸:۰۰"})
    assert Time(id="q", label="?", min="15:00", max="14:00").gaps() == ["time_limits_contradict"]
    with pytest.raises(DefinitionProblem):
        Time(id="q", label="?", min="8").check()


# -- phones and national ids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["۰۹۱۲۱۲۳۴۵۶۷", "0912 123 4567", "+98-912-1234567", "٠٩١٢١٢٣٤٥٦٧", "9121234567", "00989121234567"])
def test_a_mobile_number_is_stored_in_one_writing(typed: str) -> None:
    question = Phone(id="q", label="?")
    entries = question.read({"": [typed]})
    assert entries == {"": "+989121234567"} and question.accepts(entries)
    assert question.read(question.typed(entries)) == entries
    assert question.typed(entries) == {"": ["۰۹۱۲۱۲۳۴۵۶۷"]}
    assert Phone.reveals


@pytest.mark.parametrize("typed", ["0912123456", "02112345678", "+14155550123", "09121234567 و 09351234567", "سلام", "09121234567890"])
def test_what_is_no_single_mobile_number_is_refused_with_words(typed: str) -> None:
    question = Phone(id="q", label="?")
    with pytest.raises(AnswerProblem) as refused:
        question.read({"": [typed]})
    assert all(spoken(refused.value, question))
    assert not question.accepts({"": typed}) and not question.accepts({"": "09121234567"})


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0010350829", "0010350829"),
        ("۰۰۱-۰۳۵۰۸۲-۹", "0010350829"),
        ("10350829", "0010350829"),
        ("0084575948", "0084575948"),
        ("1111111111", None),
        ("0000000000", None),
        ("0010350828", None),
        ("1035082", None),
        ("001035082x", None),
        ("00103508290", None),
    ],
)
def test_national_ids_are_checked(typed: str, found: str | None) -> None:
    assert national_id(plain_typed(typed)) == found


@patient
@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(0, 9), st.integers(0, 8))
def test_one_last_digit_fits_and_a_slip_in_one_digit_is_noticed(nine: str, other: int, place: int) -> None:
    fitting = [digit for digit in "0123456789" if national_id(nine + digit)]
    if len(set(nine)) == 1 and not fitting:
        return
    assert len(fitting) == 1
    whole = nine + fitting[0]
    changed = whole[:place] + str(other) + whole[place + 1 :]
    # The remainders 1 and 10 have the same check digit; every other slip is noticed.
    assert changed == whole or fitting[0] == "1" or national_id(changed) is None


def test_a_national_id_is_never_stored_readable() -> None:
    question = NationalId(id="q", label="?")
    assert question.warnings() == ["national_id_by_sms"]
    definition = Definition(title="t", questions=[question])
    reading = read_answers(definition, {"q": ["۰۰۱۰۳۵۰۸۲۹"]}, today=TODAY)
    assert not is_satisfied_by(definition, reading.answers, TODAY)
    stored = protected_document(definition, reading.answers, digest)
    assert stored == {"q": digest("0010350829")}
    assert is_satisfied_by(definition, stored, TODAY)
    assert protected_document(definition, stored, digest) == stored
    again = {f"q.{part}": values for part, values in question.typed({"": stored["q"]}).items()}
    assert read_answers(definition, again, today=TODAY).answers == stored
    html = str(question.draw(Drawn(question.typed({"": stored["q"]}))))
    assert "0010350829" not in html and 'name="q.kept"' in html
    assert read_answers(definition, {**again, "q": ["0084575948"]}, today=TODAY).answers == {"q": "0084575948"}
    assert question.in_words({"": stored["q"]}, Drawn().translate) == ""


def test_expressions_can_ask_for_a_national_id_but_not_look_into_it() -> None:
    names = {"q": NationalId(id="q", label="?").names()[""]}
    kind_of(parse("answered(q)"), names)
    for text in ('q = "0010350829"', 'starts_with(q, "001")', "length(q) > 1"):
        with pytest.raises(LogicProblem):
            kind_of(parse(text), names)


# -- ticks, files, texts, values nobody types -------------------------------------------------------------------------------


def test_a_consent_is_its_exact_text_and_a_tick() -> None:
    question = Consent(id="q", label="رضایت", statement="می‌پذیرم که <b>شماره‌ام</b> نگه داشته شود.", required=True)
    definition = Definition(title="t", questions=[question])
    assert read_answers(definition, {}, today=TODAY).problems["q"].code == "answer_missing"
    assert read_answers(definition, {"q": ["yes"]}, today=TODAY).answers == {"q": "yes"}
    assert read_answers(definition, {"q": ["no"]}, today=TODAY).problems["q"].code == "option_unknown"
    assert not question.accepts({"": "no"}) and not question.accepts({"": True})
    assert "&lt;b&gt;شماره‌ام&lt;/b&gt;" in question.draw(Drawn())
    assert 'id="q.yes"' in question.draw(Drawn()) and question.first_control == "q.yes"
    assert Consent(id="q", label="x").gaps() == ["consent_without_statement"]


def test_an_upload_is_a_name_nobody_can_guess() -> None:
    question = Upload(id="q", label="?")
    slug = "A" * 22
    assert question.read({"": [slug]}) == {"": slug}
    assert question.read({"": [slug], "drop": ["1"]}) == {}
    assert question.takes_files and question.reveals
    for typed in ("../../etc/passwd", "A" * 21, "<b>"):
        with pytest.raises(AnswerProblem):
            question.read({"": [typed]})
        assert typed not in question.draw(Drawn({"": [typed]}))
    for code in ("file_too_large", "file_kind", "file_empty", "file_unknown"):
        assert all(spoken(AnswerProblem(code), question))
    assert f'value="{slug}"' in question.draw(Drawn({"": [slug]}))


def test_information_takes_no_answer() -> None:
    question = Information(id="q", label="", text="یک\n\nدو <script>")
    assert question.draw(Drawn()) == "<p>یک</p>\n<p>دو &lt;script&gt;</p>"
    assert question.read({"": ["x"]}) == {} and not question.accepts({"": "x"}) and question.columns() == question.cells({}) == question.tallies() == []
    assert not question.asks and question.gaps() == []
    assert Information(id="q", label="").gaps() == ["information_empty"]


def test_a_hidden_value_is_fixed_or_what_the_link_may_say() -> None:
    fixed = Hidden(id="q", label="?", value="بازار")
    assert fixed.read({"": ["forged"]}) == {"": "بازار"} and fixed.accepts({"": "بازار"}) and not fixed.accepts({"": "forged"})
    free = Hidden(id="q", label="?", parameter="poster")
    assert free.read({"": [" a  b "]}) == {"": "a b"} and free.read({"": ["x" * 101]}) == {} and free.read({"": ["\x00"]}) == {}
    listed = Hidden(id="q", label="?", parameter="poster", allowed=["bazaar", "park"], value="web")
    assert [listed.read({"": [said]})[""] for said in ("park", "moon", "")] == ["park", "web", "web"]
    assert listed.accepts({"": "web"}) and not listed.accepts({"": "moon"})
    assert '"><script>' not in str(free.draw(Drawn({"": ['"><script>']})))
    with pytest.raises(DefinitionProblem):
        Hidden(id="q", label="?", parameter="a b").check()


@pytest.mark.parametrize(
    ("value", "decimals", "stored"),
    [(Decimal("2.345"), 2, 2.35), (Decimal("-2.345"), 2, -2.35), (Decimal(4), 2, 4), (Decimal("1.5"), 0, 2), (None, 2, None), (True, 2, None), ("x", 2, None)],
)
def test_a_calculation_is_rounded_as_people_do(value: Any, decimals: int, stored: Any) -> None:
    question = Calculation(id="q", label="?", formula="1", decimals=decimals)
    entries = question.entries_of(value)
    assert entries == ({} if stored is None else {"": stored})
    assert not entries or question.accepts(entries)


def test_calculations_are_filled_in_on_the_way() -> None:
    raw = {
        "format": 1,
        "title": "t",
        "questions": [
            {"type": "number", "id": "a", "label": "a"},
            {"type": "calculation", "id": "third", "label": "b", "formula": "a / 3"},
            {"type": "calculation", "id": "word", "label": "c", "formula": 'if(a > 5, "زیاد", "کم")', "result": "text"},
        ],
    }
    definition = load(raw)
    found = read_answers(definition, {"a": ["۱۰"], "third": ["99"]}, today=TODAY).answers
    assert found == {"a": 10, "third": 3.33, "word": "زیاد"}
    assert is_satisfied_by(definition, found, TODAY) and not is_satisfied_by(definition, found | {"third": 99}, TODAY)


# -- whatever is sent ------------------------------------------------------------------------------------------------------

QUESTIONS = [
    Date(id="q", label="?"),
    Time(id="q", label="?"),
    Phone(id="q", label="?"),
    NationalId(id="q", label="?"),
    Consent(id="q", label="?", statement="x"),
    Upload(id="q", label="?"),
    Information(id="q", label="?"),
    Hidden(id="q", label="?", parameter="p"),
    Calculation(id="q", label="?"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: type(each).__name__)
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["", "kept", "drop", "x"]), st.lists(st.text(max_size=80) | st.sampled_from(NAUGHTY), max_size=3), max_size=3))
def test_whatever_arrives_is_read_or_refused_and_drawn_escaped(question: Any, given_values: dict[str, list[str]]) -> None:
    entries, problem = read(question, given_values)
    assert problem is None or all(spoken(problem, question))
    assert not entries or question.accepts(question.protected(entries, digest))
    assert len(question.cells(entries)) == len(question.columns())
    html = str(question.draw(Drawn(given_values, True, "x")))
    assert not [text for values in given_values.values() for text in values if set(text) & set("<>\"'&") and len(text) > 3 and text in html]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: type(each).__name__)
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["", "kept", "x"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2), max_size=2))
def test_accepting_never_raises(question: Any, entries: dict[str, Any]) -> None:
    if question.accepts(entries):
        question.in_words(entries, Drawn().translate)
