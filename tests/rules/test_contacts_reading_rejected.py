"""Rows that were not accepted come back in the family, the separator and the letters they came in, with the reason beside them."""

import csv
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from contacts.importing.rejected import SUFFIXES, RejectedFile
from contacts.reading import open_table
from contacts.rules.columns import check_mapping
from contacts.rules.rows import row_cleaner
from tests.rules.old_excel import ods, ods_table, xls

ROWS = [
    ["نام", "موبایل", "توضیح"],
    ["علی", "02155667788", "=HYPERLINK(1)"],
    ["رضا", "09121234567", "خوب"],
    ["نیلوفر كاظمي", "9.12E+09", "+989121234567"],
    ["x", "", "<b>&\"یک\n دو"],
]


def write(folder: Path, kind: str) -> Path:
    path = folder / f"list.{kind.partition(':')[0]}"
    family, _, encoding = kind.partition(":")
    if family == "csv":
        with path.open("w", encoding=encoding.partition(":")[0], newline="", errors="replace") as file:
            csv.writer(file, delimiter=encoding.partition(":")[2]).writerows([[c.translate({0x6CC: "ي"}) if "1256" in encoding else c for c in row] for row in ROWS])
    elif family == "xlsx":
        book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
        sheet = book.add_worksheet()
        for number, row in enumerate(ROWS):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value)
        book.close()
    elif family == "xls":
        path.write_bytes(xls({"S": {(n, c): value for n, row in enumerate(ROWS) for c, value in enumerate(row) if value}}))
    else:
        path.write_bytes(ods(ods_table("S", [[v.replace("&", "&amp;").replace("<", "&lt;") for v in row] for row in ROWS])))
    return path


@pytest.mark.parametrize("kind", ["csv:utf-8-sig:;", "csv:cp1256:,", "csv:utf-16:\t", "xlsx", "xls", "ods"])
def test_rejected_rows_come_back_as_they_came_in(tmp_path, kind):
    table = open_table(write(tmp_path, kind))
    assert table.kind == kind.partition(":")[0]
    clean = row_cleaner(check_mapping({1: "phone", 0: "first_name"}, table.width), table.width, date(2026, 11, 22))
    path = tmp_path / f"rejected{SUFFIXES[table.kind]}"
    with RejectedFile.like(table, path, "دلیل", "ردیف", lambda problem: f"={problem.code}ی") as out:
        for number, cells in table.rows():
            row = clean(number, cells)
            if row.phone is None:
                out.add(row, cells)
    again = open_table(path, header_row=1)
    assert again.kind == ("xlsx" if table.kind == "xls" else table.kind)
    assert (again.separator, again.encoding) == (table.separator, table.encoding)
    yeh = "ي" if "1256" in kind else "ی"
    assert again.headers == ("ردیف".replace("ی", yeh), *table.headers, "دلیل".replace("ی", yeh))
    found = {str(cells[0]): [" ".join(str(c or "").split()) for c in cells] for _, cells in again.rows()}
    assert list(found) == ["2", "4", "5"]
    assert found["2"][1:] == ["علی".replace("ی", yeh), "02155667788", "'=HYPERLINK(1)", f"=landline{yeh}"]
    assert found["4"][3:] == ["+989121234567", f"=digits_lost{yeh}"]
    assert found["5"][3] == f'<b>&"{"یک".replace("ی", yeh)} دو'


def test_cells_behind_the_last_column_are_not_lost(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("نام,موبایل\nعلی,021,الف,=ب\n", encoding="utf-8")
    table = open_table(path)
    clean = row_cleaner(check_mapping({1: "phone"}, 2), 2, date(2026, 11, 22))
    with RejectedFile.like(table, tmp_path / "r.csv", "دلیل", "ردیف", lambda problem: problem.code) as out:
        for number, cells in table.rows():
            out.add(clean(number, cells), cells)
    assert (tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()[1] == "2,علی,021,too_short,الف,'=ب"
