"""Cells that a spreadsheet would run, that lost letters, or that aren't there: each is said, and nothing is lost with it."""

from datetime import date

from contacts.rules.columns import check_mapping
from contacts.rules.rows import ROW_WARNINGS, row_cleaner
from contacts.words import PROBLEMS, problem_sentence

MAPPING = check_mapping({0: "phone", 1: "first_name", 2: "last_name", 3: "custom:note"}, 4)


def clean(*cells):
    row = row_cleaner(MAPPING, 4, date(2026, 11, 22))(7, cells)
    return row, {problem.code: (problem.column, problem.value) for problem in row.warnings}


def test_a_formula_is_kept_as_text_and_said():
    row, warnings = clean("09121234567", '=HYPERLINK("http://x","علی")', "@کاظمی", "-5")
    assert (row.first_name, row.last_name, row.custom) == ('HYPERLINK("http://x","علی")', "کاظمی", {"note": "-5"})
    assert warnings == {"formula_disarmed": (2, "@کاظمی")}
    assert [problem.column for problem in row.warnings] == [1, 2]


def test_a_cell_of_marks_alone_is_blank():
    row, warnings = clean("09121234567", "---", "=", "+")
    assert (row.first_name, row.last_name, row.custom) == ("", "", {})
    assert set(warnings) == {"formula_disarmed"}


def test_lost_letters_and_missing_cells_are_said():
    row, warnings = clean("09121234567", "ع\ufffdی")
    assert (row.phone, row.first_name) == ("+989121234567", "ع\ufffdی")
    assert warnings == {"characters_lost": (1, "ع\ufffdی"), "cells_missing": (2, "")}


def test_every_problem_has_its_words():
    assert {code for code in ROW_WARNINGS if code not in PROBLEMS} == set()


def test_a_sentence_names_row_and_column(app):
    with app.test_request_context("/"):
        sentence = problem_sentence("digits_lost", row=12, column="موبایل", value="9.12E+09")
        assert sentence.startswith("ردیف 12، ستون «موبایل»: اکسل «9.12E+09» را گرد کرده")
        for code in PROBLEMS:
            assert "%(" not in problem_sentence(code, row=1, column="ت", value="۱۰۰%")
