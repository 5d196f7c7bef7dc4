"""What expressions calculate with, and how a stored answer becomes it. None is a missing value everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, TypeAlias

Value: TypeAlias = "Decimal | str | bool | date | tuple[str, ...]"
"""A number; a text, an option's id, or a time as "14:05"; a truth; a day; ids of options."""

LIMIT = Decimal(10) ** 18
"""Beyond this, either way, a result counts as missing."""
ARITHMETIC = Context(prec=40, rounding=ROUND_HALF_UP, traps=[])
_LARGEST = 10**18
_LONGEST_LIST = 1000


class Facts:
    """The answers that count so far. Grows while a questionnaire is gone through, so that looking things up stays cheap."""

    __slots__ = ("counts", "document", "today")

    def __init__(self, document: Mapping[str, Any], today: date) -> None:
        self.document: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.today = today
        self.add(document)

    def add(self, entries: Mapping[str, Any]) -> None:
        for name, raw in entries.items():
            self.document[name] = raw
            question_id = name.partition(".")[0]
            self.counts[question_id] = self.counts.get(question_id, 0) + 1

    def value(self, name: str) -> Value | None:
        return value_of(self.document.get(name))

    def is_answered(self, name: str) -> bool:
        return self.document.get(name) is not None or ("." not in name and name in self.counts)

    def count(self, name: str) -> int:
        """Options chosen, else parts answered."""
        raw = self.document.get(name)
        if isinstance(raw, list):
            return len(raw)
        return self.counts.get(name, 0) if "." not in name else int(raw is not None)


def value_of(raw: Any) -> Value | None:
    """A value of a stored document; None for whatever can't be one."""
    if isinstance(raw, str | bool):
        return raw
    if isinstance(raw, int):
        return Decimal(raw) if -_LARGEST <= raw <= _LARGEST else None
    if isinstance(raw, float):
        return Decimal(str(raw)) if math.isfinite(raw) and abs(raw) <= _LARGEST else None
    if isinstance(raw, list):
        return tuple(each for each in raw[:_LONGEST_LIST] if isinstance(each, str))
    return None


def bounded(number: Decimal) -> Decimal | None:
    return number if number.is_finite() and -LIMIT <= number <= LIMIT else None


def as_truth(value: Value | None) -> bool:
    """A missing condition doesn't hold."""
    return value is True or value == "yes"


def as_date(value: Value | None) -> date | None:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def clock_time(text: str) -> str | None:
    """A time of day as it is stored, "09:05"; None if it is none."""
    hours, colon, minutes = text.strip().partition(":")
    if not colon or not (hours.isdecimal() and minutes.isdecimal()) or not (len(hours) <= 2 and len(minutes) == 2):
        return None
    try:
        return f"{time(int(hours), int(minutes)):%H:%M}"
    except ValueError:
        return None


def stored_number(number: Decimal) -> int | float:
    """A number as documents hold it: whole ones as int."""
    return int(number) if number == number.to_integral_value() else float(number)
