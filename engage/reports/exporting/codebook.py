"""The codebook: what every column of a file is, and what every code in it means. It holds no answer of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from flask_babel import gettext as _

from engage.reports.content import Report
from engage.reports.exporting.cells import Cell, safe
from engage.reports.exporting.columns import Column, Kind
from engage.reports.exporting.sav_file import missing_words
from engage.reports.exporting.sheet import Sheet, open_sheet
from engage.reports.exporting.variables import FIRST, codes_of, missing_codes, names_of
from engage.reports.render.csv_file import write_table
from surveys.words import TYPES


@dataclass(frozen=True)
class CodebookRow:
    """A column (`code` is empty), or one of the codes that may stand in the column above."""

    key: str
    variable: str
    label: str
    type: str
    versions: str
    code: str
    number: Cell
    meaning: str

    @property
    def cells(self) -> list[Cell]:
        return [safe(self.key), self.variable, safe(self.label), self.type, self.versions, safe(self.code), self.number, safe(self.meaning)]


def headings() -> list[str]:
    return [
        _("Column"), _("Name in SPSS"), _("Question in words"), _("Kind of column"), _("Form versions"), _("Code in CSV"),
        _("Number in SPSS"), _("Meaning"),
    ]  # fmt: skip


def write(report: Report, target: BinaryIO) -> None:
    """As CSV, for the columns of the file that everybody with the right to exports gets."""
    write_table(target, headings(), (row.cells for row in codebook_rows(open_sheet(report))))


def write_whole(report: Report, target: BinaryIO) -> None:
    """As `write`, with what links brought along."""
    write_table(target, headings(), (row.cells for row in codebook_rows(open_sheet(report, whole=True))))


def codebook_rows(sheet: Sheet) -> Iterator[CodebookRow]:
    yield from _about(sheet)
    names = names_of(sheet.columns)
    for column in sheet.columns:
        name = names[column.key]
        yield CodebookRow(column.key, name, column.heading, _kind(column), _versions(sheet, column), "", "", _note(sheet, column))
        for code, number, meaning in _codes(column):
            yield CodebookRow(column.key, name, "", "", "", code, number, meaning)


def _about(sheet: Sheet) -> Iterator[CodebookRow]:
    row, day, version, channel = sheet.about
    yield CodebookRow("row", FIRST[0], row, "", "", "", "", _("In the order in which answers came"))
    yield CodebookRow("day", f"{FIRST[1]}, {FIRST[2]}", day, "", "", "", "", _("Of answering, in Tehran; the hour is in no file"))
    yield CodebookRow("version", FIRST[3], version, "", "", "", "", _("Which form was answered, from 1"))
    yield CodebookRow("channel", FIRST[4], channel, "", "", "", "", "")
    for place, (code, words) in enumerate(sheet.channels.items(), 1):
        yield CodebookRow("channel", FIRST[4], "", "", "", code, place, words)


def _kind(column: Column) -> str:
    return str(TYPES.get(column.type, column.type))


def _versions(sheet: Sheet, column: Column) -> str:
    return "، ".join(str(number) for version_id, number in sheet.versions.items() if version_id in column.readers)


def _note(sheet: Sheet, column: Column) -> str:
    if column.key in sheet.hidden:
        return sheet.hidden_words(column) or ""
    if column.is_withdrawn:
        return _("no longer asked")
    if column.kind == Kind.TEXT:
        return _("Own words; long numbers and e-mail addresses are masked")
    return column.unit


def _codes(column: Column) -> Iterator[tuple[str, Cell, str]]:
    if column.kind == Kind.PICK:
        yield "1", 1, _("Chosen")
        yield "0", 0, _("Not chosen")
    elif column.kind == Kind.GIVEN:
        yield "1", 1, _("Given")
    numbers = codes_of(column)
    for value in column.values:
        label = value.label or value.code
        yield (
            value.code,
            int(numbers[value.code]),
            _("%(label)s (in an earlier version of the form)", label=label) if value.is_withdrawn else label,
        )
    if column.kind not in (Kind.TEXT, Kind.DATE, Kind.TIME):
        for number, words in zip(missing_codes(column), missing_words(), strict=True):
            yield "", int(number), words
