"""Old Excel and LibreOffice beside XLSX and CSV, sheets and headers chosen by hand, and files that were made to do harm."""

import zipfile
from pathlib import Path

import pytest

from contacts.reading import list_sheets, open_table
from engage.refusal import Refused
from tests.rules.old_excel import ods, ods_table, ole, xls, xlsx, zipped

PEOPLE = {(0, 0): "نام", (0, 1): "موبایل", (1, 0): "علی", (1, 1): 9121234567.0, (3, 0): "رضا", (3, 1): "09351234567"}


def write(folder: Path, content: bytes) -> Path:
    path = folder / "list"
    path.write_bytes(content)
    return path


def refused(path: Path, **more) -> Refused:
    with pytest.raises(Refused) as found:
        open_table(path, **more)
    return found.value


# -- old Excel -----------------------------------------------------------------------------------------------------------


def test_old_excel_is_read(tmp_path):
    path = write(tmp_path, xls({"راهنما": {(0, 0): "توضیح"}, "شهروندان": PEOPLE}))
    table = open_table(path)
    assert (table.kind, table.sheet, table.headers) == ("xls", "شهروندان", ("نام", "موبایل"))
    assert [(number, list(cells)) for number, cells in table.rows()] == [(2, ["علی", 9121234567.0]), (4, ["رضا", "09351234567"])]
    assert [(sheet.name, sheet.rows, sheet.looks_like_people) for sheet in list_sheets(path)] == [("راهنما", 1, False), ("شهروندان", 3, True)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: xls({"S": PEOPLE}, locked=True), "file_locked"),
        (lambda: ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "file_locked"),
        (lambda: xls({"S": PEOPLE}, kind=1), "file_macros"),
        (lambda: xls({"S": PEOPLE}, kind=6), "file_macros"),
        (lambda: xls({"S": PEOPLE}, streams={"_VBA_PROJECT": b"x"}), "file_macros"),
        (lambda: ole({"WordDocument": b"x"}), "file_unreadable"),
        (lambda: xls({"S": PEOPLE})[:2000], "file_cut"),
        (lambda: xls({"S": PEOPLE})[:-700], "file_cut"),
        (lambda: xls({"S": {**PEOPLE, (65535, 255): "گوشه"}}), "file_cells"),
    ],
)
def test_what_is_no_old_list_is_refused_by_name(tmp_path, content, code):
    assert refused(write(tmp_path, content())).code == code


# -- LibreOffice ---------------------------------------------------------------------------------------------------------


def test_libreoffice_is_read(tmp_path):
    rows = [["نام", "موبایل", "تاریخ"], ["علی &amp; زهرا", 9121234567.0, ""], [], ["رضا<text:s/>مراد", "0935", "x"]]
    path = write(tmp_path, ods(ods_table("راهنما", [["توضیح"]]) + ods_table("شهروندان", rows)))
    table = open_table(path)
    assert (table.kind, table.sheet, table.headers) == ("ods", "شهروندان", ("نام", "موبایل", "تاریخ"))
    assert [(number, list(cells)) for number, cells in table.rows()] == [(2, ["علی & زهرا", 9121234567.0, None]), (4, ["رضا مراد", "0935", "x"])]
    assert [(sheet.name, sheet.rows) for sheet in list_sheets(path)] == [("راهنما", 1), ("شهروندان", 3)]


def test_libreoffice_repeats_dates_notes_and_tables_within_cells(tmp_path):
    row = (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string" table:number-columns-repeated="2">'
        "<office:annotation><text:p>یادداشت</text:p></office:annotation><text:p>سطر ۱</text:p><text:p>سطر ۲</text:p></table:table-cell>"
        '<table:table-cell/><table:table-cell office:value-type="date" office:date-value="2024-03-20T10:00:00"><text:p>۱۴۰۳</text:p></table:table-cell>'
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>درست</text:p></table:table-cell></table:table-row>'
    )
    path = write(tmp_path, ods(f'<table:table table:name="S">{row}</table:table>'))
    assert list(open_table(path, header_row=0).rows()) == [(n, ["سطر ۱\nسطر ۲", "سطر ۱\nسطر ۲", None, "2024-03-20", "true"]) for n in (1, 2)]


CELL = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (ods("", manifest="<m><manifest:encryption-data/></m>"), "file_locked"),
        (ods(ods_table("S", [["موبایل"]]), more={"Basic/Standard/Module1.xml": b"x"}), "file_macros"),
        (ods(ods_table("S", [["موبایل"]]), more={"Scripts/python/x.py": b"x"}), "file_macros"),
        (ods(ods_table("S", [["موبایل"]]), more={"content.XML": b"x"}), "file_unreadable"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": b"<m/>", "content.xml": b"<x/>"}), "file_unreadable"),
        (ods("<table:table>"), "file_unreadable"),
        (ods("<table:table><table:table-row>" + CELL.format(' table:number-columns-repeated="16384"') + "</table:table-row></table:table>"), "file_wide"),
        (ods('<table:table><table:table-row table:number-rows-repeated="9999999">' + CELL.format("") + "</table:table-row></table:table>"), "file_bomb"),
        (ods("")[:-40], "file_unreadable"),
        (ods(ods_table("S", [])), "file_empty"),
    ],
)  # fmt: skip
def test_what_is_no_libreoffice_list_is_refused_by_name(tmp_path, content, code):
    assert refused(write(tmp_path, content)).code == code


def test_an_index_of_macro_libraries_without_a_macro_is_no_macro(tmp_path):
    content = ods(ods_table("S", [["نام", "موبایل"], ["علی", "09121234567"]]), more={"Basic/script-lc.xml": b"<x/>", "Basic/Standard/script-lb.xml": b"<x/>"})
    assert open_table(write(tmp_path, content)).count() == 1


def test_entities_are_never_unfolded(tmp_path):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    content = zipped({"META-INF/manifest.xml": b"<m/>", "content.xml": (laughs + "<x>&b;</x>").encode()})
    assert refused(write(tmp_path, content)).code == "file_unreadable"


# -- XLSX that asks for more than it is ----------------------------------------------------------------------------------

A1 = '<row r="1"><c r="A1"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: xlsx(A1 + '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'), "file_cells"),
        (lambda: xlsx(A1 + "<row r='1048576'><c r='XFD1048576'><v>2</v></c></row>"), "file_cells"),
        (lambda: xlsx(A1 + '<row r="1048576"><c s="1" r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'), "file_cells"),
        (lambda: xlsx(A1 + "<row/>" * 400_000 + '<row><c r="XFD400001"><v>2</v></c></row>'), "file_cells"),
        (lambda: xlsx("".join(f'<row r="{n}">' + f'<c r="A{n}" t="s"><v>0</v></c>' * 9 + "</row>" for n in range(1, 2000)),
                      shared="<si><t>" + "x" * 100_000 + "</t></si>"), "file_bomb"),
        (lambda: xlsx(A1 + '<row r="1048576"><c r="&#88;FD1048576"><v>2</v></c></row>'), "file_cells"),
        (lambda: xlsx(A1, more={"xl/vbaProject.bin": b"x"}), "file_macros"),
        (lambda: xlsx(A1, more={"xl/macrosheets/sheet1.xml": b"x"}), "file_macros"),
        (lambda: xlsx(A1, more={"xl/worksheets/inner.xml": zipped({"a": b"b"})}), "file_bomb"),
        (lambda: xlsx(A1, more={"XL/workbook.xml": b"<x/>"}), "file_unreadable"),
        (lambda: zipped({"xl/workbook.bin": b"x"}), "file_binary_excel"),
        (lambda: zipped({"[Content_Types].xml": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml", "xl/workbook.xml": b"<x/>"}), "file_macros"),
        (lambda: xlsx("".join(f'<row r="{n}"><c r="A{n}"><v>{n * 7919}</v></c></row>' for n in range(1, 900)))[:-500], "file_cut"),
    ],
)  # fmt: skip
def test_a_workbook_that_would_fill_the_memory_is_refused_at_once(tmp_path, monkeypatch, content, code):
    unpacked = []
    read = zipfile.ZipExtFile.read

    def counted(self, size=-1):
        piece = read(self, size)
        unpacked.append(len(piece))
        return piece

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    assert refused(write(tmp_path, content())).code == code
    # What the archive really holds, a few times over, and never what its cells would fill.
    assert sum(unpacked) < 16 << 20 and max(unpacked, default=0) <= 4 << 20


def test_blank_cells_far_out_harm_nobody(tmp_path):
    content = xlsx(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>موبایل</t></is></c><c r="B1" t="inlineStr"><is><t>نام</t></is></c><c r="XFD1" s="0"/></row>'
        '<row r="2"><c r="A2"><v>9121234567</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>'
    )
    assert [list(cells)[:1] for _, cells in open_table(write(tmp_path, content)).rows()] == [[9121234567.0]]


def test_formulas_give_their_last_values(tmp_path):
    content = xlsx(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>موبایل</t></is></c><c r="B1" t="inlineStr"><is><t>نام</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>CONCAT("0912","1234567")</f><v>09121234567</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B3"><v>3</v></c></row>'
    )
    rows = [list(cells) for _, cells in open_table(write(tmp_path, content)).rows()]
    assert rows == [["09121234567", 2.0], ["", 3.0]]


# -- sheets and headers chosen by hand -----------------------------------------------------------------------------------


def test_a_sheet_and_a_header_row_may_be_chosen(tmp_path):
    second = {(0, 0): "گزارش", (1, 0): "الف", (1, 1): "ب", (2, 0): "09121234567", (2, 1): "1"}
    path = write(tmp_path, xls({"شهروندان": PEOPLE, "دیگران": second}))
    table = open_table(path, sheet="دیگران", header_row=2)
    assert (table.sheet, table.headers, table.header_row, table.count()) == ("دیگران", ("الف", "ب"), 2, 1)
    assert open_table(path, sheet="دیگران", header_row=0).headers == ("A", "B")
    assert str(refused(path, sheet="نیست")) == "sheet_unknown (sheet=نیست)"
    assert str(refused(path, sheet="دیگران", header_row=9)) == "header_row_unknown (row=9)"
    assert refused(path, sheet="دیگران", header_row=3).code == "file_rows_missing"


def test_a_text_file_has_no_sheets_but_a_header_row(tmp_path):
    path = write(tmp_path, "گزارش\n\nکد,تلفن\n1,09121234567\n".encode())
    assert list_sheets(path) == ()
    assert open_table(path, header_row=3).headers == ("کد", "تلفن")
    assert refused(path, header_row=2).code == "header_row_unknown"


def test_headers_that_name_two_columns_are_told(tmp_path):
    path = write(tmp_path, "نام,موبایل,نام ,شهر\nعلی,09121234567,رضا,ری\n".encode())
    assert open_table(path).repeated_headers == ("نام",)
