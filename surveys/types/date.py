"""A day, typed as people write it: Jalali, or Gregorian where the year says so."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from engage.persian import format_jalali, format_jalali_short, from_jalali, parse_date, parse_jalali, to_persian_digits
from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, DefinitionProblem, Translate
from surveys.types.typed import Typed, plain_typed

EARLIEST, LATEST = datetime.date(1850, 1, 1), datetime.date(2100, 1, 1)
_CENTURY_TURNS = 30
"""Two digits of a year up to here are of the century that began in 1400."""
_APART = r"[/.\-\\,،٬_ \u2010-\u2015\u2212]"
_THREE = re.compile(rf"([0-9]{{1,4}}) ?{_APART} ?([0-9]{{1,2}}) ?{_APART} ?([0-9]{{1,4}})")


def day_typed(typed: str, fits: Any = lambda day: True) -> datetime.date | None:
    """The day in a text with Latin digits: 1405/9/2, 2-9-1405, 05.9.2, 14050902, «۲ آذر ۱۴۰۵», 2026-11-23; None if it is none.

    Where two digits stand for the year, the century is the one whose day `fits`, else the nearer one.
    """
    three = _THREE.fullmatch(typed)
    if three is None:
        return _bounded(parse_date(typed) or parse_jalali(typed))
    first, month, last = three[1], int(three[2]), three[3]
    if len(first) == 4 and len(last) <= 2:
        return _bounded(parse_date(f"{first}/{month}/{int(last)}"))
    if len(first) <= 2 and len(last) == 4:
        # A Gregorian day behind which the year stands may be the 3rd of April or the 4th of March.
        return _bounded(parse_jalali(f"{last}/{month}/{int(first)}"))
    if len(first) <= 2 and len(last) <= 2:
        year = int(first)
        centuries = (1400, 1300) if year < _CENTURY_TURNS else (1300, 1400)
        days = [day for century in centuries if (day := _jalali(century + year, month, int(last)))]
        return next((day for day in days if fits(day)), days[0] if days else None)
    return None


def _jalali(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return _bounded(from_jalali(year, month, day))
    except ValueError:
        return None


def _bounded(day: datetime.date | None) -> datetime.date | None:
    return day if day is not None and EARLIEST <= day <= LATEST else None


class Date(Typed, frozen=True, kw_only=True, tag="date"):
    keyboard = "text"

    min: datetime.date | None = None
    max: datetime.date | None = None

    def check(self) -> None:
        super().check()
        if any(limit is not None and not EARLIEST <= limit <= LATEST for limit in (self.min, self.max)):
            raise DefinitionProblem("date_limit_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        if self.min and self.max and self.min > self.max:
            found.append("date_limits_contradict")
        return found

    def _fits(self, day: datetime.date) -> bool:
        return (self.min is None or day >= self.min) and (self.max is None or day <= self.max)

    def value_of(self, typed: str) -> str:
        day = day_typed(typed, self._fits)
        if day is None:
            raise AnswerProblem("not_a_date")
        if not self._fits(day):
            raise AnswerProblem("date_out_of_range", day=day.isoformat())
        return day.isoformat()

    def is_value(self, value: str) -> bool:
        day = _stored_day(value)
        return day is not None and EARLIEST <= day <= LATEST and self._fits(day)

    def shown(self, value: str) -> str:
        day = _stored_day(value)
        return to_persian_digits(format_jalali_short(day)) if day else ""

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.DATE)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        day = _stored_day(str(entries.get("", "")))
        return format_jalali(day) if day else ""

    def instruction(self, _: Translate) -> str:
        example = to_persian_digits("1405/9/2")
        low, high = ("" if limit is None else format_jalali(limit) for limit in (self.min, self.max))
        if low and high:
            return _("A day from %(low)s to %(high)s, written as %(example)s.", low=low, high=high, example=example)
        if low:
            return _("A day not before %(low)s, written as %(example)s.", low=low, example=example)
        if high:
            return _("A day not after %(high)s, written as %(example)s.", high=high, example=example)
        return _("Year, month and day, written as %(example)s.", example=example)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "not_a_date":
            return _("write a date"), _("This can't be read as a date. Write year, month and day, for example %(example)s.", example=to_persian_digits("1405/9/2"))
        if problem.code == "date_out_of_range":
            day = format_jalali(datetime.date.fromisoformat(problem.params["day"]))
            return _("the day is out of range"), _("%(day)s is out of range.", day=day) + " " + self.instruction(_)
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write a date"), _("Please write a date.")


def _stored_day(value: str) -> datetime.date | None:
    if len(value) != 10 or not value.isascii() or plain_typed(value) != value:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return None
