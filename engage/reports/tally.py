"""From counts to the figures of a report: shares, means, medians, bins. Pure.

A question's base is everyone who was asked it: the responses of those versions that contain it. A share is always of that base;
who was asked and left it blank is counted as such, never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted, Counting, Shape
from surveys.types import AnyQuestion, LongText, PartTally, Points, Question, ShortText, Tally, type_of
from surveys.types.choices import OTHER

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
    """Everything a report says about one question, or one part of it that is counted by itself (a row of a matrix).

    `key` is unique in the report, also where a version changed a question's type.
    """

    key: str
    id: str
    """Where its answers stand in a document: `q5`, or `q5.r1` for a part"""
    type: str
    label: str
    number: int
    """Its place among what the newest version asks, from 1; 0 for what nobody is asked (a calculation)"""
    version_ids: list[int]
    asked: int
    answered: int
    withdrawn: bool = False
    """No longer in the newest version"""
    options: list[OptionTally] | None = None
    """Choices in the order of the form, points of a scale from the lowest up"""
    mean: float | None = None
    """Of the points of a scale"""
    scale: int | None = None
    low_label: str = ""
    high_label: str = ""
    figures: NumberTally | None = None
    unit: str = ""
    max_choices: int | None = None
    tally: Tally = Tally.CHOICES
    is_many: bool = False
    """One person may have chosen several"""
    is_ordered: bool = False
    """The options follow one another, as the columns of a matrix"""
    is_written: bool = False
    """Own words that may be read, masked"""
    is_conditional: bool = False
    """Not everyone who saw its version was asked: earlier answers decided"""

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
    """One question, or one counted part of it, over all versions that ask it with the same type; wording and options are the newest."""

    key: str
    newest: AnyQuestion
    number: int
    version_ids: tuple[int, ...]
    withdrawn: bool
    earlier_options: tuple[tuple[str, str], ...]
    """(id, label) of options that only older versions had"""
    part: PartTally = field(default_factory=lambda: PartTally("", "", Tally.TEXTS))
    is_conditional: bool = False

    @property
    def name(self) -> str:
        """Where its answers stand in a document."""
        return f"{self.newest.id}.{self.part.part}" if self.part.part else self.newest.id

    @property
    def label(self) -> str:
        own = self.part.label
        return self.newest.label if own in ("", self.newest.label) else f"{self.newest.label} · {own}"

    @property
    def counting(self) -> Counting:
        among = tuple(f"{self.newest.id}.{project.id}" for project in self.newest.projects) if isinstance(self.newest, Points) else ()
        return Counting(self.name, self.version_ids, _shape(self), among)


_LISTS = frozenset({"multiple", "approval", "knapsack"})


def _shape(asked: AskedQuestion) -> Shape:
    tally = asked.part.tally
    if isinstance(asked.newest, Points) and tally == Tally.NUMBERS:
        return Shape.SHARED
    if tally == Tally.RANKS:
        return Shape.FIRST
    if tally == Tally.CHOICES and type_of(asked.newest) in _LISTS:
        return Shape.MANY
    return Shape.ONE if tally in (Tally.CHOICES, Tally.SCALE, Tally.NUMBERS) else Shape.PRESENT


def parts_of(question: AnyQuestion) -> list[PartTally]:
    """What is counted of a question: what its type says, and the own words of «other»."""
    found = question.tallies()
    other = getattr(question, "other_option", None)
    return [*found, PartTally(OTHER, other.label, Tally.TEXTS)] if other is not None else found


def asked_questions(definitions: Mapping[int, Definition]) -> list[AskedQuestion]:
    """What is counted in all versions (oldest version first in `definitions`), in the newest form's order; withdrawn things follow.

    The same id with another type is another question: its answers can't be counted together.
    """
    found: dict[tuple[str, str], list[tuple[int, int, AnyQuestion]]] = {}
    conditional: set[tuple[str, str]] = set()
    for version_id, definition in definitions.items():
        number, may_be_skipped = 0, False
        for question in definition.questions:
            number += question.asks
            which = question.id, type_of(question)
            found.setdefault(which, []).append((version_id, number if question.asks else 0, question))
            if question.show_if or may_be_skipped:
                conditional.add(which)
            may_be_skipped = may_be_skipped or bool(question.skips)
    newest_version = list(definitions)[-1] if definitions else None
    order = {version_id: place for place, version_id in enumerate(definitions)}
    places_in = {
        version_id: {question.id: place for place, question in enumerate(definition.questions)}
        for version_id, definition in definitions.items()
    }
    result: list[AskedQuestion] = []
    plain_keys = set[str]()
    latest_first = sorted(
        found.items(),
        key=lambda each: (each[1][-1][0] != newest_version, -order[each[1][-1][0]], places_in[each[1][-1][0]][each[0][0]]),
    )
    for which, places in latest_first:
        key = which[0] if which[0] not in plain_keys else f"{which[0]}:{which[1]}"
        plain_keys.add(which[0])
        result += _parts_over_versions(key, places, newest_version, is_conditional=which in conditional)
    return result


def _parts_over_versions(
    key: str, places: Sequence[tuple[int, int, AnyQuestion]], newest_version: int | None, *, is_conditional: bool
) -> list[AskedQuestion]:
    last_version, number, newest = places[-1]
    older = [question for _, _, question in places[:-1]]
    parts: dict[tuple[str, Tally], tuple[PartTally, list[int]]] = {}
    for version_id, _, question in reversed(places):
        for part in parts_of(question):
            parts.setdefault((part.part, part.tally), (part, []))[1].insert(0, version_id)
    return [
        AskedQuestion(
            f"{key}.{part.part}" if part.part else key,
            newest,
            number,
            tuple(version_ids),
            version_ids[-1] != newest_version,
            tuple(_earlier_options(part, older)),
            part,
            is_conditional,
        )
        for part, version_ids in parts.values()
    ]


def _earlier_options(newest: PartTally, older: Iterable[AnyQuestion]) -> list[tuple[str, str]]:
    if newest.tally not in (Tally.CHOICES, Tally.RANKS):
        return []
    known = {option.id for option in newest.options}
    gone: dict[str, str] = {}
    for question in older:
        for part in parts_of(question):
            if (part.part, part.tally) == (newest.part, newest.tally):
                gone.update({option.id: option.label for option in part.options if option.id not in known})
    return list(gone.items())


def tally(questions: Sequence[AskedQuestion], counts: AnswerCounts) -> list[QuestionTally]:
    """Every question's figures; `counts` were made by the questions' `counting`, in the same order."""
    return [_tally(asked, counted, counts.by_version) for asked, counted in zip(questions, counts.questions, strict=True)]


def _tally(asked: AskedQuestion, counted: Counted, by_version: Mapping[int, int]) -> QuestionTally:
    question, part = asked.newest, asked.part
    shape = _shape(asked)
    common = {
        "key": asked.key,
        "id": asked.name,
        "type": type_of(question),
        "label": asked.label,
        "number": asked.number,
        "version_ids": list(asked.version_ids),
        "asked": sum(by_version.get(version, 0) for version in asked.version_ids),
        "answered": counted.answered,
        "withdrawn": asked.withdrawn,
        "tally": part.tally,
        "is_conditional": asked.is_conditional,
    }
    if part.tally in (Tally.CHOICES, Tally.RANKS):
        options = [OptionTally(option.id, option.label, counted.values.get(option.id, 0), option.exclusive) for option in part.options]
        options += [OptionTally(each, label, counted.values.get(each, 0), withdrawn=True) for each, label in asked.earlier_options]
        return QuestionTally(
            **common,  # type: ignore[arg-type]
            options=options,
            max_choices=getattr(question, "max_choices", None) if shape == Shape.MANY else None,
            is_many=shape == Shape.MANY,
            is_ordered=type_of(question) in ("matrix", "yes_no"),
        )
    if part.tally == Tally.SCALE:
        return _scale_tally(question, part, counted, common)
    if part.tally == Tally.NUMBERS:
        return QuestionTally(**common, figures=describe_numbers(_numbers_in(counted.values)), unit=getattr(question, "unit", ""))  # type: ignore[arg-type]
    return QuestionTally(**common, is_written=is_written(question, part))  # type: ignore[arg-type]


def is_written(question: Question, part: PartTally) -> bool:
    """Whether this is read as what people wrote. A number or a file that says who answered never is."""
    return part.tally == Tally.TEXTS and (isinstance(question, ShortText | LongText) or part.part == OTHER)


def _scale_tally(question: AnyQuestion, part: PartTally, counted: Counted, common: Mapping[str, object]) -> QuestionTally:
    # A scale that was shortened between versions keeps the points people gave.
    given = {int(point): count for point, count in counted.values.items() if point.isdecimal()}
    offered = [int(option.id) for option in part.options]
    low, high = min([*offered, *given], default=1), max([*offered, *given], default=1)
    total = sum(point * count for point, count in given.items())
    return QuestionTally(
        **common,  # type: ignore[arg-type]
        options=[OptionTally(str(point), "", given.get(point, 0)) for point in range(low, high + 1)],
        mean=total / counted.answered if counted.answered else None,
        scale=high,
        low_label=getattr(question, "low_label", ""),
        high_label=getattr(question, "high_label", ""),
    )


def _numbers_in(values: Mapping[str, int]) -> dict[str, int]:
    """What can be read as a number; anything else was written by nobody we know."""
    found = {}
    for value, count in values.items():
        try:
            if math.isfinite(float(value)):
                found[value] = count
        except ValueError:
            continue
    return found


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
