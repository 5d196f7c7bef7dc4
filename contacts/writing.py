"""Rows of an export as a file: CSV that Excel reads as UTF-8, or a workbook whose sheet runs from right to left."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_babel import gettext as _

from contacts.looks import LANGUAGES, REACH_LOOKS, STANDING_LOOKS
from contacts.queries.exporting import ExportPlan
from contacts.words import GENDERS, field_words

XLSX_AT_MOST = 200_000
"""A workbook is written as a whole before its first byte is sent; a CSV goes out as it is read."""

_MARK = "\ufeff"
_PIECE = 500


def told_columns(plan: ExportPlan) -> list[str]:
    """The header as people read it; it names the fields in words that an import recognises."""
    ours = {"language": _("Language"), "reach": _("Do texts arrive?"), "tags": _("Tags")}
    consent = _("Consent: %(purpose)s", purpose="{}")
    return [
        consent.format(plan.titles[column]) if column.startswith("consent:") else plan.titles.get(column) or str(ours.get(column) or field_words(column))
        for column in plan.columns
    ]


def told_codes() -> dict[str, dict[str, str]]:
    """Column → code → word, settled now: rows are written when no request is there to ask for its language."""
    return {
        "gender": {code: str(word) for code, word in GENDERS.items()},
        "language": {code: str(word) for code, word in LANGUAGES.items()},
        "reach": {code: str(look.label) if code else "" for code, look in REACH_LOOKS.items()},
        "consent": {code: str(look.label) for code, look in STANDING_LOOKS.items()},
    }


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The file in pieces of some hundred rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_MARK)
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % _PIECE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, sheet: str) -> int:
    """The workbook at `path`; returns its rows. Every cell is text: numbers keep their zero, and nothing is taken for a formula."""
    options: Mapping[str, Any] = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    count = 0
    with xlsxwriter.Workbook(str(path), dict(options)) as book:
        page = book.add_worksheet(_sheet_name(sheet))
        page.right_to_left()
        page.freeze_panes(1, 0)
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        page.set_column(0, len(header) - 1, 18, plain)
        for column, words in enumerate(header):
            page.write_string(0, column, words, bold)
        for count, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value:
                    page.write_string(count, column, value, plain)
    return count


def _sheet_name(words: str) -> str:
    return "".join(" " if character in "[]:*?/\\'" else character for character in words)[:31].strip() or "1"


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece
