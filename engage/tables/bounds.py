"""How much memory the sheets of an XLSX would take, found out before they are loaded.

The loader lays a sheet out as a full grid from its first to its last cell and copies a shared text into each cell that names it: one
kilobyte of XML with a cell in the last corner asks for half a terabyte.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

from engage.refusal import Refused
from engage.tables.archive import BROKEN

MAX_CELLS = 3_000_000
"""Of a grid, blank ones included; 90 bytes each were measured at the peak of loading, so that a worker stays under 300 MB."""
MAX_TEXT = 256 * 1024 * 1024
"""Bytes of all cells' texts together"""

_PIECE = 1 << 20
_CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"')
_ROW = re.compile(rb'<row [^>]*?\br="([0-9]{1,7})"')
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def check_bounds(path: Path) -> None:
    """Refused("file_cells", limit) when a sheet is too large to be loaded, "file_bomb" when it was made to be."""
    try:
        with zipfile.ZipFile(path) as archive:
            texts = _longest_text(archive)
            for entry in archive.infolist():
                if entry.filename.lower().endswith(".xml") and "sharedstrings" not in entry.filename.lower():
                    _check_sheet(archive, entry, texts)
    except expat.ExpatError:
        raise Refused("file_unreadable") from None
    except BROKEN:
        raise Refused("file_unreadable") from None


def _check_sheet(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, longest: int) -> None:
    rows, columns, cells, plain = 0, set(), 0, True
    seen = False
    with archive.open(entry) as file:
        rest = b""
        while piece := file.read(_PIECE):
            piece = rest + piece
            cut = piece.rfind(b">") + 1
            piece, rest = piece[:cut], piece[cut:][-_PIECE:]
            # Either way of writing XML: one byte a letter, or two.
            seen = seen or b"sheetData" in piece or b"s\0h\0e\0e\0t\0D\0" in piece
            found = _CELL.findall(piece)
            columns.update(found)
            cells += len(found)
            numbers = _ROW.findall(piece)
            rows = max(rows, max(map(int, numbers), default=0))
            plain = plain and len(numbers) == _tags(piece, b"<row") and len(found) == _tags(piece, b"<c")
    if not seen:
        return
    width = max(map(_column, columns), default=0)
    if plain and cells and rows * width <= MAX_CELLS and cells * longest <= MAX_TEXT:
        return
    _measure(archive, entry)


def _tags(piece: bytes, opening: bytes) -> int:
    return piece.count(opening + b" ") + piece.count(opening + b">") + piece.count(opening + b"/")


def _measure(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """The exact reckoning, by a parser: only cells that hold something count, and every text as often as it is named."""
    lengths = _text_lengths(archive)
    state = {"row": 0, "column": 0, "max_row": 0, "max_column": 0, "text": 0}
    position: list[Any] = [0, 0, False, False]  # row, column, is shared text, within <v>
    value: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "row":
            position[0] = int(attributes["r"]) if attributes.get("r", "").isdecimal() else position[0] + 1
            position[1] = 0
        elif local == "c":
            reference = _REFERENCE.fullmatch(attributes.get("r", ""))
            position[1] = _column(reference[1].upper().encode()) if reference else position[1] + 1
            if reference:
                position[0] = int(reference[2])
            position[2] = attributes.get("t") == "s"
        elif local in ("v", "t", "is"):
            position[3] = True
            value.clear()
            state["max_row"] = max(state["max_row"], position[0])
            state["max_column"] = max(state["max_column"], position[1])
            if state["max_row"] * state["max_column"] > MAX_CELLS:
                raise Refused("file_cells", limit=MAX_CELLS)

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "v" and position[2]:
            number = "".join(value)
            if number.isdecimal() and int(number) < len(lengths):
                state["text"] += lengths[int(number)]
                if state["text"] > MAX_TEXT:
                    raise Refused("file_bomb")
        position[3] = False

    def text(data: str) -> None:
        if position[3] and position[2]:
            value.append(data[:20])

    parse(archive, entry, start, end, text)


def _longest_text(archive: zipfile.ZipFile) -> int:
    longest, since = 0, 0
    for entry in _shared(archive):
        with archive.open(entry) as file:
            while piece := file.read(_PIECE):
                parts = piece.split(b"<si")
                longest = max(longest, since + len(parts[0]), *(len(part) for part in parts[1:])) if len(parts) > 1 else longest
                since = len(parts[-1]) if len(parts) > 1 else since + len(piece)
            longest = max(longest, since)
    return longest


def _text_lengths(archive: zipfile.ZipFile) -> list[int]:
    lengths: list[int] = []
    for entry in _shared(archive):

        def start(name: str, attributes: dict[str, str]) -> None:
            if name.rpartition(":")[2] == "si":
                lengths.append(0)

        def text(data: str) -> None:
            if lengths:
                lengths[-1] += 2 * len(data)

        parse(archive, entry, start, lambda name: None, text)
    return lengths


def _shared(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [entry for entry in archive.infolist() if "sharedstrings" in entry.filename.lower()]


def parse(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, start: Any, end: Any, text: Any) -> None:
    """Read one XML entry by events. A document type would bring entities, which no spreadsheet has: Refused("file_unreadable")."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
        parser.Parse(b"", True)


def refuse_doctype(*_: Any) -> None:
    raise Refused("file_unreadable")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
