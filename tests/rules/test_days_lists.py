"""Days of rest as they are pasted, and those that come every year."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.holidays import FIXED_HOLIDAYS, MAX_TITLE, NamedDay, fixed_holidays, read_days
from engage.persian import to_jalali

NOWRUZ = date(2027, 3, 21)


@pytest.mark.parametrize(
    "line",
    [
        "۱۴۰۶/۰۱/۰۱ عید نوروز",
        "1406-1-1; عید نوروز",
        "١٤٠٦/١/١،عید نوروز",
        "۱ فروردین ۱۴۰۶: عید نوروز",
        "  ۱۴۰۶.۰۱.۰۱\tعید نوروز ",
        "1406 / 01 / 01 - عید نوروز",
    ],
)
def test_a_day_is_read_however_it_is_written(line: str) -> None:
    assert read_days(line) == ([NamedDay(NOWRUZ, "عید نوروز")], [])


def test_the_name_keeps_its_digits_and_may_be_missing() -> None:
    assert read_days("۱۴۰۶/۰۳/۱۵ قیام ۱۵ خرداد\n۱۴۰۶/۰۱/۰۲")[0] == [
        NamedDay(date(2027, 3, 22), ""),
        NamedDay(date(2027, 6, 5), "قیام ۱۵ خرداد"),
    ]


def test_lines_that_cannot_be_read_are_named_by_their_number() -> None:
    days, unread = read_days("عید نوروز\n\n۱۴۰۶/۱۳/۰۱ نیست\n۱۴۰۶/۰۱/۰۱ عید\n2027-03-21 میلادی")
    assert days == [NamedDay(NOWRUZ, "عید")]
    assert unread == [(1, "عید نوروز"), (3, "۱۴۰۶/۱۳/۰۱ نیست"), (5, "2027-03-21 میلادی")]


def test_of_a_day_that_comes_twice_the_last_line_counts_and_names_end_somewhere() -> None:
    days, _unread = read_days(f"۱۴۰۶/۰۱/۰۱ نخست\n۱۴۰۶/۰۱/۰۱ {'ب' * 300}")
    assert [len(each.title) for each in days] == [MAX_TITLE]


@pytest.mark.parametrize("year", [1403, 1404, 1405, 1408, 1450])
def test_fixed_holidays_exist_in_every_year(year: int) -> None:
    found = fixed_holidays(year)
    assert [to_jalali(each.day)[1:] for each in found] == [(month, day) for month, day, _title in FIXED_HOLIDAYS]
    assert found == sorted(found, key=lambda each: each.day)
