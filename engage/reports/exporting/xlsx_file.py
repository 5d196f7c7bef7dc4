"""Excel: answers, codebook and figures on three sheets from right to left; row by row, so that memory doesn't grow with them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, cast

import xlsxwriter
from flask_babel import gettext as _

from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.exporting import codebook, figures
from engage.reports.exporting.cells import Cell
from engage.reports.exporting.sheet import Sheet, open_sheet, titles_of
from engage.reports.exporting.sheet_xml import LONGEST, fill_sheet

MOST_ROWS = 1_048_575
"""Of a sheet, under its heading"""
ANSWERS_PART = "xl/worksheets/sheet1.xml"
LONGEST_TITLE = 250
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


def write(report: Report, target: BinaryIO) -> None:
    """Everything into `target`; an anonymous survey's workbook has no sheet of answers.

    Refused("report_rows_too_many", limit) beyond what a sheet holds.
    """
    _write(open_sheet(report), target)


def write_whole(report: Report, target: BinaryIO) -> None:
    """As `write`, with what links brought along: for whoever may read single responses."""
    _write(open_sheet(report, whole=True), target)


def _write(sheet: Sheet, target: BinaryIO) -> None:
    with tempfile.TemporaryFile() as skeleton:
        _write_skeleton(sheet, cast(BinaryIO, skeleton))
        skeleton.seek(0)
        if sheet.is_anonymous:
            shutil.copyfileobj(skeleton, target)
        else:
            cells = sheet.report.answers * (len(sheet.columns) + len(sheet.about))
            fill_sheet(cast(BinaryIO, skeleton), target, ANSWERS_PART, lambda: _counted(sheet.labelled()), first=2, cells=cells)


def _counted(rows: Iterator[list[Cell]]) -> Iterator[list[Cell]]:
    for place, row in enumerate(rows, 1):
        if place > MOST_ROWS:
            raise Refused("report_rows_too_many", limit=MOST_ROWS)
        yield row


def _write_skeleton(sheet: Sheet, target: BinaryIO) -> None:
    """The workbook without the rows of answers."""
    with xlsxwriter.Workbook(target, dict(_OPTIONS)) as book:
        book.set_properties({"title": sheet.report.title[:LONGEST_TITLE]})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})

        def page(name: str, headings: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]]) -> None:
            made = book.add_worksheet(name)
            made.right_to_left()
            made.freeze_panes(1, 0)
            for place, width in enumerate(widths):
                made.set_column(place, place, width)
            for place, words in enumerate(headings):
                made.write_string(0, place, words[:LONGEST], bold)
            for number, row in enumerate(rows, 1):
                for place, cell in enumerate(row):
                    if isinstance(cell, str):
                        made.write_string(number, place, cell[:LONGEST])
                    else:
                        made.write_number(number, place, cell)

        if not sheet.is_anonymous:
            titles = [*sheet.about, *titles_of(sheet.columns)]
            page(_("Answers"), titles, [8, 12, 8, 14] + [18] * len(sheet.columns), ())
        page(_("Codebook"), codebook.headings(), [14, 16, 44, 18, 10, 14, 12, 36], (row.cells for row in codebook.codebook_rows(sheet)))
        rows = (row.cells for row in figures.figure_rows(sheet.report))
        page(_("Figures in short"), figures.headings(), [14, 44, 16, 18, 12, 30, 14, 12, 10, 12, 26], rows)
