"""Whether a number can still be reached: the law of failures in a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.reach import (
    SUSPECT_AFTER,
    SUSPECT_SPAN,
    UNREACHABLE_AFTER,
    UNREACHABLE_SPAN,
    Outcome,
    Reach,
    Run,
    reach_of,
    run_of,
)

START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def failed(*days: float) -> list[Outcome]:
    return [Outcome(at(day), False) for day in days]


@pytest.mark.parametrize(
    ("days", "reach"),
    [
        ((), Reach.REACHED),
        ((0, 20), Reach.REACHED),  # two are an accident, however far apart
        ((0, 1, 2), Reach.REACHED),  # three on a bad weekend, too
        ((0, 3, 7), Reach.SUSPECT),
        ((0, 1, 2, 3, 4, 5, 6), Reach.REACHED),  # many, but all within one week
        ((0, 5, 10, 15), Reach.SUSPECT),  # four never make it unreachable
        ((0, 5, 10, 15, 29), Reach.SUSPECT),
        ((0, 5, 10, 15, 30), Reach.UNREACHABLE),
    ],
)
def test_both_the_length_of_a_run_and_its_span_decide(days: tuple[float, ...], reach: Reach) -> None:
    assert reach_of(run_of(failed(*days))) is reach


def test_one_text_that_arrives_ends_every_run_before_it() -> None:
    told = [*failed(0, 10, 20, 30, 40), Outcome(at(41), True)]
    assert run_of(told) == Run() and reach_of(run_of(told)) is Reach.REACHED
    assert run_of([*told, *failed(42)]) == Run(1, at(42), at(42))


def test_what_failed_before_an_officer_checked_counts_no_more() -> None:
    told = failed(0, 10, 20, 30, 40)
    assert reach_of(run_of(told, checked_at=at(40))) is Reach.REACHED
    assert run_of([*told, *failed(50)], checked_at=at(45)).count == 1


outcomes = st.lists(st.tuples(st.integers(0, 200), st.booleans()).map(lambda pair: Outcome(at(pair[0]), pair[1])), max_size=30)


@given(outcomes, st.randoms())
def test_the_order_in_which_receipts_come_makes_no_difference(told: list[Outcome], random) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)
    assert run_of(shuffled) == run_of(told)


@given(outcomes)
def test_a_delivery_after_everything_always_trusts_the_number_again(told: list[Outcome]) -> None:
    assert reach_of(run_of([*told, Outcome(at(201), True)])) is Reach.REACHED


@given(outcomes, st.integers(201, 400))
def test_one_more_failure_never_makes_a_number_better(told: list[Outcome], day: int) -> None:
    order = [Reach.REACHED, Reach.SUSPECT, Reach.UNREACHABLE]
    assert order.index(reach_of(run_of([*told, *failed(day)]))) >= order.index(reach_of(run_of(told)))


@given(st.integers(0, 40), st.integers(0, 400))
def test_the_thresholds_are_those_that_are_documented(count: int, days: int) -> None:
    run = Run(count, at(0), at(days)) if count else Run()
    span = timedelta(days=days)
    assert (reach_of(run) is Reach.UNREACHABLE) == (count >= UNREACHABLE_AFTER and span >= UNREACHABLE_SPAN)
    assert (reach_of(run) is Reach.REACHED) == (count < SUSPECT_AFTER or span < SUSPECT_SPAN)
