"""Jalali dates against persiantools on every day, and every writing of a date."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate

from engage.persian import (
    MONTHS,
    WEEKDAYS,
    format_jalali,
    format_jalali_datetime,
    format_jalali_short,
    from_jalali,
    parse_date,
    parse_jalali,
    to_jalali,
    weekday_name,
)

days = st.dates(date(1900, 1, 1), date(2099, 12, 31))


def test_every_day_of_two_centuries_goes_to_jalali_and_back():
    day, last, previous = date(1900, 1, 1), date(2099, 12, 31), (0, 0, 0)
    while day <= last:
        jalali = to_jalali(day)
        assert jalali > previous
        assert from_jalali(*jalali) == day
        reference = JalaliDate(day)
        assert jalali == (reference.year, reference.month, reference.day)
        assert weekday_name(day) == WEEKDAYS[reference.weekday()]
        day, previous = day + timedelta(days=1), jalali


@pytest.mark.parametrize(
    ("jalali", "gregorian"),
    [
        ((1357, 11, 22), date(1979, 2, 11)),
        ((1403, 1, 1), date(2024, 3, 20)),
        ((1403, 12, 30), date(2025, 3, 20)),
        ((1404, 1, 1), date(2025, 3, 21)),
        ((1405, 1, 1), date(2026, 3, 21)),
        ((1405, 9, 1), date(2026, 11, 22)),
    ],
)
def test_known_days(jalali, gregorian):
    assert from_jalali(*jalali) == gregorian
    assert to_jalali(gregorian) == jalali


@pytest.mark.parametrize(
    "impossible", [(1404, 12, 30), (1405, 7, 31), (1405, 13, 1), (1405, 0, 1), (1405, 1, 0), (1405, 1, 32), (0, 1, 1)]
)
def test_a_day_that_does_not_exist_is_refused(impossible):
    with pytest.raises(ValueError):
        from_jalali(*impossible)


@pytest.mark.parametrize(
    "text",
    [
        "1401/12/28",
        "1401-12-28",
        "1401.12.28",
        "۱۴۰۱/۱۲/۲۸",
        "١٤٠١/١٢/٢٨",
        " ۱۴۰۱/۱۲/۲۸ ",
        "\u200e1401/12/28\u200e",
        "14011228",
        "1401/12/28 00:00:00",
        "۲۸ اسفند ۱۴۰۱",
        "یکشنبه ۲۸ اسفند ۱۴۰۱",
    ],
)
def test_a_jalali_date_is_read_in_every_writing(text):
    assert parse_jalali(text) == parse_date(text) == date(2023, 3, 19)


def test_single_digits_are_read():
    assert parse_jalali("۱۴۰۵/۹/۱") == date(2026, 11, 22)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ندارد",
        "1404/12/30",
        "1405/13/01",
        "1405/09-01",
        "1405/09",
        "28/12/1401",
        "0001/01/01",
        "1199/01/01",
        "1501/01/01",
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_jalali(text) is None
    assert parse_date(text) is None


def test_either_calendar_by_the_year():
    assert parse_date("2026-11-22") == parse_date("2026/11/22") == parse_date("۱۴۰۵/۰۹/۰۱") == date(2026, 11, 22)
    assert parse_date("2026-11-22T00:00:00") == parse_date("2026-11-22 13:30") == date(2026, 11, 22)
    assert parse_date(date(2026, 11, 22)) == parse_date(datetime(2026, 11, 22, 0, 0)) == date(2026, 11, 22)
    assert parse_jalali("2026-11-22") is None
    assert [parse_date(t) for t in ("2026-02-30", "1899-12-31", "2101-01-01", "1600/01/01")] == [None] * 4


@given(days)
def test_what_is_written_is_read_again(day):
    for with_weekday in (False, True):
        assert parse_jalali(format_jalali(day, with_weekday)) == day
    assert parse_jalali(format_jalali_short(day)) == parse_date(format_jalali_short(day)) == day
    assert parse_date(day.isoformat()) == day


def test_dates_in_words():
    day = date(2026, 11, 22)
    assert format_jalali(day) == "۱ آذر ۱۴۰۵"
    assert format_jalali(day, with_weekday=True) == "یکشنبه ۱ آذر ۱۴۰۵"
    assert format_jalali(day, with_year=False) == "۱ آذر"
    assert format_jalali_short(day) == "۱۴۰۵/۰۹/۰۱"
    assert len(MONTHS) == 12
    assert WEEKDAYS[0] == "شنبه"
    assert weekday_name(date(2026, 11, 21)) == "شنبه"


def test_a_moment_is_told_by_the_clock_of_tehran():
    assert format_jalali_datetime(datetime(2026, 11, 22, 10, 0, tzinfo=UTC)) == "۱ آذر ۱۴۰۵، ۱۳:۳۰"
    late = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
    assert format_jalali_datetime(late) == "۱ آذر ۱۴۰۵، ۰۰:۰۰"
    assert format_jalali(late, with_weekday=True) == "یکشنبه ۱ آذر ۱۴۰۵"
    assert to_jalali(late.astimezone(timezone(timedelta(hours=-8)))) == (1405, 9, 1)
    with pytest.raises(ValueError, match="zone"):
        format_jalali_datetime(datetime(2026, 11, 22, 10, 0))
