"""The sheets of an XLSForm as rows of texts, whatever file it came in. Runs only in the process apart (`child`)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engage.refusal import Refused
from engage.tables import Cell
from engage.tables.archive import check_archive
from engage.tables.bounds import check_bounds
from engage.tables.compound import check_compound
from engage.tables.workbook import Workbook

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 400
MAX_CELL = 40_000
WANTED = ("survey", "choices", "settings", "external_choices")
ROW_MARK = "__row"
UNTITLED = "engage-untitled"
"""What pyxform is to call a form that has neither a title nor an id."""
CHOICE_MARK = "__at"
"""Columns of ours that carry each row's number through pyxform."""
_MARKS = {"survey": ROW_MARK, "choices": CHOICE_MARK}

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPACES = re.compile(r" +")
_TEXT_COLUMNS = frozenset({
    "label", "caption", "hint", "constraint_message", "constraining_message", "required_message", "requiredmsg", "bind", "default", "form_title",
    "set_form_title", "title",
})  # fmt: skip
_QUOTES = {"\u2018": "\ufdd0", "\u2019": "\ufdd1", "\u201c": "\ufdd2", "\u201d": "\ufdd3"}
_HIDE = str.maketrans(_QUOTES)
_SHOW = str.maketrans({hidden: shown for shown, hidden in _QUOTES.items()})


@dataclass
class FormSheet:
    """One sheet: its columns in order, and its rows from row 2 of the file on, blank ones as empty dicts."""

    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)


def read_sheets(path: Path) -> tuple[dict[str, FormSheet], list[str]]:
    """The sheets an XLSForm can have, by name in small letters, and the names of all sheets in the file.

    Refused: file_missing, file_empty, file_too_large (limit), file_binary, those of `engage.tables` and form_sheet_large (sheet, limit),
    form_sheet_missing (sheet), form_column_repeated (sheet, column), form_column_missing (sheet, column).
    """
    found, names = _raw_sheets(path)
    if "survey" not in found and len(names) == 1 and names[0] in found:
        found = {"survey": found[names[0]]}
    if "survey" not in found:
        raise Refused("form_sheet_missing", sheet="survey")
    sheets = {name: _with_columns(name, rows) for name, rows in found.items() if name in WANTED}
    for name, column in (("survey", "type"), ("choices", "name")):
        sheet = sheets.get(name)
        if sheet is not None and (sheet.rows or name == "survey"):
            known = {_plain(each) for each in sheet.columns}
            if not known & _SAME[column]:
                raise Refused("form_column_missing", sheet=name, column=column)
    return sheets, names


_SAME = {"type": {"type", "command"}, "name": {"name", "value"}}


def _raw_sheets(path: Path) -> tuple[dict[str, list[list[str]]], list[str]]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except OSError:
        raise Refused("file_missing") from None
    if not size:
        raise Refused("file_empty")
    if size > MAX_BYTES:
        raise Refused("file_too_large", limit=MAX_BYTES // 1024 // 1024)
    if head.startswith(_ZIP):
        if check_archive(path) != "xlsx":
            raise Refused("file_binary")
        check_bounds(path)
        return _workbook(path, "xlsx")
    if head.startswith(_OLE):
        check_compound(path)
        return _workbook(path, "xls")
    return _delimited(path.read_bytes())


def _workbook(path: Path, kind: str) -> tuple[dict[str, list[list[str]]], list[str]]:
    book = Workbook(path, kind)
    found: dict[str, list[list[str]]] = {}
    for name in book.names:
        key = name.strip().lower()
        if key not in WANTED and len(book.names) > 1:
            continue
        if key in found:
            raise Refused("form_sheet_repeated", sheet=key)
        sheet = book.sheet(name)
        if sheet is None:
            continue
        if sheet.grid.height > MAX_ROWS or sheet.grid.width > MAX_COLUMNS:
            raise Refused("form_sheet_large", sheet=name, limit=MAX_ROWS)
        found[key] = [[_text(cell) for cell in cells] for _, cells in sheet.rows()]
    return found, [name.strip().lower() for name in book.names]


def _delimited(content: bytes) -> tuple[dict[str, list[list[str]]], list[str]]:
    """One text of several sheets: the first column names a sheet, the row after it its columns."""
    text = _decoded(content)
    if "," not in text:
        raise Refused("file_binary")
    csv.field_size_limit(1 << 20)
    found: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    try:
        for record in csv.reader(io.StringIO(text, newline=""), strict=True):
            name, cells = (record[0].strip().lower(), [_text(cell) for cell in record[1:]]) if record else ("", [])
            if name:
                current = found.setdefault(name, [])
            if any(cells):
                if current is None:
                    raise Refused("form_sheet_missing", sheet="survey")
                current.append(cells)
            if current is not None and len(current) > MAX_ROWS:
                raise Refused("form_sheet_large", sheet=name, limit=MAX_ROWS)
    except csv.Error:
        raise Refused("file_unreadable") from None
    return found, list(found)


def _decoded(content: bytes) -> str:
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "cp1256"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(letter < " " and letter not in "\t\r\n\x0b\x0c\x1a" for letter in text):
            break
        return text
    raise Refused("file_binary")


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).replace("\xa0", " ").replace("\x00", "").strip()[:MAX_CELL]


def _with_columns(name: str, raw: Iterable[Sequence[str]]) -> FormSheet:
    rows = list(raw)
    start = next((position for position, cells in enumerate(rows) if any(cells)), None)
    if start is None:
        return FormSheet()
    if len(rows[start]) > MAX_COLUMNS:
        raise Refused("form_sheet_large", sheet=name, limit=MAX_COLUMNS)
    heads = [_SPACES.sub(" ", head) for head in rows[start]]
    seen: set[str] = set()
    for head in heads:
        if head and _folded(head) in seen:
            raise Refused("form_column_repeated", sheet=name, column=head)
        seen.add(_folded(head))
    sheet = FormSheet([head for head in heads if head])
    # Rows above the header are counted, so that a place told is a place in the file.
    sheet.rows = [{} for _ in range(start)]
    for number, cells in enumerate(rows[start + 1 :], start + 2):
        row = {head: _clean(head, cell) for head, cell in zip(heads, cells, strict=False) if head and cell}
        if row and name in _MARKS:
            row[_MARKS[name]] = str(number)
        sheet.rows.append(row)
    while sheet.rows and not sheet.rows[-1]:
        sheet.rows.pop()
    if name in _MARKS:
        sheet.columns.append(_MARKS[name])
    return sheet


def _clean(head: str, cell: str) -> str:
    """Texts keep their quotation marks and spaces through pyxform, which would straighten both; expressions are straightened."""
    if _plain(head).split(":")[0] in _TEXT_COLUMNS and not _plain(head).endswith(("relevant", "constraint", "calculate", "required")):
        return cell.translate(_HIDE)
    return _SPACES.sub(" ", cell)


def shown_again(text: str) -> str:
    """Texts as they stood in the file."""
    return text.translate(_SHOW)


def _plain(head: str) -> str:
    return "_".join(head.split()).lower()


def _folded(head: str) -> str:
    """Columns of one meaning written alike; languages differ by more than capitals."""
    first, mark, rest = head.partition("::")
    return _plain(first) + mark + rest.strip()


def row_of(element: Mapping[str, Any]) -> int:
    """The row of the sheet survey that something pyxform tells of came from, 0 for what it made itself."""
    mark = str(element.get(ROW_MARK) or "")
    return int(mark) if mark.isdecimal() else 0
