"""Days of rest as an administrator brings them: a pasted list, and the holidays that fall on the same Jalali day every year. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from engage.persian import MONTHS, from_jalali, parse_jalali, to_latin_digits

MAX_TITLE = 120
MAX_DAYS = 400
"""Of one list: a year has no more"""

FIXED_HOLIDAYS: Sequence[tuple[int, int, str]] = (
    (1, 1, "عید نوروز"),
    (1, 2, "عید نوروز"),
    (1, 3, "عید نوروز"),
    (1, 4, "عید نوروز"),
    (1, 12, "روز جمهوری اسلامی"),
    (1, 13, "روز طبیعت"),
    (3, 14, "رحلت امام خمینی"),
    (3, 15, "قیام ۱۵ خرداد"),
    (11, 22, "پیروزی انقلاب اسلامی"),
    (12, 29, "ملی شدن صنعت نفت"),
)
"""(month, day, name): the public holidays of Iran that follow the sun. Those that follow the moon move, and are announced for each year."""

_DATE = re.compile(
    rf"(?P<date>[0-9]{{4}}\s*[/.-]\s*[0-9]{{1,2}}\s*[/.-]\s*[0-9]{{1,2}}|[0-9]{{1,2}}\s+(?:{'|'.join(MONTHS)})\s+[0-9]{{4}})(?P<name>.*)"
)
_BETWEEN = " \t،,;؛:-–—|"


@dataclass(frozen=True)
class NamedDay:
    day: date
    title: str


def fixed_holidays(year: int) -> list[NamedDay]:
    """Those of a Jalali year, in their order."""
    return [NamedDay(from_jalali(year, month, day), title) for month, day, title in FIXED_HOLIDAYS]


def read_days(pasted: str) -> tuple[list[NamedDay], list[tuple[int, str]]]:
    """A day and its name from each line of a pasted list, and the lines (number from 1, text) that can't be read.

    «۱۴۰۶/۱/۱ عید نوروز», «1406-01-01; عید», «۱ فروردین ۱۴۰۶، عید نوروز»; empty lines are passed over, and of a day that comes twice the
    last line counts.
    """
    found: dict[date, NamedDay] = {}
    unread: list[tuple[int, str]] = []
    for number, line in enumerate(pasted.splitlines(), 1):
        # Digits alone are changed, one for one, so that the name keeps what was typed.
        plain, typed = to_latin_digits(line).strip(), line.strip()
        if not plain:
            continue
        parts = _DATE.match(plain)
        day = parse_jalali(parts["date"]) if parts else None
        if parts is None or day is None:
            unread.append((number, typed))
            continue
        title = typed[parts.end("date") :].strip(_BETWEEN)[:MAX_TITLE]
        found[day] = NamedDay(day, title)
    return sorted(found.values(), key=lambda each: each.day), unread
