"""ODS, read as a stream: LibreOffice's sheets in flat memory."""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from contacts.rules.columns import Cell
from engage.refusal import Refused
from engage.tables.archive import BROKEN
from engage.tables.bounds import refuse_doctype

MAX_ROWS = 1_048_576
"""Of one sheet: what the format allows. A filled row may say it is repeated; blank ones are counted, not made."""
MAX_WIDTH = 1_024
MAX_CELL_TEXT = 1 << 20
_PIECE = 1 << 18


@dataclass(frozen=True)
class OpenSheet:
    """One sheet of an ODS file. `rows` reads it anew each time, from row 1 on; runs of blank rows count but are not yielded."""

    path: Path
    sheet: str
    position: int

    kind = "ods"

    def rows(self) -> Generator[tuple[int, Sequence[Cell]], None, None]:
        for position, _, number, cells in _read(self.path):
            if position == self.position:
                yield number, cells
            elif position > self.position:
                return


def sheets_of(path: Path) -> list[str]:
    """Names of the sheets, in their order; reads the whole file once."""
    names: dict[int, str] = {}
    for position, name, _, _ in _read(path, names_only=True):
        names[position] = name
    return [names[position] for position in sorted(names)]


class _Handler:
    """Rows out of the events of content.xml, kept until they are fetched."""

    def __init__(self, names_only: bool) -> None:
        self.rows: deque[tuple[int, str, range, list[Cell]]] = deque()
        self._names_only = names_only
        self._table, self._name, self._number = -1, "", 0
        self._cells: list[Cell] = []
        self._row_repeat = self._cell_repeat = 1
        self._kind = self._value = ""
        self._text: list[str] = []
        self._size = self._paragraphs = 0
        self._depth = {"table": 0, "cell": 0, "p": 0, "skip": 0}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        if name == "table:table":
            depth["table"] += 1
            if depth["table"] == 1:
                self._table += 1
                self._name, self._number = attributes.get("table:name", ""), 0
                self.rows.append((self._table, self._name, range(1), []))
        elif self._names_only or depth["table"] != 1:
            return
        elif name in ("office:annotation", "draw:frame", "table:shapes"):
            depth["skip"] += 1
        elif depth["skip"]:
            return
        elif name == "table:table-row":
            self._cells = []
            self._row_repeat = _repeat(attributes.get("table:number-rows-repeated"))
        elif name in ("table:table-cell", "table:covered-table-cell"):
            depth["cell"] += 1
            self._cell_repeat = _repeat(attributes.get("table:number-columns-repeated"))
            self._kind = attributes.get("office:value-type", "")
            self._value = attributes.get(_ATTRIBUTES.get(self._kind, ""), "")
            self._text, self._size, self._paragraphs = [], 0, 0
        elif depth["cell"] and name == "text:p":
            depth["p"] += 1
            if self._paragraphs:
                self._text.append("\n")
            self._paragraphs += 1
        elif depth["p"] and name == "text:s":
            self._text.append(" ")
        elif depth["p"] and name == "text:tab":
            self._text.append("\t")
        elif depth["p"] and name == "text:line-break":
            self._text.append("\n")

    def text(self, data: str) -> None:
        if self._depth["p"] and not self._depth["skip"] and self._size < MAX_CELL_TEXT:
            self._text.append(data)
            self._size += len(data)

    def end(self, name: str) -> None:
        depth = self._depth
        if name == "table:table":
            depth["table"] -= 1
        elif self._names_only or depth["table"] != 1:
            return
        elif name in ("office:annotation", "draw:frame", "table:shapes"):
            depth["skip"] -= 1
        elif depth["skip"]:
            return
        elif name == "text:p":
            depth["p"] = max(0, depth["p"] - 1)
        elif name in ("table:table-cell", "table:covered-table-cell"):
            depth["cell"] -= 1
            self._add_cell(_cell(self._kind, self._value, "".join(self._text)))
        elif name == "table:table-row":
            self._add_row()

    def _add_cell(self, cell: Cell) -> None:
        if cell is None or cell == "":
            # Blanks to the right of everything say nothing: they wait until something stands behind them.
            self._cells.extend([None] * min(self._cell_repeat, MAX_WIDTH))
            del self._cells[4 * MAX_WIDTH :]
        elif len(self._cells) + self._cell_repeat > MAX_WIDTH:
            raise Refused("file_wide", limit=200)
        else:
            self._cells.extend([cell] * self._cell_repeat)

    def _add_row(self) -> None:
        cells = self._cells
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            if self._number + self._row_repeat > MAX_ROWS:
                raise Refused("file_bomb")
            self.rows.append((self._table, self._name, range(self._number + 1, self._number + self._row_repeat + 1), cells))
        self._number += self._row_repeat


_ATTRIBUTES = {
    "float": "office:value",
    "currency": "office:value",
    "percentage": "office:value",
    "date": "office:date-value",
    "boolean": "office:boolean-value",
    "string": "office:string-value",
}


def _cell(kind: str, value: str, text: str) -> Cell:
    if kind in ("float", "currency", "percentage"):
        try:
            return float(value)
        except ValueError:
            return text or None
    if kind == "date":
        return value.partition("T")[0] or text or None
    if kind == "boolean":
        return value or text or None
    return text or value or None


def _repeat(value: str | None) -> int:
    return min(max(int(value), 1), 1 << 24) if value and value.isdecimal() and len(value) < 9 else 1


def _read(path: Path, *, names_only: bool = False) -> Generator[tuple[int, str, int, list[Cell]], None, None]:
    handler = _Handler(names_only)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = handler.start, handler.end, handler.text
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
            while True:
                piece = file.read(_PIECE)
                parser.Parse(piece, not piece)
                while handler.rows:
                    table, name, numbers, cells = handler.rows.popleft()
                    for number in numbers:
                        if names_only or number:
                            yield table, name, number, cells
                if not piece:
                    return
    except (expat.ExpatError, KeyError):
        raise Refused("file_unreadable") from None
    except BROKEN as error:
        raise Refused("file_unreadable") from error
