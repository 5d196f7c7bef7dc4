"""Files as offices save them, and files nobody should open."""

import io
import zipfile

import pytest
import xlsxwriter

from contacts.reading import open_table
from engage.refusal import Refused

TEXT = "نام;تلفن همراه;محله\nعلی;09121234567;سنگلج\n\nرضا;09351234567;\"هرندی\nشمالی\"\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_in_every_encoding_and_separator(tmp_path, encoding, separator):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.replace(";", separator).encode(encoding))
    table = open_table(path)
    assert table.headers == ("نام", "تلفن همراه", "محله")
    assert list(table.rows()) == [(2, ["علی", "09121234567", "سنگلج"]), (4, ["رضا", "09351234567", "هرندی\nشمالی"])]


def test_windows_1256_is_recognised(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("نام,تلفن همراه\nعلي,09121234567\n".encode("cp1256"))
    assert list(open_table(path).rows()) == [(2, ["علي", "09121234567"])]


def test_one_stray_byte_costs_one_character_not_the_file(tmp_path):
    path = tmp_path / "list.csv"
    rows = "".join(f"شهروند شمارهٔ {n},0912{n:07}\n" for n in range(200))
    path.write_bytes(("نام,موبایل\n" + rows).encode() + b"\xe1\xe1,09121234567\n")
    found = list(open_table(path).rows())
    assert found[0][1] == ["شهروند شمارهٔ 0", "09120000000"] and len(found) == 201


def test_xlsx_numbers_dates_and_row_numbers(tmp_path):
    path = tmp_path / "list.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("راهنما").write(0, 0, "توضیح")
    sheet = book.add_worksheet("شهروندان")
    sheet.write_row(2, 0, ["نام", "موبایل"])
    sheet.write_row(3, 0, ["علی", 9121234567])
    sheet.write_row(5, 0, ["رضا", "09351234567"])
    book.close()
    table = open_table(path)
    assert (table.kind, table.sheet, table.header_row) == ("xlsx", "شهروندان", 3)
    assert [(number, row[1]) for number, row in table.rows()] == [(4, 9121234567.0), (6, "09351234567")]


def test_a_list_without_header_has_letters(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("علی,09121234567\nرضا,09351234567\n")
    table = open_table(path)
    assert table.headers == ("A", "B") and table.header_row == 0 and table.count() == 2


def _zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _lying_zip() -> bytes:
    # The directory says 10 bytes where more come out.
    raw = bytearray(_zip({"xl/workbook.xml": b"0" * 5000}))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(raw)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n ,, \n", "file_empty"),
        (bytes(range(256)) * 40, "file_binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "file_binary"),
        ("نام,موبایل\n".encode(), "file_rows_missing"),
        (b"PK\x03\x04 broken", "file_unreadable"),
        (_zip({"readme.txt": b"x"}), "file_unreadable"),
        (_zip({"xl/workbook.xml": b"<x/>", "xl/vbaProject.bin": b"x"}), "file_macros"),
        (_zip({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (30 << 20)}), "file_bomb"),
        (_zip({f"xl/{n}": b"" for n in range(2001)}), "file_bomb"),
        (_lying_zip(), "file_unreadable"),
        (_zip({"xl/workbook.xml": b"<x/>"})[:-30], "file_unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file_unreadable"),
        (",".join(f"c{n}" for n in range(300)).encode() + b"\n" + b",".join([b"1"] * 300), "file_wide"),
    ],
)
def test_what_is_no_list_is_refused_by_name(tmp_path, content, code):
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        open_table(path)
    assert refused.value.code == code


def test_missing_oversized_and_endless_cells(tmp_path):
    with pytest.raises(Refused, match="file_missing"):
        open_table(tmp_path / "none.csv")
    path = tmp_path / "list.csv"
    path.write_bytes(b"x" * 2000)
    with pytest.raises(Refused, match="file_too_large"):
        open_table(path, max_bytes=1000)
    path.write_text("نام,موبایل\n" + "x" * 3_000_000)
    with pytest.raises(Refused, match=r"file_line_long \(row=2\)"):
        open_table(path)
