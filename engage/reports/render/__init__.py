"""What a report looks like: sentences, figures on a page, and files, one format a module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from engage.reports.content import Report
from engage.reports.render import csv_file, html_file, json_file


@dataclass(frozen=True)
class Format:
    """A kind of file: its media type, and what writes it."""

    mimetype: str
    write: Callable[[Report, BinaryIO], None]
    write_whole: Callable[[Report, BinaryIO], None] | None = None
    """With what only those get who may read single responses; None where there is nothing more"""
    has_rows: bool = False
    """One row a response: not of anonymous surveys"""


FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", csv_file.write, csv_file.write_whole, has_rows=True),
    "codes.csv": Format("text/csv; charset=utf-8", csv_file.write_codes, csv_file.write_whole_codes, has_rows=True),
    "html": Format("text/html; charset=utf-8", html_file.write),
    "json": Format("application/json", json_file.write),
}
