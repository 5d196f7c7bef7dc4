"""Typed fields: every writing of a value reads to one value, and nothing is guessed."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.custom_values import (
    CUSTOM_PROBLEMS,
    CustomKind,
    guess_kind,
    reader_for,
    show_value,
    write_value,
)
from engage import persian

SCRIPTS = st.sampled_from([str, persian.to_persian_digits, lambda s: s.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("۱۲٫۵", 12.5), ("١٢٫٥", 12.5), ("12.50", 12.5), ("12/5", 12.5), ("1,234", 1234), ("۱٬۲۳۴٬۵۶۷", 1234567), ("12 500", 12500), ("1.0", 1),
        (".5", 0.5), ("-5", -5), ("−۵", -5), ("5-", -5), ("+7", 7), ("‏۷‎", 7), ("007", 7), ("1.5e-07", 1.5e-07), ("0", 0), ("'12", 12),
    ],
)  # fmt: skip
def test_numbers(text, value):
    read, problem = reader_for("number")(text)
    assert (read, type(read), problem) == (value, type(value), None)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("number", "abc", "custom_number_invalid"),
        ("number", "1,5", "custom_number_invalid"),
        ("number", "12,34,567", "custom_number_invalid"),
        ("number", "nan", "custom_number_invalid"),
        ("number", "9.12E+09", "custom_number_digits_lost"),
        ("number", "۱۲۳۴۵۶۷۸۹۰۱۲۳۴۵۶", "custom_number_digits_lost"),
        ("date", "1404/12/30", "custom_date_invalid"),
        ("date", "2023-02-29", "custom_date_invalid"),
        ("date", "12/5", "custom_date_invalid"),
        ("choice", "سوم", "custom_choice_unknown"),
        ("yes_no", "شاید", "custom_yes_no_unknown"),
        ("text", "م" * 201, "custom_text_long"),
    ],
)
def test_what_cannot_be_read_is_said(kind, text, code):
    assert reader_for(kind, ["اول", "دوم"])(text) == (None, code)
    assert code in CUSTOM_PROBLEMS


@pytest.mark.parametrize("kind", [kind for kind in CustomKind if kind is not CustomKind.TEXT])
@pytest.mark.parametrize("text", ["", " ", "—"])
def test_a_blank_says_nothing(kind, text):
    assert reader_for(kind, ["اول"])(text) == (None, None)


@pytest.mark.parametrize("text", ["1403/12/30", "۱۴۰۳-۱۲-۳۰", "14031230", "2025-03-20", "۳۰ اسفند ۱۴۰۳", "2025-03-20 00:00:00"])
def test_dates_of_either_calendar_are_one(text):
    assert reader_for("date")(text) == ("2025-03-20", None)


def test_choices_meet_by_what_a_searcher_takes_for_the_same():
    read = reader_for("choice", ["کارمندِ شهرداری", "سایر"])
    assert read("كارمند شهرداري") == ("کارمندِ شهرداری", None)
    assert read("  سایر ")[0] == "سایر"


@pytest.mark.parametrize("text", ["بله", "بلی", "دارد", "1", "۱", "1.0", "True", "Yes", "✓", "صحيح"])
def test_yes(text):
    assert reader_for("yes_no")(text) == (True, None)


@pytest.mark.parametrize("text", ["خیر", "نه", "ندارد", "0", "۰", "False", "no", "✗"])
def test_no(text):
    assert reader_for("yes_no")(text) == (False, None)


@given(st.one_of(st.integers(-(10**14), 10**14), st.decimals(-(10**6), 10**6, places=3).map(float)), SCRIPTS)
def test_a_number_is_itself_in_every_script_and_again(number, script):
    read, problem = reader_for("number")(script(str(number)))
    assert problem is None and read == number
    assert reader_for("number")(write_value("number", read))[0] == number
    assert json.loads(json.dumps(read)) == number


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)), SCRIPTS)
def test_a_date_is_itself_in_either_calendar_and_again(day, script):
    jalali = "{}/{}/{}".format(*persian.to_jalali(day))
    for text in (script(day.isoformat()), script(jalali), write_value("date", day.isoformat())):
        assert reader_for("date")(text) == (day.isoformat(), None)
    assert show_value("date", day.isoformat()) == persian.format_jalali_short(day)


@given(st.sampled_from(list(CustomKind)), st.text(max_size=30))
def test_no_text_breaks_a_reader_and_what_is_read_is_read_again(kind, text):
    read = reader_for(kind, ["اول", "دوم"])
    value, problem = read(text)
    assert value is None or problem is None
    json.dumps(value)
    show_value(kind, value)
    if value is not None:
        assert read(write_value(kind, value)) == (value, None)


def test_values_as_readers_expect_them():
    assert show_value("number", 1234567) == "۱٬۲۳۴٬۵۶۷"
    assert show_value("number", 2.125) == "۲٫۱۲۵"
    assert show_value("yes_no", False) == "خیر"
    assert show_value("date", "not a date") == "not a date"
    assert show_value("text", None) == ""


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "text"),
        (["بله", "خیر", ""], "yes_no"),
        (["0", "1"], "number"),
        (["1403/12/30", "2020-01-05"], "date"),
        (["12", "۱۲٫۵"], "number"),
        (["0012345678", "12"], "text"),
        (["الف", "12"], "text"),
    ],
)
def test_the_kind_of_a_new_field_is_guessed(values, kind):
    assert guess_kind(values) == kind
