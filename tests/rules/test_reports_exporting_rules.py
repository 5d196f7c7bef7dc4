"""Files of answers: stable columns, harmless cells, names SPSS takes, and a .sav that SPSS's own reader library reads back."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import pyreadstat
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from engage.reports.exporting import spss
from engage.reports.exporting.cells import code_of, label_of, makers_of, masked, safe
from engage.reports.exporting.columns import Column, Kind, columns_of
from engage.reports.exporting.names import variable_names
from engage.reports.exporting.routes import Routes
from engage.reports.exporting.rules import download_name, is_slug
from engage.reports.exporting.sheet_xml import fill_sheet
from engage.reports.exporting.spss import Variable, Writer
from engage.reports.exporting.variables import codes_of, missing_codes
from engage.reports.masking import mask_numbers
from surveys.definitions import Definition
from surveys.types import Matrix, Multiple, Number, Option, Rating, ShortText, Single, YesNo
from surveys.types.matrix import Row
from tests.definitions import surveys

A, B, C = (Option(id=each, label=f"گزینهٔ {each}") for each in "abc")


def form(*questions: Any) -> Definition:
    return Definition(title="آزمون", questions=list(questions))


def by_key(definitions: dict[int, Definition]) -> dict[str, Column]:
    found = columns_of(definitions)
    assert len({column.key for column in found}) == len(found)
    return {column.key: column for column in found}


# -- columns over versions ---------------------------------------------------------------------------------------------


def test_what_a_version_withdrew_keeps_its_column_marked() -> None:
    first = form(Single(id="q1", label="یک", options=[A, B]), Multiple(id="q2", label="چند", options=[A, B]), Number(id="q3", label="عدد"))
    second = form(Single(id="q1", label="یکِ نو", options=[B, C]), Multiple(id="q2", label="چند", options=[B, C]))
    before, after = by_key({1: first}), by_key({1: first, 2: second})
    assert list(before) == ["q1", "q2.a", "q2.b", "q3"] and set(before) < set(after)
    assert [key for key, column in after.items() if column.is_withdrawn] == ["q2.a", "q3"]
    assert after["q1"].heading == "یکِ نو"
    # Codes keep their place, and what was withdrawn among them is known as such.
    assert [(value.code, value.is_withdrawn) for value in after["q1"].values] == [("a", True), ("b", False), ("c", False)]
    assert {code: codes_of(after["q1"])[code] for code in "ab"} == codes_of(before["q1"])
    assert set(after["q2.c"].readers) == {2} and set(after["q2.a"].readers) == {1}
    assert after["q2.a"].readers[1]({"q2": ["b"]}) == 0 and after["q2.a"].readers[1]({}) is None


def test_another_type_under_the_same_id_is_another_column() -> None:
    found = by_key({1: form(Number(id="q1", label="عدد")), 2: form(Single(id="q1", label="یک", options=[A, B]))})
    assert {key: column.kind for key, column in found.items()} == {"q1": Kind.CHOICE, "q1:number": Kind.NUMBER}
    assert found["q1:number"].readers[1]({"q1": 3}) == 3 and found["q1"].readers[2]({"q1": 3}) is None


def test_a_row_of_a_table_that_came_later_is_blank_before() -> None:
    rows = [Row(id="r1", label="سطر یک"), Row(id="r2", label="سطر دو")]
    older = form(Matrix(id="m", label="جدول", options=[A, B], rows=rows[:1]))
    newer = form(Matrix(id="m", label="جدول", options=[A, B], rows=rows))
    found = by_key({1: older, 2: newer})
    assert set(found["m.r2"].readers) == {2} and set(found["m.r1"].readers) == {1, 2}


@given(surveys(), st.integers(1, 3))
def test_every_survey_has_columns_whose_keys_and_names_are_unique(definition: Definition, versions: int) -> None:
    found = columns_of(dict.fromkeys(range(1, versions + 1), definition))
    names = variable_names([column.key for column in found])
    assert len({column.key for column in found}) == len(found)
    assert len({name.lower() for name in names.values()}) == len(found)
    for version, makers in makers_of(found, [label_of(column, None) for column in found]).items():
        assert version <= versions and [make({}) for make in makers].count("") == len(found)


# -- cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+98", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n-1"])
def test_no_text_is_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    column = by_key({1: form(Single(id="q", label="=q", options=[Option(id="a", label=text)]), ShortText(id="t", label="t"))})
    (choice, words) = (column[key].readers[1]({"q": "a", "t": text}) for key in "qt")
    show, write = label_of(column["q"], None), code_of(column["t"], None)
    assert show is not None and show(choice) == f"'{text}" and write is not None and write(words) == f"'{text}"


def test_numbers_stay_numbers_and_plain_words_as_they_are() -> None:
    assert safe(-3) == -3 and safe("خوب است") == "خوب است" and safe("") == ""


@given(st.text(alphabet="ab۱۲3٤ .-@=\n", max_size=40))
def test_the_quick_look_masks_what_the_mask_masks(words: str) -> None:
    assert masked(words) == mask_numbers(words)


def test_days_are_jalali_for_people_and_iso_for_programs() -> None:
    from surveys.types import Date

    column = by_key({1: form(Date(id="d", label="روز"))})["d"]
    show = label_of(column, None)
    assert show is not None and show("2026-11-23") == "1405/09/02" and code_of(column, None) is None


# -- SPSS --------------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,39})?(:[a-z]{3,9})?", fullmatch=True),
        unique=True,
        max_size=12,
    )
)
def test_names_are_such_as_spss_takes(keys: list[str]) -> None:
    names = variable_names(keys, ("row", "day"))
    assert len({name.lower() for name in names.values()} | {"row", "day"}) == len(keys) + 2
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,62}[A-Za-z0-9_]|[A-Za-z]", name) for name in names.values()), names
    assert not {name.upper() for name in names.values()} & {"ALL", "AND", "BY", "TO", "WITH", "NOT", "OR"}


def test_a_name_is_the_same_whatever_stands_beside_it() -> None:
    assert variable_names(["q1", "q-1", "to"])["q1"] == "q1" == variable_names(["q9", "q1"])["q1"]
    assert variable_names(["to"]) == {"to": "v_to"}


def read_back(content: bytes, tmp_path: Path) -> tuple[dict[str, Any], Any]:
    path = tmp_path / "read.sav"
    path.write_bytes(content)
    found = pyreadstat.read_sav(path, output_format="dict", user_missing=True)
    return found[0], found[1]


def written(variables: list[Variable], cases: list[list[spss.Encoded]], title: str = "نظرسنجی") -> bytes:
    target = io.BytesIO()
    writer = Writer(target, variables, title=title, made_at=datetime(2026, 11, 23, 14, 5, tzinfo=UTC))
    for case in cases:
        writer.add(case)
    writer.close()
    return target.getvalue()


@pytest.mark.parametrize("width", [1, 7, 8, 9, 254, 255, 256, 257, 504, 505, 510, 511, 765, 1000, 32767])
def test_texts_of_every_width_come_back_whole(width: int, tmp_path: Path) -> None:
    variables = [Variable("first", "یک", width), Variable("after", "پس از آن"), Variable("last", "آخر", 3)]
    full = ("ab=" * width)[:width]
    texts = [full, "", "x", full[: width // 2 + 1]]
    cases = [
        [spss.text(each.encode(), variables[0]), spss.number(place), spss.text(b"z", variables[2])] for place, each in enumerate(texts)
    ]
    rows, meta = read_back(written(variables, cases), tmp_path)
    assert list(rows["first"]) == texts and list(rows["after"]) == [0, 1, 2, 3] and list(rows["last"]) == ["z"] * 4
    assert meta.column_names == ["first", "after", "last"] and meta.number_rows == 4 and meta.column_labels == ["یک", "پس از آن", "آخر"]


@given(st.lists(st.floats(allow_nan=False, min_value=-1e300, max_value=1e300) | st.integers(-200, 300).map(float), min_size=1, max_size=40))
def test_numbers_come_back_exactly(values: list[float]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        rows, _ = read_back(written([Variable("n", "عدد")], [[spss.number(each)] for each in values]), Path(folder))
    assert list(rows["n"]) == values


def test_labels_and_missing_values_come_back_and_long_ones_are_cut_between_letters(tmp_path: Path) -> None:
    values = ((1.0, "کم"), (2.0, "ی" * 300), (-9.0, "بی‌پاسخ"))
    variables = [Variable("q1", "پ" * 400, values=values, missing=(-7.0, -8.0, -9.0), measure=spss.NOMINAL)]
    rows, meta = read_back(written(variables, [[spss.number(-9)], [spss.NOTHING], [spss.number(2)]], title="ن" * 100), tmp_path)
    labels = meta.variable_value_labels["q1"]
    assert labels[1.0] == "کم" and labels[-9.0] == "بی‌پاسخ" and labels[2.0] == "ی" * 58 + "…"
    assert meta.column_labels == ["پ" * 126 + "…"] and meta.file_label == "ن" * 30 + "…"
    assert meta.missing_ranges["q1"] == [{"lo": each, "hi": each} for each in (-7.0, -8.0, -9.0)]
    assert rows["q1"][0] == -9 and rows["q1"][1] is None and rows["q1"][2] == 2


def test_days_are_days(tmp_path: Path) -> None:
    variables = [Variable("day", "روز", format=(spss.SDATE, 10, 0))]
    rows, _ = read_back(written(variables, [[spss.number(spss.day_number(date(2026, 11, 23)))]]), tmp_path)
    assert rows["day"][0] == date(2026, 11, 23)


def test_a_file_without_cases_is_one(tmp_path: Path) -> None:
    _, meta = read_back(written([Variable("q1", "یک")], []), tmp_path)
    assert meta.number_rows == 0 and meta.column_names == ["q1"]


def test_missing_codes_are_no_answer_anybody_can_give() -> None:
    found = by_key(
        {1: form(Number(id="a", label="الف", min=0), Number(id="b", label="ب"), Rating(id="c", label="پ"), YesNo(id="d", label="ت"))}
    )
    assert missing_codes(found["a"]) == missing_codes(found["c"]) == missing_codes(found["d"]) == (-7, -8, -9)
    assert all(code < -(10**12) for code in missing_codes(found["b"]))


# -- the way through the form ------------------------------------------------------------------------------------------


def test_routes_know_what_answers_led_around() -> None:
    asked = form(
        YesNo(id="q1", label="آیا؟"),
        msgspec.structs.replace(ShortText(id="q2", label="چرا؟"), show_if='q1 = "no"'),
        Number(id="q3", label="عدد"),
    )
    routes = Routes({1: asked, 2: form(Number(id="q3", label="عدد"))})
    day = date(2026, 11, 23)
    assert routes.decide_in(1) and not routes.decide_in(2)
    assert routes.passed_by(1, {"q1": "yes"}, day) == {"q2"} and routes.passed_by(1, {"q1": "no"}, day) == frozenset()
    assert routes.passed_by(2, {}, day) == frozenset()


# -- rows of a workbook ------------------------------------------------------------------------------------------------

HOSTILE = ["=1+1", "<b>&amp;</b>", "a\x07b", "_x0041_", " جا ", "خط\nدو", "]]>", "x" * 40_000, "\ufffe", '"', "😀"]


@pytest.mark.parametrize("limit", [2**31, 1000])
def test_rows_come_back_from_a_workbook_as_they_went_in(tmp_path: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a part is larger than a plain package can hold."""
    skeleton, path = io.BytesIO(), tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(skeleton, {"constant_memory": True}) as book:
        page = book.add_worksheet("پاسخ‌ها")
        page.right_to_left()
        page.write_string(0, 0, "سر")
        book.add_worksheet("دو").write_string(0, 0, "ماند")
    skeleton.seek(0)
    monkeypatch.setattr("zipfile.ZIP64_LIMIT", limit)
    rows = [[place, text, -1.5, ""] for place, text in enumerate(HOSTILE, 1)] + [["", "", "", "آخر"]]
    with path.open("wb") as target:
        fill_sheet(skeleton, target, "xl/worksheets/sheet1.xml", lambda: iter(rows), first=2, cells=len(rows))
    book = CalamineWorkbook.from_path(str(path))
    found = book.get_sheet_by_name("پاسخ‌ها").to_python()
    assert found[0][0] == "سر" and [row[0] for row in found[1:-1]] == list(range(1, len(HOSTILE) + 1)) and found[-1] == ["", "", "", "آخر"]
    assert [row[1] for row in found[1:-1]][3:8] == ["_x0041_", " جا ", "خط\nدو", "]]>", "x" * 32_767]
    assert found[1][1:] == ["=1+1", -1.5, ""] and found[2][1] == "<b>&amp;</b>" and found[-2][1] == "😀"
    with ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
        assert package.testzip() is None and "<f>" not in sheet and 'rightToLeft="1"' in sheet and "<dimension" not in sheet
    assert book.get_sheet_by_name("دو").to_python() == [["ماند"]]


def test_names_of_files() -> None:
    assert download_name("ab12", "codes.csv", date(2026, 11, 23)) == "report-ab12-14050902.codes.csv"
    assert is_slug("A" * 22) and not is_slug("../" + "A" * 19) and not is_slug("A" * 21)
