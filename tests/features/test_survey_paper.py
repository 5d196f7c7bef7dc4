"""A survey on paper: everything that is asked, numbered, right to left, with our font in the file."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from engage.persian import to_persian_digits
from surveys.asked import Asked, Office
from surveys.definitions import Definition, load
from surveys.paper import _words, numbered, paper_form
from surveys.starters import mayor
from surveys.types import QUESTION_TYPES

OPTIONS = [{"id": "a1", "label": "روشنایی"}, {"id": "a2", "label": "فضای سبز"}]
PROJECTS = [{"id": "p1", "label": "چراغ", "cost": 6_400_000_000}, {"id": "p2", "label": "پارک", "cost": 10_000_000_000}]
MORE: dict[str, dict[str, Any]] = {
    **{kind: {"options": OPTIONS} for kind in ("single", "multiple", "ranking", "long_list", "neighbourhood")},
    **{kind: {"projects": PROJECTS} for kind in ("approval", "ballot_ranking", "points")},
    "matrix": {"options": OPTIONS, "rows": OPTIONS},
    "consent": {"statement": "می‌پذیرم"},
    "information": {"text": "متن"},
    "hidden": {"value": "x"},
    "calculation": {"formula": "1 + 1"},
    "knapsack": {"projects": PROJECTS, "budget": 12_000_000_000},
}


def everything() -> Definition:
    questions = [{"type": kind, "id": f"q_{kind}", "label": f"پرسش {kind}", **MORE.get(kind, {})} for kind in QUESTION_TYPES]
    return load({"title": "همهٔ نوع‌ها", "questions": questions})


def asked(definition: Definition) -> Asked:
    return Asked(1, definition, Office("شهرداری منطقهٔ ۱۲"), datetime(2026, 12, 20, 20, 0, tzinfo=UTC), None)


def test_the_sheet_is_a_pdf_with_its_font_inside(app: Flask) -> None:
    with app.test_request_context():
        content = paper_form(asked(mayor("من شهردارم")), "K-0042")
    assert content.startswith(b"%PDF-") and b"Vazirmatn" in content and b"FontFile2" in content


def test_what_is_printed_can_be_read_back(app: Flask) -> None:
    if shutil.which("pdftotext") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("pdftotext is missing: nobody read the sheet back")
        pytest.skip("NOT CHECKED: poppler-utils is not installed, so nobody read the sheet back")
    with app.test_request_context():
        content = paper_form(asked(everything()), "K-0042")
    read = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()
    assert "K-0042" in read and read.count("\f") >= 2
    for kind in set(QUESTION_TYPES) - {"hidden", "calculation"}:
        assert kind in read, kind
    assert "q_hidden" not in read and "پرسش calculation" not in read


def test_every_type_that_asks_has_something_to_fill_in(app: Flask) -> None:
    definition = everything()
    with app.test_request_context():
        words = _words(asked(definition), "")
    drawn = {item["label"].split()[-1]: item for item in words["items"]}
    assert set(drawn) == set(QUESTION_TYPES) - {"hidden", "calculation"}
    assert all(item["body"]["kind"] != "words" or kind in ("upload", "information") for kind, item in drawn.items())
    numbers = [item["number"] for item in words["items"] if item["number"]]
    assert numbers == [to_persian_digits(str(number)) for number in range(1, len(numbers) + 1)] and drawn["information"]["number"] == ""
    assert [each["cost"] for each in drawn["knapsack"]["body"]["items"]] == ["۶۴۰ میلیون تومان", "۱ میلیارد تومان"]


def test_conditions_and_skips_stand_in_words_with_the_numbers_of_the_sheet(app: Flask) -> None:
    definition = load(
        {
            "title": "راه",
            "questions": [
                {"type": "hidden", "id": "h", "label": "x", "value": "y"},
                {"type": "single", "id": "q1", "label": "کدام؟", "options": OPTIONS, "skips": [{"when": 'q1 = "a2"', "to": "q3"}, {"when": 'q1 = "a1"'}]},
                {"type": "short_text", "id": "q2", "label": "چرا {q1}؟", "show_if": 'q1 = "a1"'},
                {"type": "long_text", "id": "q3", "label": "پیشنهاد"},
            ],
        }
    )
    with app.test_request_context():
        first, second, _ = _words(asked(definition), "")["items"]
    assert [each.number for each in numbered(definition)] == [1, 2, 3]
    assert "۳" in first["after"][0] and "فضای سبز" in first["after"][0] and "پایان" in first["after"][1]
    assert "روشنایی" in second["when"] and second["label"] == "چرا [پاسخ پرسش ۱]؟"


def test_texts_are_printed_as_they_are(app: Flask) -> None:
    nasty = '#panic("x") $ \\ */ <script> \u202e [[ ]] @a {q1} ' + "آ" * 300
    definition = load({"title": nasty[:190], "intro": nasty, "questions": [{"type": "short_text", "id": "q1", "label": nasty, "hint": nasty}]})
    with app.test_request_context():
        assert paper_form(asked(definition)).startswith(b"%PDF-")
        assert paper_form(asked(load({"title": "تهی"}))).startswith(b"%PDF-")


def test_a_long_survey_and_a_large_table_are_printed(app: Flask) -> None:
    rows = [{"id": f"r{n}", "label": f"خدمت {n}"} for n in range(500)]
    questions = [{"type": "matrix", "id": "m", "label": "جدول", "rows": rows, "options": OPTIONS}]
    questions += [{"type": "single", "id": f"q{n}", "label": f"پرسش {n}", "options": OPTIONS * 1} for n in range(200)]
    with app.test_request_context():
        assert len(paper_form(asked(load({"title": "بلند", "questions": questions})))) > 50_000
