"""Counts of answers by everything groups are told apart by: the one source of breakdowns, weights and differences. Pure.

A grid is sparse: only profiles that somebody has. All figures about groups are sums over it, so that they are of one moment and agree
with the report's whole. It never leaves the process: what is stored or shown went through suppression.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeVar

from surveys.queries.aggregates import AnswerCounts, Counted

SEPARATOR = "\x1f"
G = TypeVar("G", bound=Hashable)
K = TypeVar("K", bound=Hashable)


class Dimension(StrEnum):
    """What breakdowns are made by, in the order pages show them."""

    UNIT = "unit"
    NEIGHBOURHOOD = "neighbourhood"
    AGE = "age"
    GENDER = "gender"
    CHANNEL = "channel"
    WAVE = "wave"


PERSONAL = (Dimension.UNIT, Dimension.NEIGHBOURHOOD, Dimension.AGE, Dimension.GENDER)
"""Known of the invited, answered or not"""


class Profile(NamedTuple):
    """What is known of a group of responses; empty where nothing is. The wave is the last they were sent."""

    unit: str = ""
    neighbourhood: str = ""
    age: str = ""
    gender: str = ""
    channel: str = ""
    wave: str = ""

    def of(self, dimension: Dimension) -> str:
        return str(getattr(self, str(dimension)))


class Path(NamedTuple):
    """What is known of a group of the invited."""

    unit: str = ""
    neighbourhood: str = ""
    age: str = ""
    gender: str = ""
    line: str = ""
    hour: str = ""
    """Hour of the day in Tehran in which the gateway took the first text, "00" to "23" """


@dataclass(frozen=True, slots=True)
class Steps:
    """How far the invited of a group came, in people; each step is part of the one before, but for opened, which robots reach, too."""

    invited: int = 0
    accepted: int = 0
    delivered: int = 0
    opened: int = 0
    started: int = 0
    answered: int = 0

    def __add__(self, other: Steps) -> Steps:
        return Steps(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True)
class Grid:
    """`answers` are the counts of each profile, made by the same countings as the report's whole, in their order."""

    answers: Mapping[Profile, AnswerCounts] = field(default_factory=dict)
    steps: Mapping[Path, Steps] = field(default_factory=dict)

    def groups(self, dimension: Dimension) -> dict[str, AnswerCounts]:
        """The counts of each group of a dimension, "" among them for those of whom it isn't known."""
        return _together(self.answers, lambda profile: profile.of(dimension))

    def pairs(self, first: Dimension, second: Dimension) -> dict[tuple[str, str], AnswerCounts]:
        return _together(self.answers, lambda profile: (profile.of(first), profile.of(second)))

    def cells(self, dimensions: Iterable[Dimension]) -> dict[tuple[str, ...], AnswerCounts]:
        """By several dimensions at once, as weights need them."""
        wanted = tuple(dimensions)
        return _together(self.answers, lambda profile: tuple(profile.of(each) for each in wanted))

    def funnel_by(self, name: str) -> dict[str, Steps]:
        """`name` is one of Path's."""
        found: dict[str, Steps] = {}
        for path, steps in self.steps.items():
            group = str(getattr(path, name))
            found[group] = found.get(group, Steps()) + steps
        return found


def profile_of(key: str) -> Profile:
    return Profile(*key.split(SEPARATOR))


def _together(counts: Mapping[Profile, AnswerCounts], group_of: Callable[[Profile], G]) -> dict[G, AnswerCounts]:
    sorted_out: dict[G, list[AnswerCounts]] = {}
    for profile, each in counts.items():
        sorted_out.setdefault(group_of(profile), []).append(each)
    return {group: add_up(each) for group, each in sorted_out.items()}


def add_up(counts: Iterable[AnswerCounts]) -> AnswerCounts:
    """Several groups that share nobody, as one. Ways are kept side by side: their counts add up."""
    by_version: dict[int, int] = {}
    by_day: dict[date, int] = {}
    answered: list[int] = []
    values: list[dict[str, int]] = []
    ways = []
    for each in counts:
        _add(by_version, each.by_version)
        _add(by_day, each.by_day)
        answered += [0] * (len(each.questions) - len(answered))
        values += [{} for _ in range(len(each.questions) - len(values))]
        for place, counted in enumerate(each.questions):
            answered[place] += counted.answered
            _add(values[place], counted.values)
        ways += each.ways
    questions = [Counted(*each) for each in zip(answered, values, strict=True)]
    return AnswerCounts(by_version, dict(sorted(by_day.items())), questions, ways=ways)


def _add(into: dict[K, int], more: Mapping[K, int]) -> None:
    for key, count in more.items():
        into[key] = into.get(key, 0) + count
