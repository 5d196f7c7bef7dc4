"""Spans of the Jalali calendar, and the same question asked several times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.clock import TEHRAN
from engage.reports.tally import OptionTally, QuestionTally
from engage.reports.trends.comparing import Side, compare
from engage.reports.trends.periods import Period, period_around, period_of
from surveys.types import Tally


def test_periods_begin_and_end_where_the_calendar_says() -> None:
    azar = period_of("1405-09")
    assert azar == Period(1405, 9, 1)
    assert (azar.first, azar.last) == (datetime(2026, 11, 22, tzinfo=TEHRAN), datetime(2026, 12, 22, tzinfo=TEHRAN))
    autumn, year = period_of("1405-s3"), period_of("1405")
    assert (autumn.first, year.last) == (datetime(2026, 9, 23, tzinfo=TEHRAN), datetime(2027, 3, 21, tzinfo=TEHRAN))
    assert azar.moved(4).key == "1406-01" and autumn.moved(-3).key == "1404-s4" and year.moved(1).key == "1406"


@pytest.mark.parametrize("key", ["", "1405-13", "1405-00", "1405-s5", "2026-11", "1405-9", "1405-09-01", "۱۴۰۵"])
def test_anything_else_is_no_period(key: str) -> None:
    assert period_of(key) is None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.sampled_from([1, 3, 12]))
def test_every_moment_lies_in_one_period_whose_neighbours_touch_it(at: datetime, months: int) -> None:
    period = period_around(at, months)
    assert period.first <= at < period.last
    assert period.moved(1).first == period.last and period.moved(-1).last == period.first
    assert period_of(period.key) == period


def asked(a: int, b: int, *, label: str = "کدام؟", options: tuple[str, ...] = ("a", "b")) -> QuestionTally:
    counts = dict(zip(("a", "b"), (a, b), strict=True))
    return QuestionTally(
        key="q1",
        id="q1",
        type="single",
        label=label,
        number=1,
        version_ids=[1],
        asked=a + b,
        answered=a + b,
        withdrawn=False,
        tally=Tally.CHOICES,
        options=[OptionTally(each, each, counts.get(each, 0)) for each in options],
    )


def sides(*questions: QuestionTally) -> list[Side]:
    return [Side(str(place), f"دور {place}", {each.key: each}) for place, each in enumerate(questions)]


def test_a_change_is_marked_only_where_it_holds() -> None:
    (found,) = compare(sides(asked(50, 50), asked(52, 48), asked(90, 10)), "before")
    assert [[cell.mark for cell in line.cells] for line in found.lines] == [[0, 0], [0, 0], [1, -1]]
    assert [line.base for line in found.lines] == [100, 100, 100] and found.lines[2].cells[0].share == 0.9
    (among,) = compare(sides(asked(90, 10), asked(50, 50), asked(52, 48)), "rest")
    assert among.lines[0].cells[0].mark == 1


def test_other_words_other_options_and_too_few_answers_are_not_compared() -> None:
    (found,) = compare(sides(asked(50, 50), asked(60, 40), asked(10, 90, label="چه می‌خواهید؟")), "before")
    assert found.reworded == ["دور 2"] and len(found.lines) == 2
    (fewer,) = compare(sides(asked(50, 50), asked(60, 40, options=("a", "b", "c"))), "before")
    assert [option for option, _label in fewer.options] == ["a", "b"] and fewer.left_out == 1
    assert compare(sides(asked(50, 50), asked(5, 4)), "before") == []
    assert compare(sides(asked(50, 50)), "rest") == []
