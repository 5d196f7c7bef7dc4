"""Sheets of Excel workbooks, loaded by calamine behind the limits of `archive`, `bounds` and `compound`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine

from engage.refusal import Refused
from engage.tables import Cell
from engage.tables.archive import BROKEN


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, loaded once; `rows` walks it anew each time, from row 1 on."""

    grid: Any
    sheet: str
    kind: str

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


class Workbook:
    """An opened workbook; its sheets are loaded one at a time. Refused: file_locked, file_unreadable."""

    def __init__(self, path: Path, kind: str) -> None:
        self._kind = kind
        try:
            self._book = python_calamine.load_workbook(str(path))
            metadata = self._book.sheets_metadata
        except python_calamine.PasswordError:
            raise Refused("file_locked") from None
        except (python_calamine.CalamineError, *BROKEN):
            raise Refused("file_unreadable") from None
        self.names = [sheet.name for sheet in metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of this name; None when nothing stands in it."""
        try:
            grid = self._book.get_sheet_by_name(name)
        except (python_calamine.CalamineError, *BROKEN):
            raise Refused("file_unreadable") from None
        return Sheet(grid, name, self._kind) if grid.start is not None else None
