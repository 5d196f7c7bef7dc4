"""How many have to be invited to know something well enough, and when it will be known. Pure.

A plan is about those who are asked: a random sample of the audience, 95 %, a share of one half (`engage.statistics.samples`). It says nothing
of people who don't answer, and pages say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.rules import Hours, moment_after_open_time
from engage.statistics.samples import completes_needed, margin_of_error

FEWEST = 30
"""Below so many expected answers a plan promises no percentages"""
HALF_LIFE_DAYS = 180
"""A campaign so old counts half"""
USABLE = 0.8
"""A result is usable when this share of the answers that will come has come"""
ORDINARY_PACE = 100
"""Texts a second where a line has no limit of its own: what an ordinary line is given"""


@dataclass(frozen=True)
class PastCampaign:
    delivered: int
    answered: int
    age_days: float


@dataclass(frozen=True)
class RateGuess:
    """Answers per invited person. `campaigns` is 0 where nothing is known and the rates are an assumption."""

    low: float
    expected: float
    high: float
    campaigns: int = 0


ASSUMED_RATE = RateGuess(0.08, 0.15, 0.25)
"""What invitations by text usually bring; said to be an assumption wherever it is used"""

ASSUMED_CURVE = ((1, 0.25), (2, 0.36), (4, 0.5), (8, 0.63), (24, 0.82), (48, 0.92))
"""(hours after the text, share of the answers that will come); an assumption likewise"""


def guess_rate(past: Sequence[PastCampaign]) -> RateGuess:
    """The mean of past campaigns, weighted by size and by age, and the lowest and highest of them; a single one says little of the spread,
    so a third more and less is taken. Campaigns that reached fewer than 50 people say nothing."""
    known = [each for each in past if each.delivered >= 50]
    if not known:
        return ASSUMED_RATE
    weights = [each.delivered * 0.5 ** (max(each.age_days, 0) / HALF_LIFE_DAYS) for each in known]
    rates = [min(each.answered / each.delivered, 1.0) for each in known]
    mean = sum(weight * rate for weight, rate in zip(weights, rates, strict=True)) / sum(weights)
    mean = max(mean, 0.005)
    if len(known) == 1:
        return RateGuess(mean * 2 / 3, mean, min(mean * 4 / 3, 1.0), 1)
    return RateGuess(max(min(rates), 0.005), mean, max(*rates, mean), len(known))


@dataclass(frozen=True)
class Plan:
    """`margin` is what the expected answers give, None for nobody. `is_enough`: the wanted margin is expected to be reached."""

    invitations: int
    completes: int
    margin: float | None
    margin_at_worst: float | None
    """Should the lowest past rate come true"""
    is_enough: bool
    is_everybody: bool
    rate: RateGuess

    @property
    def allows_percentages(self) -> bool:
        return self.completes >= FEWEST


def plan_invitations(audience: int, wanted: float | None, rate: RateGuess, *, design_effect: float = 1.0) -> Plan:
    """The fewest invitations from which the wanted margin of error (a share; None for everybody) is to be expected."""
    if wanted is None:
        invitations = audience
    else:
        invitations = min(math.ceil(completes_needed(wanted, audience or None, design_effect=design_effect) / rate.expected), audience)
    completes = round(invitations * rate.expected)
    margin = margin_of_error(completes, audience, design_effect=design_effect)
    at_worst = margin_of_error(round(invitations * rate.low), audience, design_effect=design_effect)
    is_enough = wanted is None or (margin is not None and margin <= wanted * 1.005)
    return Plan(invitations, completes, margin, at_worst, is_enough, invitations == audience, rate)


@dataclass(frozen=True)
class Timetable:
    """When the last text of a campaign leaves, and when four of five answers that will come have come; None: it never would."""

    last_text_at: datetime | None
    usable_at: datetime | None


def timetable(
    start: datetime, texts: int, per_second: float | None, hours: Hours | None, curve: Sequence[tuple[float, float]] = ASSUMED_CURVE
) -> Timetable:
    """`hours` None: the campaign's hours and its line's never meet."""
    if hours is None:
        return Timetable(None, None)
    last = moment_after_open_time(start, texts / (per_second or ORDINARY_PACE), hours)
    return Timetable(last, None if last is None else last + timedelta(hours=hours_until(USABLE, curve)))


def hours_until(share: float, curve: Sequence[tuple[float, float]]) -> float:
    """Hours after a text by which this share has answered, between the points of the curve in proportion; its end at the latest."""
    before = (0.0, 0.0)
    for at, reached in curve:
        if reached >= share:
            return before[0] + (at - before[0]) * (share - before[1]) / (reached - before[1])
        before = (at, reached)
    return before[0]
