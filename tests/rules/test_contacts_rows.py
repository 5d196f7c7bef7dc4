"""How one row, and the rows of one number, are read."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.columns import ColumnMapping, apply_overrides, check_mapping, find_header, guess_fields, header_key
from contacts.rules.consent import Basis, Standing, may_import_give
from contacts.rules.people import Person, further_names, is_same_name, meet_known, merge_rows
from contacts.rules.rows import read_birth_year, read_consent_date, read_gender, row_cleaner
from contacts.rules.showing import mask_digits, neutralise
from engage.refusal import Refused

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["نام", "نام خانوادگی", "تلفن همراه", "محله"], {0: "first_name", 1: "last_name", 2: "phone", 3: "neighbourhood"}),
        (["نام", "نام خانوادگي", "موبايل", "جنسيت", "سال تولد"], {0: "first_name", 1: "last_name", 2: "phone", 3: "gender", 4: "birth_year"}),
        (["First Name", "Surname", "Cell Phone"], {0: "first_name", 1: "last_name", 2: "phone"}),
        (["تلفن", "همراه"], {1: "phone"}),
        (["شماره", "نام و نام خانوادگی", "شماره تماس"], {1: "last_name", 2: "phone"}),
        (["phone", "consented_on", "custom"], {0: "phone", 1: "consented_on"}),
        (["نام‌ خانوادگی:", "* شماره همراه"], {0: "last_name", 1: "phone"}),
    ],
)
def test_columns_are_guessed_from_persian_and_english_headers(headers, expected):
    assert guess_fields(headers, []) == expected


def test_a_column_of_mobiles_is_found_when_no_header_names_it():
    rows = [["1", "علی", "09121234567"], ["2", "رضا", 9121234568.0], ["3", "مینا", "۰۹۱۲۱۲۳۴۵۶۹"]]
    assert guess_fields(["A", "B", "C"], rows) == {2: "phone"}


def test_among_two_phone_headers_the_one_that_holds_mobiles_wins():
    rows = [["02133445566", "09121234567"], ["02133445567", "09121234568"]]
    assert guess_fields(["تلفن", "شماره"], rows)[1] == "phone"


def test_a_title_above_the_header_is_passed_over_and_a_list_without_header_has_none():
    assert find_header([["فهرست مخاطبان منطقه ۱۲"], [], ["نام", "موبایل"], ["علی", "09121234567"]]) == 2
    assert find_header([["علی", "09121234567"], ["رضا", "09121234568"]]) is None


def test_a_mapping_by_hand_takes_the_field_from_the_guessed_column():
    headers = ["تلفن", "شماره دوم", "کد"]
    assert apply_overrides({0: "phone"}, headers, [("شماره دوم", "phone"), ("C", "custom:code")]) == {1: "phone", 2: "custom:code"}
    with pytest.raises(Refused, match="column_unknown"):
        apply_overrides({}, headers, [("نیست", "phone")])


@pytest.mark.parametrize(
    ("fields", "code"),
    [({0: "last_name"}, "phone_column_missing"), ({0: "phone", 1: "phone"}, "field_twice"), ({0: "phone", 1: "shoe"}, "field_unknown"), ({9: "phone"}, "column_unknown")],
)
def test_a_mapping_that_cannot_be_used_is_refused(fields, code):
    with pytest.raises(Refused, match=code):
        check_mapping(fields, 3)


@pytest.mark.parametrize(
    ("typed", "year", "problem"),
    [
        ("1355", 1355, None), ("۱۳۴۵", 1345, None), ("62", 1362, None), ("۰۲", 1402, None), ("1983", 1362, None), ("1362/05/01", 1362, None),
        ("1298", 1298, "birth_year_unlikely"), ("1410", None, "birth_year_invalid"), ("نمی‌دانم", None, "birth_year_invalid"), ("3", None, "birth_year_invalid"),
    ],
)  # fmt: skip
def test_birth_years(typed, year, problem):
    assert read_birth_year(typed, 1405) == (year, problem)


@pytest.mark.parametrize(
    ("typed", "day", "problem"),
    [
        ("1401/12/28", date(2023, 3, 19), None), ("۱۴۰۱-۱۲-۲۸", date(2023, 3, 19), None), ("2023-03-19", date(2023, 3, 19), None),
        ("1404/12/30", None, "consent_date_invalid"), ("دیروز", None, "consent_date_invalid"), ("1405/12/01", None, "consent_date_future"),
    ],
)  # fmt: skip
def test_consent_dates_of_both_calendars(typed, day, problem):
    assert read_consent_date(typed, TODAY) == (day, problem)


@pytest.mark.parametrize(("word", "gender"), [("زن", "female"), ("آقا", "male"), ("مؤنث", "female"), ("M", "male"), ("", ""), ("نمی‌دانم", None)])
def test_gender_words(word, gender):
    assert read_gender(word) == gender


def test_the_first_mobile_is_the_persons_and_a_further_one_is_a_warning():
    clean = row_cleaner(ColumnMapping({0: "phone", 1: "first_name"}), 2, TODAY)
    row = clean(7, ["09121234567 / 09351234567", "علی"])
    assert row.phone == "+989121234567" and [w.code for w in row.warnings] == ["further_number"] and not row.errors


def test_formula_cells_are_kept_as_text_and_a_row_without_mobile_says_why():
    clean = row_cleaner(ColumnMapping({0: "phone", 1: "first_name", 2: "custom:کد"}), 3, TODAY)
    row = clean(3, ["021-33445566", "=HYPERLINK(1)", "a\0b"])
    assert row.phone is None and row.errors[0].code == "landline" and row.first_name == "HYPERLINK(1)" and row.custom == {"کد": "ab"}


def test_a_cell_that_stood_there_before_says_the_same_again():
    clean = row_cleaner(ColumnMapping({0: "phone", 1: "gender", 2: "custom:note"}), 3, date(2026, 11, 22))
    for number in (2, 3, 4):
        row = clean(number, ["09121234567", "چیز دیگر", "=2+3"])
        assert [problem.code for problem in row.warnings] == ["gender_unknown", "formula_disarmed"]
        assert row.gender == "" and row.custom == {"note": "2+3"}
    row = clean(5, ["09121234567", "زن", "=" * 80])
    assert (row.gender, row.custom) == ("female", {})


def test_cells_beyond_the_last_column_are_said():
    clean = row_cleaner(ColumnMapping({0: "phone"}), 2, TODAY)
    assert [w.code for w in clean(2, ["09121234567", "x", "", "y"]).warnings] == ["cells_beyond_columns"]


cells = st.one_of(st.none(), st.text(max_size=30), st.floats(), st.integers(), st.sampled_from(["09121234567", "9121234567.0", "زن", "1362"]))


@given(st.lists(cells, max_size=6), st.integers(1, 10**6))
def test_no_cell_breaks_a_row(row, number):
    clean = row_cleaner(ColumnMapping({0: "phone", 1: "first_name", 2: "gender", 3: "birth_year", 4: "consented_on"}), 5, TODAY)
    found = clean(number, row)
    assert (found.phone is None) == bool(found.errors)
    assert "\0" not in found.first_name and len(found.first_name) <= 200


names = st.sampled_from(["", "علی", "مریم", "علي", "رضا"])
people = st.builds(Person, first_name=names, last_name=names, neighbourhood=names, gender=st.sampled_from(["", "male", "female"]), birth_year=st.one_of(st.none(), st.integers(1300, 1400)))


@given(st.lists(people, min_size=1, max_size=5))
def test_within_a_file_the_first_non_blank_value_wins(rows):
    merged = merge_rows(rows)
    for name in ("first_name", "last_name", "neighbourhood", "gender", "birth_year"):
        values = [getattr(row, name) for row in rows if getattr(row, name) not in ("", None)]
        assert getattr(merged, name) == (values[0] if values else getattr(Person(), name))


@given(people, people)
def test_a_list_never_blanks_a_value_and_says_nothing_the_second_time(known, incoming):
    after = meet_known(known, incoming)
    for name in ("first_name", "last_name", "neighbourhood", "gender", "birth_year"):
        assert getattr(after, name) not in ("", None) or getattr(known, name) in ("", None)
    assert meet_known(after, incoming) == after


def test_another_name_is_kept_beside_and_its_fields_do_not_replace():
    known = Person("زهرا", "کاظمی", neighbourhood="هرندی")
    other = Person("مریم", "صادقی", neighbourhood="سنگلج")
    assert meet_known(known, other) == known
    assert further_names(known.name, [other.name, other.name, ("زهرا", "")]) == [("مریم", "صادقی")]
    assert is_same_name(("علي", "رضايي"), ("علی", "رضایی"))


def test_an_import_never_lifts_a_withdrawal_and_strengthens_only_prior_relations():
    assert may_import_give(None, Basis.PRIOR_RELATION)
    assert not may_import_give(Standing(False, Basis.CONSENT), Basis.CONSENT)
    assert may_import_give(Standing(True, Basis.PRIOR_RELATION), Basis.CONSENT)
    assert not may_import_give(Standing(True, Basis.CONSENT), Basis.PRIOR_RELATION)
    assert not may_import_give(Standing(True, Basis.CONSENT), Basis.CONSENT)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3|x", "@SUM(A1)", "\t=1"])
def test_what_a_spreadsheet_would_run_goes_out_harmless(text):
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["علی", "09121234567", "+989121234567"])
def test_what_is_harmless_goes_out_as_it_is(text):
    assert neutralise(text) == text


def test_broken_numbers_are_masked():
    assert mask_digits("۰۹۱۲۳۴۵۶۷۸") == "0912***678"
    assert mask_digits("سنگلج ۱۲") == "سنگلج ۱۲"


def test_header_keys_ignore_marks_and_spellings():
    assert header_key("  تلفنِ همراه* ") == header_key("تلفن_همراه")
