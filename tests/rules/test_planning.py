"""Plans of samples: enough but not more, honest about what is assumed, and never outside the hours."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning import (
    ASSUMED_CURVE,
    ASSUMED_RATE,
    FEWEST,
    PastCampaign,
    RateGuess,
    guess_rate,
    hours_until,
    plan_invitations,
    timetable,
)
from campaigns.rules import Hours, may_send_at
from engage.clock import TEHRAN
from engage.statistics.samples import margin_of_error

TEN = datetime(2026, 11, 22, 10, 0, tzinfo=TEHRAN)


def test_about_two_thousand_four_hundred_for_five_points_at_sixteen_percent() -> None:
    plan = plan_invitations(1_000_000, 0.05, RateGuess(0.16, 0.16, 0.16, 3))
    assert (plan.invitations, plan.completes, plan.is_enough, plan.is_everybody) == (2400, 384, True, False)


@given(st.integers(1, 2_000_000), st.floats(0.01, 0.2), st.floats(0.01, 1))
def test_a_plan_is_enough_or_asks_everybody(audience: int, wanted: float, rate: float) -> None:
    plan = plan_invitations(audience, wanted, RateGuess(rate / 2, rate, rate))
    assert 0 < plan.invitations <= audience
    assert plan.is_everybody or plan.is_enough
    if plan.margin is not None and plan.margin_at_worst is not None:
        assert plan.margin_at_worst >= plan.margin - 1e-12
    finer = plan_invitations(audience, wanted / 2, RateGuess(rate / 2, rate, rate))
    assert finer.invitations >= plan.invitations


def test_everybody_and_nobody() -> None:
    everybody = plan_invitations(8_210, None, ASSUMED_RATE)
    assert (
        everybody.is_everybody and everybody.is_enough and everybody.completes == 1232 and everybody.margin == margin_of_error(1232, 8_210)
    )
    nobody = plan_invitations(0, 0.05, ASSUMED_RATE)
    assert (nobody.invitations, nobody.margin) == (0, None)
    few = plan_invitations(100, 0.05, ASSUMED_RATE)
    assert not few.allows_percentages and few.completes < FEWEST


def test_rates_come_from_what_was_and_say_so_when_nothing_was() -> None:
    assert guess_rate([]) == ASSUMED_RATE == guess_rate([PastCampaign(49, 40, 1)]) and ASSUMED_RATE.campaigns == 0
    one = guess_rate([PastCampaign(1000, 160, 10)])
    assert (one.campaigns, one.expected) == (1, pytest.approx(0.16)) and one.low < 0.16 < one.high
    two = guess_rate([PastCampaign(1000, 200, 0), PastCampaign(1000, 100, 180)])
    assert two.expected == pytest.approx((0.2 + 0.1 * 0.5) / 1.5) and (two.low, two.high) == (0.1, 0.2)


@given(st.lists(st.builds(PastCampaign, st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 4000)), max_size=12))
def test_rates_are_ordered_and_possible(past: list[PastCampaign]) -> None:
    found = guess_rate(past)
    assert 0 < found.low <= found.expected + 1e-12 and found.expected <= found.high + 1e-12 and found.high <= 1


def test_texts_leave_within_the_hours_and_the_result_follows() -> None:
    hours = Hours(540, 1260)
    plan = timetable(TEN, 36_000, 1.0, hours)
    assert plan.last_text_at == TEN + timedelta(hours=10)
    overnight = timetable(TEN, 12 * 3600, 1.0, hours)
    assert overnight.last_text_at == datetime(2026, 11, 23, 10, 0, tzinfo=TEHRAN) and may_send_at(overnight.last_text_at, hours)
    assert (
        plan.usable_at is not None
        and plan.last_text_at is not None
        and timedelta(hours=20) < plan.usable_at - plan.last_text_at < timedelta(hours=24)
    )
    assert timetable(TEN, 10, None, None).usable_at is None


def test_the_curve_is_read_between_its_points() -> None:
    assert hours_until(0.25, ASSUMED_CURVE) == 1 and hours_until(0.5, ASSUMED_CURVE) == 4 and hours_until(0.125, ASSUMED_CURVE) == 0.5
    assert hours_until(0.99, ASSUMED_CURVE) == 48
