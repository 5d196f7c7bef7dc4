"""A list as a table, whatever file it came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from contacts.reading import delimited, workbook
from contacts.rules.columns import Cell, find_header
from contacts.rules.rows import is_blank, text_of
from engage.refusal import Refused

SAMPLE_ROWS = 50
MAX_COLUMNS = 200
DEFAULT_MAX_BYTES = 50 * 1024 * 1024

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Table:
    """An opened list. Row numbers are those of the file: its first row is 1, blank rows count but are not yielded."""

    source: delimited.Delimited | workbook.Sheet
    headers: tuple[str, ...]
    header_row: int
    """0 when the list starts with people; the headers are then column letters."""
    samples: tuple[tuple[Cell, ...], ...] = field(repr=False)

    @property
    def kind(self) -> str:
        """The family of the file: "csv" or "xlsx"."""
        return self.source.kind

    @property
    def sheet(self) -> str:
        return self.source.sheet

    @property
    def width(self) -> int:
        return len(self.headers)

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """(row number, cells) of every row below the header that holds anything."""
        for number, cells in self.source.rows():
            if number > self.header_row and not is_blank(cells):
                yield number, cells

    def count(self) -> int:
        """How many rows there are."""
        return sum(1 for _ in self.rows())


def open_table(path: Path, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Table:
    """The list in a CSV or XLSX file, recognised by content, never by name.

    Refused: file_missing, file_empty, file_too_large (limit in megabytes), file_unreadable, file_binary, file_locked, file_old_excel,
    file_macros, file_bomb, file_wide, file_rows_missing. Zip limits are checked before anything is opened.
    """
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
        return _table(workbook.open_sheet(path))
    if head.startswith(_OLE):
        raise Refused("file_locked" if workbook.is_encrypted(path) else "file_old_excel")
    return _table(delimited.open_delimited(path))


def _table(source: delimited.Delimited | workbook.Sheet) -> Table:
    with closing(source.rows()) as rows:
        first = list(islice(rows, SAMPLE_ROWS + 15))
    filled = [(number, cells) for number, cells in first if not is_blank(cells)]
    if not filled:
        raise Refused("file_empty")
    header = find_header([cells for _, cells in first])
    width = max(len(_trimmed(cells)) for _, cells in filled)
    if header is None:
        headers = tuple(_letter(position) for position in range(width))
        header_row, below = 0, filled
    else:
        header_row, cells = first[header]
        # A header may stop short of the cells below it; those columns have letters.
        texts = [text_of(cell) for cell in _trimmed(cells)]
        below = [(number, row) for number, row in filled if number > header_row]
        width = len(texts) if texts else width
        headers = tuple(text or _letter(position) for position, text in enumerate(texts))
    if len(headers) > MAX_COLUMNS:
        raise Refused("file_wide", limit=MAX_COLUMNS)
    if not below:
        raise Refused("file_rows_missing")
    return Table(source, headers, header_row, tuple(tuple(cells) for _, cells in below[:SAMPLE_ROWS]))


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
