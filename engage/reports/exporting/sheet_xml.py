"""Rows of a workbook's sheet as XML, streamed into a workbook that was made without them.

XlsxWriter makes the workbook, so that its parts are those Excel expects; the rows of a sheet with many thousands of them go in here
several times as fast. Cells are numbers and inline strings: nothing is ever a formula. Format: ECMA-376, part 1, 18.3.1.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import IO, Any, BinaryIO

from xlsxwriter.utility import xl_col_to_name

LONGEST = 32_767
"""Letters of a cell"""
_END = b"</sheetData>"
_NO_ROWS = b"<sheetData/>"
_DIMENSION = re.compile(rb"<dimension [^>]*/>")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_AT_ONCE = 500
_MOST_KEPT = 10_000
_LEVEL = 3
_ZIP64_FROM = 8_000_000
"""Cells; from here on a part is expected to pass 2 GiB"""


def fill_sheet(
    skeleton: BinaryIO, target: BinaryIO, part: str, rows: Callable[[], Iterable[Sequence[Any]]], *, first: int, cells: int
) -> None:
    """The workbook `skeleton` into `target`, with `rows` in its part from row number `first` (from 1) on; `cells` is about how many come.

    Packages are plain where they can be, since not every program reads ZIP64; where texts turn out longer than expected, it is done anew.
    """
    start = target.tell()
    try:
        _fill(skeleton, target, part, rows(), first, is_large=cells > _ZIP64_FROM)
    except RuntimeError:  # zipfile's word for a part beyond its limit
        if cells > _ZIP64_FROM:
            raise
        target.seek(start)
        target.truncate()
        _fill(skeleton, target, part, rows(), first, is_large=True)


def _fill(skeleton: BinaryIO, target: BinaryIO, part: str, rows: Iterable[Sequence[Any]], first: int, *, is_large: bool) -> None:
    with zipfile.ZipFile(skeleton) as made, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as filled:
        for entry in made.infolist():
            content = made.read(entry)
            if entry.filename != part:
                filled.writestr(entry.filename, content)
                continue
            # How far the sheet reaches isn't known yet; the element is optional.
            before, _, after = _DIMENSION.sub(b"", content).replace(_NO_ROWS, b"<sheetData></sheetData>").partition(_END)
            with filled.open(entry.filename, "w", force_zip64=is_large) as sheet:
                sheet.write(before)
                _write_rows(sheet, rows, first)
                sheet.write(_END + after)


def _write_rows(sheet: IO[bytes], rows: Iterable[Sequence[Any]], first: int) -> None:
    names: list[str] = []
    kept: dict[str, str] = {}
    block: list[str] = []
    for place, row in enumerate(rows, first):
        while len(names) < len(row):
            names.append(f'<c r="{xl_col_to_name(len(names))}')
        block.append(f'<row r="{place}">')
        for name, cell in zip(names, row, strict=False):
            if type(cell) is str:
                if cell:
                    words = kept.get(cell)
                    if words is None:
                        words = _words(cell)
                        if len(kept) < _MOST_KEPT:
                            kept[cell] = words
                    block.append(f"{name}{place}{words}")
            else:
                block.append(f'{name}{place}"><v>{cell}</v></c>')
        block.append("</row>")
        if place % _AT_ONCE == 0:
            sheet.write("".join(block).encode())
            block.clear()
    sheet.write("".join(block).encode())


def _words(text: str) -> str:
    """The end of a cell's element that holds this text. Letters XML has no place for are written as Excel does: _x0007_."""
    fit = _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", text[:LONGEST])
    return f'" t="inlineStr"><is><t xml:space="preserve">{escape(fit, quote=False)}</t></is></c>'
