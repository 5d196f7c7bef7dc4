"""Spans of the Jalali calendar: months, seasons and years. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

from engage.clock import TEHRAN
from engage.persian import from_jalali, to_jalali

_WRITTEN = re.compile(r"(1[34]\d\d)(?:-(?:s([1-4])|(0[1-9]|1[0-2])))?")


@dataclass(frozen=True)
class Period:
    """`months` from the `month`-th of `year` on: 1, 3 or 12."""

    year: int
    month: int
    months: int

    @property
    def first(self) -> datetime:
        return _begins(self.year, self.month)

    @property
    def last(self) -> datetime:
        """The moment after its end."""
        return _begins(*_later(self.year, self.month, self.months))

    @property
    def key(self) -> str:
        if self.months == 12:
            return str(self.year)
        return f"{self.year}-s{(self.month + 2) // 3}" if self.months == 3 else f"{self.year}-{self.month:02}"

    def moved(self, steps: int) -> Period:
        """So many periods of the same length later; earlier for negative ones."""
        return Period(*_later(self.year, self.month, steps * self.months), self.months)


def period_of(key: str) -> Period | None:
    """«1405-09», «1405-s3» or «1405»; None for anything else."""
    found = _WRITTEN.fullmatch(key)
    if found is None:
        return None
    year, season, month = int(found[1]), found[2], found[3]
    if season:
        return Period(year, int(season) * 3 - 2, 3)
    return Period(year, int(month), 1) if month else Period(year, 1, 12)


def period_around(at: datetime, months: int = 1) -> Period:
    """The month, season or year a moment lies in."""
    year, month, _day = to_jalali(at.astimezone(TEHRAN).date())
    return Period(year, (month - 1) // months * months + 1, months)


def _later(year: int, month: int, months: int) -> tuple[int, int]:
    count = year * 12 + month - 1 + months
    return count // 12, count % 12 + 1


def _begins(year: int, month: int) -> datetime:
    return datetime.combine(from_jalali(year, month, 1), time(0), TEHRAN)
