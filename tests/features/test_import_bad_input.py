"""Whatever an office uploads: what can be read is stored, what can't is said in one Persian sentence, and nothing stays behind."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.importing import files
from contacts.rules.consent import Basis
from engage.db import db
from engage.refusal import Refused
from engage.web.refusals import explain
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.rules.old_excel import ods, ods_table, ole, xls, xlsx, zipped

ROWS: list[list[str | float]] = [
    ["نام", "تلفن همراه", "محله"],
    ["زهرا", "09121234567", "هرندی"],
    ["رضا", 9351234567.0, "سنگلج"],
    ["علی", "02155667788", ""],
    ["=cmd|' /C calc'!A0", "0912 000 0001 / 09120000002", "@هرندی"],
]
CELL = '<c r="XFD1048576"><v>1</v></c>'
CSV = "\n".join(",".join(str(cell).removesuffix(".0") for cell in row) for row in ROWS) + "\n"


def grid() -> dict[tuple[int, int], str | float]:
    return {(n, c): value for n, row in enumerate(ROWS) for c, value in enumerate(row) if value != ""}


@pytest.fixture
def unit(app) -> int:
    return make_units()[1]


REFUSED = [
    ("list.csv", b"", "file_empty", "خالی"),
    ("list.csv", "نام,موبایل\n".encode(), "file_rows_missing", "سطری"),
    ("list.csv", bytes(range(256)) * 40, "file_binary", "فهرست نیست"),
    ("list.csv", (CSV + 'کبری,09361234567,"کوچهٔ شه').encode(), "file_quote_open", "ردیف ۶"),
    ("list.csv", (CSV + "x" * 3_000_000).encode(), "file_line_long", "سطر ۶"),
    ("list.xlsx", ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "file_locked", "رمز"),
    ("list.xls", xls({"S": grid()}, locked=True), "file_locked", "رمز"),
    ("list.ods", ods("", manifest="<m><manifest:encryption-data/></m>"), "file_locked", "رمز"),
    ("list.xlsx", xlsx("<row/>", more={"xl/vbaProject.bin": b"x"}), "file_macros", "ماکرو"),
    ("list.xls", xls({"S": grid()}, streams={"_VBA_PROJECT": b"x"}), "file_macros", "ماکرو"),
    ("list.ods", ods(ods_table("S", ROWS), more={"Basic/Standard/Module1.xml": b"x"}), "file_macros", "ماکرو"),
    ("list.xlsx", xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">' + CELL + "</row>"), "file_cells", "خانه"),
    ("list.xlsx", zipped({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (30 << 20)}), "file_bomb", "بسیار|بیش"),
    ("list.xlsb", zipped({"xl/workbook.bin": b"x"}), "file_binary_excel", "xlsb"),
    ("list.xls", xls({"S": grid()})[:-700], "file_cut", "کامل نیست"),
    ("list.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(32)) * 100, "file_binary", "فهرست نیست"),
]


@pytest.mark.parametrize(("name", "content", "code", "word"), REFUSED, ids=[f"{code}-{name}" for name, _, code, _ in REFUSED])
def test_what_cannot_be_read_is_refused_in_a_sentence_and_nothing_remains(app, unit, name, content, code, word):
    with pytest.raises(Refused) as refused:
        commands.upload_list(unit, name, io.BytesIO(content), actor_id=None)
    assert refused.value.code == code
    with app.test_request_context("/"):
        sentence = explain(refused.value)
    assert re.search(word, sentence) and not re.search(r"%\(|file_", sentence), sentence
    assert list(files.uploads_folder().iterdir()) == []
    assert db.session.scalar(text("SELECT count(*) FROM contact_import")) == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", CSV.encode()),
        ("list.csv", CSV.replace(",", "\t").encode("utf-16")),
        ("list.csv", CSV.replace(",", ";").replace("ی", "ي").encode("cp1256")),
        ("list.xls", xls({"راهنما": {(0, 0): "بخوانید"}, "S": grid()})),
        ("list.ods", ods(ods_table("راهنما", [["بخوانید"]]) + ods_table("S", ROWS))),
    ],
)
def test_one_list_in_every_family_brings_the_same_people(tmp_path, unit, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    result, report = commands.import_file(path, unit, basis=Basis.CONSENT)
    assert (result.rows, result.created, result.rejected) == (4, 3, 1)
    numbers = sorted(queries.phones_of(list(db.session.scalars(text("SELECT identity_id FROM contact")))).values())
    assert numbers == ["+989120000001", "+989121234567", "+989351234567"]
    assert [(error["row"], error["column"], error["code"]) for error in report.errors] == [(4, "تلفن همراه".replace("ی", "ی"), "landline")]
    warned = {(warning["row"], warning["code"]) for warning in report.warnings}
    assert warned == {(5, "further_number"), (5, "formula_disarmed")}
    stored = db.session.execute(text("SELECT first_name, neighbourhood FROM contact WHERE first_name LIKE 'cmd%'")).one()
    assert tuple(stored) == ("cmd|' /C calc'!A0", "هرندی")


def test_long_lines_nuls_short_rows_and_lost_letters_are_stored_and_said(tmp_path, unit):
    rows = [
        "زه\0را,09121234567," + "م" * 65_536,
        "رضا,09351234567",
        "کبری,09361234567,هرندی,الف,ب",
    ]
    path = tmp_path / "list.csv"
    path.write_bytes(("نام,تلفن همراه,محله\n" + "\n".join(rows) + "\n").encode() + "سارا شهروند محترم,09371234567,".encode() + b"\xd8\n")
    result, report = commands.import_file(path, unit, basis=Basis.CONSENT)
    assert (result.created, result.rejected) == (4, 0)
    assert [(warning["row"], warning["code"]) for warning in report.warnings] == [
        (2, "text_cut"), (3, "cells_missing"), (4, "cells_beyond_columns"), (5, "characters_lost"),
    ]  # fmt: skip
    names = list(db.session.scalars(text("SELECT first_name FROM contact ORDER BY id")))
    assert names[0] == "زهرا" and db.session.scalar(text("SELECT max(length(neighbourhood)) FROM contact")) == 200


@pytest.mark.parametrize("name", ["list.ods", "list.xls"])
def test_rejected_rows_come_back_from_the_wizard_in_their_family(client: FlaskClient, app, unit, tmp_path: Path, name, drain) -> None:
    content = ods(ods_table("S", ROWS)) if name.endswith("ods") else xls({"S": grid()})
    with without_csrf(app):
        browser = sign_in(client, make_person(unit))
        answer = browser.post("/console/contacts/imports/new", data={"file": (io.BytesIO(content), name)})
        assert answer.status_code == 303, answer.text
        slug = answer.location.split("/")[4]
        commands.map_columns(slug, {0: "first_name", 1: "phone"})
        drain()
        answer = browser.get(f"/console/contacts/imports/{slug}/rejected")
        assert answer.status_code == 200, answer.location
    path = tmp_path / "rejected"
    path.write_bytes(answer.data)
    from contacts.reading import open_table

    table = open_table(path, header_row=1)
    assert table.kind == ("xlsx" if name == "list.xls" else "ods")
    assert [[str(cell or "") for cell in cells][:3] for _, cells in table.rows()] == [["4", "علی", "02155667788"]]
