"""From counts to the figures of a report: shares, means, medians, bins. Pure.

A question's base is everyone who was asked it: the responses of those versions that contain it. A share is always of that base;
who was asked and left it blank is counted as such, never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted, Counting, Shape
from surveys.types import AnyQuestion, Multiple, Number, Rating, Single, type_of

MINIMUM = 10
"""Below this many answers a percentage says more about single people than about a group."""

MAX_BINS = 12


@dataclass(frozen=True)
class OptionTally:
    """One option, or one point of a scale, and how many chose it."""

    id: str
    label: str
    count: int
    exclusive: bool = False
    withdrawn: bool = False
    """Stood in an earlier version only."""


@dataclass(frozen=True)
class Bin:
    """Numbers from `low` to below `high`; the last bin holds `high`, too."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class NumberTally:
    """Figures over the numbers given; `spread` is empty when there are none."""

    mean: float
    median: float
    lowest: float
    highest: float
    lower_quartile: float
    upper_quartile: float
    spread: list[Bin]
    whole: bool = True
    """Every number given is whole"""


@dataclass(frozen=True)
class QuestionTally:
    """Everything a report says about one question. `key` is unique in the report, also where a version changed a question's type."""

    key: str
    id: str
    type: str
    label: str
    number: int
    """Its place in the newest version that asks it, from 1"""
    version_ids: list[int]
    asked: int
    answered: int
    withdrawn: bool = False
    """No longer in the newest version"""
    options: list[OptionTally] | None = None
    """Choices in the order of the form, points of a scale from 1 up"""
    mean: float | None = None
    """Of the points of a scale"""
    scale: int | None = None
    low_label: str = ""
    high_label: str = ""
    figures: NumberTally | None = None
    unit: str = ""
    max_choices: int | None = None

    @property
    def unanswered(self) -> int:
        return self.asked - self.answered

    @property
    def is_shown_in_percent(self) -> bool:
        return self.asked >= MINIMUM

    def share(self, count: int) -> float | None:
        """Of those who were asked; None while they are too few."""
        return count / self.asked if self.is_shown_in_percent else None


@dataclass(frozen=True)
class AskedQuestion:
    """One question over all versions that ask it with the same type; wording and options are the newest."""

    key: str
    newest: AnyQuestion
    number: int
    version_ids: tuple[int, ...]
    withdrawn: bool
    earlier_options: tuple[tuple[str, str], ...]
    """(id, label) of options that only older versions had"""

    @property
    def counting(self) -> Counting:
        return Counting(self.newest.id, self.version_ids, _shape(self.newest))


def _shape(question: AnyQuestion) -> Shape:
    if isinstance(question, Multiple):
        return Shape.MANY
    return Shape.ONE if isinstance(question, Single | Rating | Number) else Shape.PRESENT


def asked_questions(definitions: Mapping[int, Definition]) -> list[AskedQuestion]:
    """Questions of all versions (oldest version first in `definitions`), in the newest form's order; withdrawn ones follow.

    The same id with another type is another question: its answers can't be counted together.
    """
    found: dict[tuple[str, str], list[tuple[int, int, AnyQuestion]]] = {}
    for version_id, definition in definitions.items():
        for number, question in enumerate(definition.questions, 1):
            found.setdefault((question.id, type_of(question)), []).append((version_id, number, question))
    newest_version = list(definitions)[-1] if definitions else None
    result, plain_keys = [], set[str]()
    latest_first = sorted(
        found.values(), key=lambda places: (places[-1][0] != newest_version, -list(definitions).index(places[-1][0]), places[-1][1])
    )
    for places in latest_first:
        last_version, number, newest = places[-1]
        key = newest.id if newest.id not in plain_keys else f"{newest.id}:{type_of(newest)}"
        plain_keys.add(newest.id)
        result.append(
            AskedQuestion(
                key,
                newest,
                number,
                tuple(version for version, _, _ in places),
                last_version != newest_version,
                tuple(_earlier_options(newest, [question for _, _, question in places[:-1]])),
            )
        )
    return result


def _earlier_options(newest: AnyQuestion, older: Iterable[AnyQuestion]) -> list[tuple[str, str]]:
    if not isinstance(newest, Single | Multiple):
        return []
    known = set(newest.option_ids)
    gone: dict[str, str] = {}
    for question in older:
        assert isinstance(question, Single | Multiple)
        gone.update({option.id: option.label for option in question.options if option.id not in known})
    return list(gone.items())


def tally(questions: Sequence[AskedQuestion], counts: AnswerCounts) -> list[QuestionTally]:
    """Every question's figures; `counts` were made by the questions' `counting`, in the same order."""
    return [_tally(asked, counted, counts.by_version) for asked, counted in zip(questions, counts.questions, strict=True)]


def _tally(asked: AskedQuestion, counted: Counted, by_version: Mapping[int, int]) -> QuestionTally:
    question = asked.newest
    common = {
        "key": asked.key,
        "id": question.id,
        "type": type_of(question),
        "label": question.label,
        "number": asked.number,
        "version_ids": list(asked.version_ids),
        "asked": sum(by_version.get(version, 0) for version in asked.version_ids),
        "answered": counted.answered,
        "withdrawn": asked.withdrawn,
    }
    if isinstance(question, Single | Multiple):
        options = [OptionTally(option.id, option.label, counted.values.get(option.id, 0), option.exclusive) for option in question.options]
        options += [OptionTally(each, label, counted.values.get(each, 0), withdrawn=True) for each, label in asked.earlier_options]
        limit = question.max_choices if isinstance(question, Multiple) else None
        return QuestionTally(**common, options=options, max_choices=limit)  # type: ignore[arg-type]
    if isinstance(question, Rating):
        # A scale that was shortened between versions keeps the points people gave.
        top = max([question.scale, *(int(point) for point in counted.values)])
        options = [OptionTally(str(point), "", counted.values.get(str(point), 0)) for point in range(1, top + 1)]
        total = sum(int(option.id) * option.count for option in options)
        return QuestionTally(
            **common,  # type: ignore[arg-type]
            options=options,
            mean=total / counted.answered if counted.answered else None,
            scale=top,
            low_label=question.low_label,
            high_label=question.high_label,
        )
    if isinstance(question, Number):
        return QuestionTally(**common, figures=describe_numbers(counted.values), unit=question.unit)  # type: ignore[arg-type]
    return QuestionTally(**common)  # type: ignore[arg-type]


def describe_numbers(values: Mapping[str, int]) -> NumberTally | None:
    """Figures of numbers given as text → how often; None for nothing.

    Quantiles are those of linear interpolation between order statistics (R's type 7, numpy's default, SQL's percentile_cont).
    """
    ordered = sorted((float(value), count) for value, count in values.items())
    if not ordered:
        return None
    n = sum(count for _, count in ordered)
    mean = math.fsum(value * count for value, count in ordered) / n
    quartiles = [_quantile(ordered, n, share) for share in (0.25, 0.5, 0.75)]
    return NumberTally(
        mean,
        quartiles[1],
        ordered[0][0],
        ordered[-1][0],
        quartiles[0],
        quartiles[2],
        _bins(ordered),
        all(value.is_integer() for value, _ in ordered),
    )


def _quantile(ordered: Sequence[tuple[float, int]], n: int, share: float) -> float:
    at = share * (n - 1)
    below, above = _nth(ordered, math.floor(at)), _nth(ordered, math.ceil(at))
    return below + (above - below) * (at - math.floor(at))


def _nth(ordered: Sequence[tuple[float, int]], place: int) -> float:
    for value, count in ordered:
        if place < count:
            return value
        place -= count
    raise IndexError(place)


def _bins(ordered: Sequence[tuple[float, int]]) -> list[Bin]:
    """At most MAX_BINS bins of one width of 1, 2 or 5 times a power of ten, on multiples of it."""
    low, high = ordered[0][0], ordered[-1][0]
    if low == high:
        return [Bin(low, high, ordered[0][1])]
    whole = all(value.is_integer() for value, _ in ordered)
    width = _round_width((high - low) / MAX_BINS, whole)
    start = math.floor(low / width)
    count = math.floor(high / width) - start + 1
    if count > MAX_BINS:
        width = _round_width(width * 1.01, whole)
        start = math.floor(low / width)
        count = math.floor(high / width) - start + 1
    filled = [0] * count
    for value, n in ordered:
        # A value on an edge (0.3 of width 0.1) must not fall below it by the binary fraction.
        filled[min(max(math.floor(value / width + 1e-9) - start, 0), count - 1)] += n
    return [Bin(_tidy((start + place) * width), _tidy((start + place + 1) * width), n) for place, n in enumerate(filled)]


def _round_width(least: float, whole: bool) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= least)
    return max(width, 1.0) if whole else width


def _tidy(value: float) -> float:
    return float(f"{value:.12g}")


def response_rate(answered: int, delivered: int) -> float | None:
    """Answered of delivered; None while nothing was delivered, or while answers overtake the delivery receipts."""
    return answered / delivered if delivered >= max(answered, 1) else None
