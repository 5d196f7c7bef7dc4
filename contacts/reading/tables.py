"""A list as a table, whatever file it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from contacts.reading.delimited import Delimited, open_delimited
from contacts.reading.opendocument import OpenSheet, sheets_of
from contacts.rules.columns import Cell, Field, find_header, header_key, score_header
from contacts.rules.rows import is_blank, text_of
from engage import persian
from engage.refusal import Refused
from engage.tables.archive import check_archive
from engage.tables.bounds import check_bounds
from engage.tables.compound import check_compound
from engage.tables.workbook import Sheet, Workbook

SAMPLE_ROWS = 50
MAX_COLUMNS = 200
DEFAULT_MAX_BYTES = 50 * 1024 * 1024
FIRST_ROWS = SAMPLE_ROWS + 15

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COUNTED_ROWS = 1_000_000

Source = Delimited | Sheet | OpenSheet
_Load = Callable[[str], Source | None]


@dataclass(frozen=True)
class Table:
    """An opened list. Row numbers are those of the file: its first row is 1, blank rows count but are not yielded."""

    source: Source
    headers: tuple[str, ...]
    header_row: int
    """0 when the list starts with people; the headers are then column letters."""
    samples: tuple[tuple[Cell, ...], ...] = field(repr=False)

    @property
    def kind(self) -> str:
        """The family of the file: "csv", "xlsx", "xls" or "ods"."""
        return self.source.kind

    @property
    def sheet(self) -> str:
        return self.source.sheet

    @property
    def encoding(self) -> str:
        """Of a text file; "" for a workbook."""
        return self.source.encoding if isinstance(self.source, Delimited) else ""

    @property
    def separator(self) -> str:
        """Of a text file; "" for a workbook."""
        return self.source.separator if isinstance(self.source, Delimited) else ""

    @property
    def width(self) -> int:
        return len(self.headers)

    @property
    def repeated_headers(self) -> tuple[str, ...]:
        """Headers that name more than one column; whoever maps them has to look at the values."""
        keys = [header_key(header) for header in self.headers]
        return tuple(dict.fromkeys(header for header, key in zip(self.headers, keys, strict=True) if keys.count(key) > 1))

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """(row number, cells) of every row below the header that holds anything."""
        width = self.width if isinstance(self.source, OpenSheet) else 0
        for number, cells in self.source.rows():
            if number > self.header_row and not is_blank(cells):
                # LibreOffice leaves out what is blank at the end of a row; a row of text that is too short has lost something.
                yield number, cells if len(cells) >= width else [*cells, *[None] * (width - len(cells))]

    def count(self) -> int:
        """How many rows there are."""
        return sum(1 for _ in self.rows())


@dataclass(frozen=True)
class SheetInfo:
    """One sheet of a workbook, for whoever has to choose."""

    name: str
    rows: int
    """Filled rows, the header among them"""
    looks_like_people: bool
    """Its beginning names a column of phones, or holds mobiles."""


def open_table(path: Path, *, sheet: str = "", header_row: int | None = None, max_bytes: int = DEFAULT_MAX_BYTES) -> Table:
    """The list in a CSV, XLSX, XLS or ODS file, recognised by content, never by name.

    `sheet` names one of a workbook; else the first that looks like people is taken. `header_row` is the row of the file that names the
    columns, 0 for none; by default it is recognised.

    Refused: file_missing, file_empty, file_too_large (limit in megabytes), file_unreadable, file_cut, file_binary, file_locked, file_macros,
    file_bomb, file_cells (limit), file_binary_excel, file_wide (limit), file_rows_missing, sheet_unknown (sheet), header_row_unknown (row),
    file_quote_open (row) and file_line_long (row), the last two also while rows are read. Limits are checked before anything is opened.
    """
    kind = _kind_of(path, max_bytes)
    if kind == "csv":
        return _table(open_delimited(path), header_row)
    names, load = _sheets(path, kind)
    if sheet:
        if sheet not in names:
            raise Refused("sheet_unknown", sheet=sheet)
        found = load(sheet)
        if found is None:
            raise Refused("file_empty")
        return _table(found, header_row)
    fallback: Source | None = None
    for name in names:
        found = load(name)
        if found is None:
            continue
        first = _first_rows(found)
        if _looks_like_people(first):
            return _table(found, header_row)
        if fallback is None and any(not is_blank(cells) for _, cells in first):
            fallback = found
    if fallback is None:
        raise Refused("file_empty")
    return _table(fallback, header_row)


def list_sheets(path: Path, *, max_bytes: int = DEFAULT_MAX_BYTES) -> tuple[SheetInfo, ...]:
    """The sheets of a workbook that hold anything, in their order; () for a text file. Refused as `open_table`."""
    kind = _kind_of(path, max_bytes)
    if kind == "csv":
        return ()
    names, load = _sheets(path, kind)
    infos = []
    for name in names:
        found = load(name)
        if found is None:
            continue
        with closing(found.rows()) as rows:
            filled = sum(1 for _, cells in islice(rows, _COUNTED_ROWS) if not is_blank(cells))
        if filled:
            infos.append(SheetInfo(name, filled, _looks_like_people(_first_rows(found))))
    return tuple(infos)


def _kind_of(path: Path, max_bytes: int) -> str:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except OSError:
        raise Refused("file_missing") from None
    if not size:
        raise Refused("file_empty")
    if size > max_bytes:
        raise Refused("file_too_large", limit=max_bytes // 1024 // 1024)
    if head.startswith(_ZIP):
        kind = check_archive(path)
        if kind == "xlsx":
            check_bounds(path)
        return kind
    if head.startswith(_OLE):
        check_compound(path)
        return "xls"
    return "csv"


def _sheets(path: Path, kind: str) -> tuple[list[str], _Load]:
    if kind == "ods":
        names = sheets_of(path)
        return names, lambda name: OpenSheet(path, name, names.index(name))
    book = Workbook(path, kind)
    return book.names, book.sheet


def _first_rows(source: Source) -> list[tuple[int, Sequence[Cell]]]:
    with closing(source.rows()) as rows:
        return list(islice(rows, FIRST_ROWS))


def _looks_like_people(first: Sequence[tuple[int, Sequence[Cell]]]) -> bool:
    named = any((score := score_header(cell)) and score[0] == Field.PHONE for _, cells in first[:15] for cell in cells)
    return named or sum(any(persian.parse_phones(cell).first for cell in cells if cell) for _, cells in first) > 1


def _table(source: Source, header_row: int | None) -> Table:
    first = _first_rows(source)
    filled = [(number, cells) for number, cells in first if not is_blank(cells)]
    if not filled and not header_row:
        raise Refused("file_empty")
    if header_row is None:
        position = find_header([cells for _, cells in first])
        chosen = None if position is None else first[position]
    elif header_row == 0:
        chosen = None
    else:
        with closing(source.rows()) as rows:
            chosen = next((row for row in rows if row[0] >= header_row), None)
        if chosen is None or chosen[0] != header_row or is_blank(chosen[1]):
            raise Refused("header_row_unknown", row=header_row)
        with closing(source.rows()) as rows:
            filled = list(islice((row for row in rows if row[0] > header_row and not is_blank(row[1])), SAMPLE_ROWS))
    if chosen is None:
        width = max(len(_trimmed(cells)) for _, cells in filled)
        headers = tuple(_letter(position) for position in range(width))
        number, below = 0, filled
    else:
        number, cells = chosen
        below = [row for row in filled if row[0] > number]
        # A header may stop short of the cells below it; those columns have letters.
        texts = [text_of(cell)[:_MAX_HEADER] for cell in _trimmed(cells)]
        headers = tuple(text or _letter(position) for position, text in enumerate(texts))
    if len(headers) > MAX_COLUMNS:
        raise Refused("file_wide", limit=MAX_COLUMNS)
    if not below:
        raise Refused("file_rows_missing")
    return Table(source, headers, number, tuple(tuple(cells) for _, cells in below[:SAMPLE_ROWS]))


_MAX_HEADER = 200


def _trimmed(cells: Sequence[Cell]) -> Sequence[Cell]:
    end = len(cells)
    while end and (cells[end - 1] is None or text_of(cells[end - 1]) == ""):
        end -= 1
    return cells[:end]


def _letter(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
