"""SPSS .sav: one case a response; options are numbers with Persian labels, and what isn't there says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, BinaryIO

from flask_babel import gettext as _

from engage.clock import TEHRAN, now
from engage.reports.content import Report
from engage.reports.exporting import spss
from engage.reports.exporting.cells import jalali_day
from engage.reports.exporting.columns import Column, Kind
from engage.reports.exporting.routes import Routes
from engage.reports.exporting.sheet import Sheet, heading_of, open_sheet
from engage.reports.exporting.spss import Encoded, Variable, Writer
from engage.reports.exporting.variables import (
    FIRST,
    NO_ANSWER,
    NOT_IN_VERSION,
    PASSED_BY,
    Outgrown,
    encoder_of,
    names_of,
    reasons_of,
    variable_of,
)
from surveys.queries.rows import longest_texts

_Maker = Callable[[Mapping[str, Any], frozenset[str]], Encoded]
_NOBODY: frozenset[str] = frozenset()


def write(report: Report, target: BinaryIO) -> None:
    """Everything into `target`, which can be sought; memory doesn't grow with the number of responses.

    Refused("report_rows_anonymous") for an anonymous survey.
    """
    _write(open_sheet(report), target)


def write_whole(report: Report, target: BinaryIO) -> None:
    """As `write`, with what links brought along: for whoever may read single responses."""
    _write(open_sheet(report, whole=True), target)


def missing_words() -> tuple[str, str, str]:
    """The three reasons why a number isn't there, in the order of `missing_codes`."""
    return _("Not asked: earlier answers led around it"), _("Not in this version of the form"), _("No answer")


def _write(sheet: Sheet, target: BinaryIO) -> None:
    start = target.tell()
    widths = _widths(sheet)
    while True:
        try:
            _write_cases(sheet, target, widths)
            return
        except Outgrown as outgrown:
            widths[outgrown.key] = outgrown.width * 2
            target.seek(start)
            target.truncate()


def _widths(sheet: Sheet) -> dict[str, int]:
    """Bytes of each text; masking never makes one longer."""
    written = [column for column in sheet.columns if column.kind == Kind.TEXT and column.key not in sheet.hidden]
    longest = {} if sheet.is_anonymous else longest_texts(sheet.report.survey_id, sorted({column.name for column in written}))
    widths = {column.key: longest.get(column.name, 0) for column in written}
    return widths | {column.key: len((sheet.hidden_words(column) or "").encode()) for column in sheet.columns if column.key in sheet.hidden}


def _write_cases(sheet: Sheet, target: BinaryIO, widths: Mapping[str, int]) -> None:
    rows = sheet.rows()
    names = names_of(sheet.columns)
    words = {"chosen": _("Chosen"), "not_chosen": _("Not chosen"), "given": _("Given")}
    reasons = missing_words()
    about = _about(sheet)
    variables = [variable_of(each, names[each.key], heading_of(each), widths.get(each.key, 0), words, reasons) for each in sheet.columns]
    makers = {
        version_id: [_maker(sheet, column, variable, version_id) for column, variable in zip(sheet.columns, variables, strict=True)]
        for version_id in sheet.versions
    }
    routes = Routes(sheet.definitions)
    channels = {code: spss.number(float(place)) for place, code in enumerate(sheet.channels, 1)}
    days: dict[date, tuple[Encoded, Encoded]] = {}
    writer = Writer(target, [*about, *variables], title=sheet.report.title, made_at=now().astimezone(TEHRAN))
    for version_id, day, channel, answers in rows:
        version = sheet.versions.get(version_id)
        if version is None:
            continue  # published while the file was being written: in the next one
        shown = days.get(day) or days.setdefault(day, (spss.number(spss.day_number(day)), spss.text(jalali_day(day).encode(), about[2])))
        passed_by = routes.passed_by(version_id, answers, day) if routes.decide_in(version_id) else _NOBODY
        cells = [spss.number(writer.count + 1), *shown, spss.number(version), channels.get(channel, spss.NOTHING)]
        cells += [make(answers, passed_by) for make in makers[version_id]]
        writer.add(cells)
    writer.close()


def _about(sheet: Sheet) -> list[Variable]:
    row, day, version, channel = sheet.about
    channels = tuple((float(place), words) for place, words in enumerate(sheet.channels.values(), 1))
    return [
        Variable(FIRST[0], row),
        Variable(FIRST[1], day, format=(spss.SDATE, 10, 0)),
        Variable(FIRST[2], _("Day (Jalali)"), 10, measure=spss.NOMINAL),
        Variable(FIRST[3], version, measure=spss.NOMINAL),
        Variable(FIRST[4], channel, values=channels, measure=spss.NOMINAL),
    ]


def _maker(sheet: Sheet, column: Column, variable: Variable, version_id: int) -> _Maker:
    reasons = reasons_of(column, variable)
    read = column.readers.get(version_id)
    if read is None:
        absent = reasons[NOT_IN_VERSION]
        return lambda answers, passed_by: absent
    encode = encoder_of(column, variable, sheet.hidden_words(column))
    question_id, around, blank = column.question_id, reasons[PASSED_BY], reasons[NO_ANSWER]

    def make(answers: Mapping[str, Any], passed_by: frozenset[str]) -> Encoded:
        code = read(answers)
        if code is not None:
            return encode(code)
        return around if question_id in passed_by else blank

    return make
