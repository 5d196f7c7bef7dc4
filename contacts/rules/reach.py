"""Whether texts still arrive at a number: what a row of failures means, and when it begins anew. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Reach(StrEnum):
    """How a number stands with the network. `REACHED` until there is evidence against it."""

    REACHED = ""
    SUSPECT = "suspect"
    UNREACHABLE = "unreachable"


SUSPECT_AFTER = 3
SUSPECT_SPAN = timedelta(days=7)
"""Three texts in a row that didn't arrive, the last a week or more after the first: «مشکوک». A phone that is off for a weekend, or one
campaign with its reminders on a bad day, makes nobody suspect."""

UNREACHABLE_AFTER = 5
UNREACHABLE_SPAN = timedelta(days=30)
"""Five in a row over a month and more: unreachable, and left out of audiences. A number that rests is given to somebody else by the
operators after months, so writing on would be writing to a stranger."""

LOOKED_AT = 30
"""So many of a number's latest outcomes decide; a longer row of failures says nothing new."""


class Outcome(NamedTuple):
    """What became of one text to a number: it arrived, or the operator said that it didn't. Anything less certain is no outcome."""

    at: datetime
    delivered: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Texts in a row that didn't arrive, since the last one that did."""

    count: int = 0
    since: datetime | None = None
    """When the first of them failed"""
    until: datetime | None = None
    """When the last of them failed"""


def run_of(outcomes: Iterable[Outcome], checked_at: datetime | None = None) -> Run:
    """The failures at the end of `outcomes` (in any order). One that arrived ends every row before it, and so does an officer's check."""
    count, since, until = 0, None, None
    for outcome in sorted(outcomes, key=lambda each: (each.at, each.delivered), reverse=True):
        if outcome.delivered or (checked_at is not None and outcome.at <= checked_at):
            break
        count, since, until = count + 1, outcome.at, until or outcome.at
    return Run(count, since, until)


def reach_of(run: Run) -> Reach:
    """What a row of failures says of the number: both its length and its span must suffice."""
    if run.since is None or run.until is None:
        return Reach.REACHED
    span = run.until - run.since
    if run.count >= UNREACHABLE_AFTER and span >= UNREACHABLE_SPAN:
        return Reach.UNREACHABLE
    if run.count >= SUSPECT_AFTER and span >= SUSPECT_SPAN:
        return Reach.SUSPECT
    return Reach.REACHED
