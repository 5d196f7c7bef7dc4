"""XLSX, behind limits that are checked before anything is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine

from contacts.rules.columns import Cell, score_header
from engage.refusal import Refused

MAX_ENTRIES = 2_000
MAX_UNPACKED = 600 * 1024 * 1024
MAX_RATIO = 100
"""Spreadsheets of people pack 5 to 20 fold, repetitive ones 50 fold; bombs start in the hundreds."""
SMALL = 20 * 1024 * 1024
"""Below this no ratio matters: an empty grid packs well and harms nobody."""

_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, loaded once; `rows` walks it anew each time, from row 1 on."""

    grid: Any
    sheet: str

    kind = "xlsx"

    def rows(self) -> Generator[tuple[int, Sequence[Cell]], None, None]:
        for number, cells in enumerate(self.grid.iter_rows(), 1):
            yield number, [_cell(value) for value in cells]


def _cell(value: Any) -> Cell:
    if isinstance(value, str | float):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | time | timedelta):
        return str(value)
    if isinstance(value, int):
        return value
    return None if value is None else str(value)


def is_encrypted(path: Path) -> bool:
    """Whether an OLE file is a workbook locked by a password: its content then lies in a stream called EncryptedPackage."""
    name = "EncryptedPackage".encode("utf-16-le")
    with path.open("rb") as file:
        return name in file.read()


def check_archive(path: Path) -> None:
    """A workbook that is safe to unpack. Refused: file_unreadable, file_macros, file_bomb.

    Declared sizes are looked at first; then every entry is unpacked into nothing, because a directory can lie and the check sums
    tell.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = max(1, sum(entry.compress_size for entry in entries))
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
                raise Refused("file_bomb")
            if unpacked > SMALL and unpacked / packed > MAX_RATIO:
                raise Refused("file_bomb")
            for entry in entries:
                if entry.file_size > SMALL and entry.file_size / max(1, entry.compress_size) > MAX_RATIO:
                    raise Refused("file_bomb")
            names = {entry.filename.lower() for entry in entries}
            if any(name.rpartition("/")[2] == "vbaproject.bin" for name in names):
                raise Refused("file_macros")
            if not any(name.startswith("xl/") for name in names):
                raise Refused("file_unreadable")
            for entry in entries:
                with archive.open(entry) as file:
                    while file.read(1 << 20):
                        pass
    except _BROKEN:
        raise Refused("file_unreadable") from None


def open_sheet(path: Path) -> Sheet:
    """The sheet with the people: the first whose beginning names a phone column, else the first that holds anything."""
    check_archive(path)
    try:
        book = python_calamine.load_workbook(str(path))
        found: Sheet | None = None
        for number, name in enumerate(book.sheet_names):
            grid = book.get_sheet_by_index(number)
            if grid.start is None:
                continue
            sheet = Sheet(grid, name)
            if _names_a_phone(sheet):
                return sheet
            found = found or sheet
    except python_calamine.PasswordError:
        raise Refused("file_locked") from None
    except (python_calamine.CalamineError, *_BROKEN):
        raise Refused("file_unreadable") from None
    if found is None:
        raise Refused("file_empty")
    return found


def _names_a_phone(sheet: Sheet) -> bool:
    for number, cells in sheet.rows():
        if number > 15:
            return False
        if any((score := score_header(cell)) and score[0] == "phone" for cell in cells):
            return True
    return False
