"""What the columns of a sheet are in SPSS: variables with Persian labels, numbers for options, three reasons for nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from engage.reports.exporting import spss
from engage.reports.exporting.cells import masked
from engage.reports.exporting.columns import Code, Column, Kind
from engage.reports.exporting.names import variable_names
from engage.reports.exporting.spss import Encoded, Variable

FIRST = ("row", "day", "day_jalali", "version", "channel")
PASSED_BY, NOT_IN_VERSION, NO_ANSWER = range(3)
"""Why a number isn't there; places in `missing_codes`"""
_BEYOND = 10**12
"""No number anybody can answer lies further from nothing"""
_MOST_KEPT = 5000


def missing_codes(column: Column) -> tuple[float, float, float]:
    """Earlier answers led around it, its version didn't have it, or it was left blank: -7, -8, -9, or far below what can be answered."""
    below = -_BEYOND if column.may_be_negative else 0
    return below - 7.0, below - 8.0, below - 9.0


def names_of(columns: Sequence[Column]) -> dict[str, str]:
    """The variables' names by the columns' keys."""
    return variable_names([column.key for column in columns], FIRST)


def codes_of(column: Column) -> dict[str, float]:
    """The number of each option. Options that later versions bring come after, so a number never changes its meaning."""
    if column.kind == Kind.SCALE:
        return {value.code: float(value.code) for value in column.values}
    return {value.code: float(place) for place, value in enumerate(column.values, 1)}


def variable_of(column: Column, name: str, heading: str, width: int, words: Mapping[str, str], missing: Sequence[str]) -> Variable:
    """`width`: bytes of the longest text; `words`: what "chosen", "not_chosen" and "given" are called; `missing`: the three reasons."""
    if column.kind == Kind.TEXT:
        return Variable(name, heading, min(max(width, 1), spss.WIDEST), measure=spss.NOMINAL)
    if column.kind == Kind.DATE:
        return Variable(name, heading, format=(spss.SDATE, 10, 0))
    if column.kind == Kind.TIME:
        return Variable(name, heading, format=(spss.TIME, 5, 0))
    codes = codes_of(column)
    labels = {value.code: value.label for value in column.values}
    values = [(code, labels[option] or option) for option, code in codes.items()]
    if column.kind == Kind.PICK:
        values = [(0.0, words["not_chosen"]), (1.0, words["chosen"])]
    elif column.kind == Kind.GIVEN:
        values = [(1.0, words["given"])]
    reasons = missing_codes(column)
    values += list(zip(reasons, missing, strict=True))
    measure = {Kind.NUMBER: spss.SCALE, Kind.SCALE: spss.ORDINAL}.get(column.kind, spss.NOMINAL)
    shown = (spss.NUMERIC, 16, 4) if column.may_be_negative else (spss.NUMERIC, 8, 0)
    return Variable(name, heading, format=shown, values=tuple(values), missing=reasons, measure=measure)


class Outgrown(Exception):
    """A text is longer than its variable: answers came in after the widths were taken."""

    def __init__(self, key: str, width: int) -> None:
        super().__init__(key)
        self.key = key
        self.width = width


def encoder_of(column: Column, variable: Variable, hidden: str | None) -> Callable[[Any], Encoded]:
    """What makes a value of a code that was read."""
    if column.kind == Kind.TEXT:
        return _texts(column, variable, hidden)
    kept: dict[Any, Encoded] = {}
    make = _numbers(column)

    def encode(code: Any) -> Encoded:
        found = kept.get(code)
        if found is None:
            found = make(code)
            if len(kept) < _MOST_KEPT:
                kept[code] = found
        return found

    return encode


def reasons_of(column: Column, variable: Variable) -> tuple[Encoded, Encoded, Encoded]:
    """What stands where there is nothing: user-missing numbers, blank texts, and system-missing days and times."""
    if variable.width:
        blank = spss.text(b"", variable)
        return blank, blank, blank
    if not variable.missing:
        return spss.NOTHING, spss.NOTHING, spss.NOTHING
    first, second, third = (spss.number(each) for each in missing_codes(column))
    return first, second, third


def _texts(column: Column, variable: Variable, hidden: str | None) -> Callable[[Any], Encoded]:
    if hidden is not None:
        always = spss.text(hidden.encode(), variable)
        return lambda code: always

    def encode(code: Any) -> Encoded:
        words = masked(str(code)).encode()
        if len(words) > variable.width:
            if variable.width < spss.WIDEST:
                raise Outgrown(column.key, len(words))
            words = words[: variable.width].decode(errors="ignore").encode()
        return spss.text(words, variable)

    return encode


def _numbers(column: Column) -> Callable[[Code], Encoded]:
    if column.kind == Kind.CHOICE:
        codes = codes_of(column)
        return lambda code: spss.number(codes[str(code)]) if code in codes else spss.NOTHING
    if column.kind == Kind.DATE:
        return lambda code: _day(str(code))
    if column.kind == Kind.TIME:
        return lambda code: _time(str(code))
    return lambda code: spss.number(float(code)) if isinstance(code, int | float) else spss.NOTHING


def _day(iso: str) -> Encoded:
    try:
        return spss.number(spss.day_number(date.fromisoformat(iso)))
    except ValueError:
        return spss.NOTHING


def _time(told: str) -> Encoded:
    hour, _, minute = told.partition(":")
    return spss.number(int(hour) * 3600.0 + int(minute) * 60.0) if hour.isdigit() and minute.isdigit() else spss.NOTHING
