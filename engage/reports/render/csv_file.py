"""CSV: one row a response, one stable column a question (or option), as people read them or as codes; no number, no name, no hour."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from engage.reports.content import Report
from engage.reports.exporting.cells import safe
from engage.reports.exporting.sheet import open_sheet, titles_of

__all__ = ["BOM", "safe", "write", "write_codes", "write_table", "write_whole", "write_whole_codes"]

BOM = "\ufeff"
_LINES = 1000


def write(report: Report, target: BinaryIO) -> None:
    """Everything into `target`, in UTF-8 with a byte order mark; memory doesn't grow with the number of responses.

    Refused("report_rows_anonymous") for an anonymous survey.
    """
    _write_labels(report, target, whole=False)


def write_whole(report: Report, target: BinaryIO) -> None:
    """As `write`, with what links brought along: for whoever may read single responses."""
    _write_labels(report, target, whole=True)


def write_codes(report: Report, target: BinaryIO) -> None:
    """For programs: headings are keys, choices the ids of options, days ISO. Otherwise as `write`."""
    _write_codes(report, target, whole=False)


def write_whole_codes(report: Report, target: BinaryIO) -> None:
    _write_codes(report, target, whole=True)


def _write_labels(report: Report, target: BinaryIO, *, whole: bool) -> None:
    sheet = open_sheet(report, whole=whole)
    write_table(target, [*sheet.about, *titles_of(sheet.columns)], sheet.labelled())


def _write_codes(report: Report, target: BinaryIO, *, whole: bool) -> None:
    sheet = open_sheet(report, whole=whole)
    write_table(target, ["row", "day", "version", "channel", *(column.key for column in sheet.columns)], sheet.coded())


def write_table(target: BinaryIO, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows whose cells are safe already, in blocks."""
    buffer = io.StringIO(newline="")
    buffer.write(BOM)
    writer = csv.writer(buffer)
    writer.writerow(heading)
    block: list[Sequence[Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == _LINES:
            writer.writerows(block)
            block.clear()
            target.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
    writer.writerows(block)
    target.write(buffer.getvalue().encode())
