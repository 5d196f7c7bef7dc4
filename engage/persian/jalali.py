"""Jalali dates: conversion, reading and writing. The reckoning is persiantools', proved against every day in tests."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from engage.persian.digits import to_persian_digits
from engage.persian.speaking import spoken_language
from engage.persian.text import search_key

MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
# The week starts on Saturday.
WEEKDAYS = ("شنبه", "یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه")

_GREGORIAN = {
    "en": (
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ),
    "ar": (
        ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
        ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    ),
}
"""Names of months and, from Monday, of days, in languages whose readers reckon by the Gregorian calendar"""

_TEHRAN = ZoneInfo("Asia/Tehran")
_JALALI_YEARS = range(1200, 1501)
_GREGORIAN_YEARS = range(1900, 2101)

_TIME = r"(?:[ t][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_NUMERIC = re.compile(rf"([0-9]{{4}})(?: ?([/.-]) ?)([0-9]{{1,2}}) ?\2 ?([0-9]{{1,2}}){_TIME}")
_COMPACT = re.compile(r"([0-9]{4})()([0-9]{2})([0-9]{2})")
_MONTH_NUMBERS = {search_key(name): number for number, name in enumerate(MONTHS, 1)}
_WORDS = re.compile(rf"(?:\S+(?: شنبه)? )?([0-9]{{1,2}}) ({'|'.join(_MONTH_NUMBERS)}) ([0-9]{{4}})")


def _day(d: date) -> date:
    """The day on the wall in Tehran for a datetime that knows its zone; ValueError for one that doesn't."""
    if not isinstance(d, datetime):
        return d
    if d.tzinfo is None:
        raise ValueError("a datetime without a zone has no day in Tehran")
    return d.astimezone(_TEHRAN).date()


def to_jalali(d: date) -> tuple[int, int, int]:
    """(year, month, day) of a Gregorian date; an aware datetime counts as its day in Tehran."""
    jalali = JalaliDate(_day(d))  # type: ignore[no-untyped-call]
    return jalali.year, jalali.month, jalali.day


def from_jalali(year: int, month: int, day: int) -> date:
    """The Gregorian date of a Jalali one; ValueError when there is no such day (1404-12-30)."""
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]


def weekday_name(d: date) -> str:
    """The Persian name of the day of the week."""
    return WEEKDAYS[(_day(d).weekday() + 2) % 7]


def _numbers(key: str) -> tuple[int, int, int] | None:
    found = _NUMERIC.fullmatch(key) or _COMPACT.fullmatch(key)
    return (int(found[1]), int(found[3]), int(found[4])) if found else None


def _jalali_or_none(numbers: tuple[int, int, int]) -> date | None:
    if numbers[0] not in _JALALI_YEARS:
        return None
    try:
        return from_jalali(*numbers)
    except ValueError:
        return None


def parse_jalali(text: str | None) -> date | None:
    """The Gregorian date of a Jalali one in text, or None: 1401/12/28, ۱۴۰۱-۱۲-۲۸, 14011228, «یکشنبه ۱ آذر ۱۴۰۵».

    Digits of three scripts; years 1200 to 1500; a time of day after a numeric date is left out.
    """
    key = search_key(text or "")
    numbers = _numbers(key)
    if numbers is None and (words := _WORDS.fullmatch(key)):
        numbers = int(words[3]), _MONTH_NUMBERS[words[2]], int(words[1])
    return _jalali_or_none(numbers) if numbers else None


def parse_date(text: str | date | None) -> date | None:
    """The date in a cell of either calendar, told apart by the year (1200–1500 Jalali, 1900–2100 Gregorian), or None.

    Year first, as in parse_jalali. A date from a spreadsheet passes as it is, a datetime as its own day.
    """
    if isinstance(text, datetime):
        return text.date()
    if text is None or isinstance(text, date):
        return text
    numbers = _numbers(search_key(text))
    if numbers and numbers[0] in _GREGORIAN_YEARS:
        try:
            return date(*numbers)
        except ValueError:
            return None
    return parse_jalali(text)


def format_jalali(d: date, with_weekday: bool = False, with_year: bool = True) -> str:
    """A date in words: «۱ آذر ۱۴۰۵», with the day of the week «یکشنبه ۱ آذر ۱۴۰۵».

    On a page of another language (`speaking`) it is the Gregorian one in its words: “Sunday 22 November 2026”.
    """
    if spoken_language() in _GREGORIAN:
        return _format_gregorian(d, with_weekday, with_year)
    year, month, day = to_jalali(d)
    words = f"{day} {MONTHS[month - 1]}" + (f" {year}" if with_year else "")
    return to_persian_digits(f"{weekday_name(d)} {words}" if with_weekday else words)


def _format_gregorian(d: date, with_weekday: bool, with_year: bool) -> str:
    months, weekdays = _GREGORIAN[spoken_language()]
    day = _day(d)
    words = f"{day.day} {months[day.month - 1]}" + (f" {day.year}" if with_year else "")
    return to_persian_digits(f"{weekdays[day.weekday()]} {words}" if with_weekday else words)


def format_jalali_short(d: date) -> str:
    """A date in digits: «۱۴۰۵/۰۹/۰۱». Put it in `<bdi dir="ltr">`."""
    year, month, day = to_jalali(d)
    return to_persian_digits(f"{year:04}/{month:02}/{day:02}")


def format_jalali_datetime(dt: datetime) -> str:
    """An aware datetime on the clock of Tehran: «۱ آذر ۱۴۰۵، ۱۳:۳۰»; ValueError for a naive one."""
    day = format_jalali(dt)
    return f"{day}، {to_persian_digits(f'{dt.astimezone(_TEHRAN):%H:%M}')}"
