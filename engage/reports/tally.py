"""From counts to the figures of a report: shares, means, medians, bins. Pure.

A question's base is everyone who was asked it: the responses of those versions that contain it, and where earlier answers decide, those
of them whose answers led to it. A share is always of that base; who was asked and left it blank is counted as such, never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engage.reports.bases import Bases
from engage.reports.numbers import NumberTally, describe_numbers
from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted, Counting, Shape
from surveys.types import AnyQuestion, BallotRanking, LongText, Matrix, PartTally, Points, Question, Ranking, ShortText, Tally, type_of
from surveys.types.choices import OTHER

MINIMUM = 10
"""Below this many answers a percentage says more about single people than about a group."""
MOST_ROWS_SPLIT = 30
"""Rows of tables in one survey; beyond, they are counted over everybody alone."""


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
class Place:
    """How one thing that was put in order fared. Borda: k points for the first of k places, one for the last, none without a place."""

    id: str
    counts: list[int]
    """How often at the first place, the second, …"""
    mean: float | None
    """Of its places, among those who gave it one"""
    borda: int
    """Points, summed over everyone who answered"""


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
    places: list[Place] | None = None
    """Of things put in order, the most Borda points first"""
    whole: str = ""
    """The key all rows of one table share; empty for what is no row"""
    whole_label: str = ""
    part_label: str = ""

    @property
    def unanswered(self) -> int:
        return max(self.asked - self.answered, 0)

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
    whole_key: str = ""
    """Of the question it is a part of"""
    is_split: bool = True
    """Whether groups are told apart in it: not in numbers and orders, and not in so many rows that nobody could read them"""

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
        return Counting(self.name, self.version_ids, _shape(self), among, self.is_split)


_LISTS = frozenset({"multiple", "approval", "knapsack"})


def _shape(asked: AskedQuestion) -> Shape:
    tally = asked.part.tally
    if isinstance(asked.newest, Points) and tally == Tally.NUMBERS:
        return Shape.SHARED
    if tally == Tally.RANKS:
        return Shape.RANKED
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
    rows = sum(isinstance(each.newest, Matrix) for each in result)
    return [
        replace(each, is_split=False)
        if each.part.tally in (Tally.NUMBERS, Tally.RANKS) or (isinstance(each.newest, Matrix) and rows > MOST_ROWS_SPLIT)
        else each
        for each in result
    ]


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
            key,
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


def tally(questions: Sequence[AskedQuestion], counts: AnswerCounts, bases: Bases | None = None) -> list[QuestionTally]:
    """Every question's figures; `counts` were made by the questions' `counting`, in the same order. `bases` say how many were asked
    where earlier answers decide; elsewhere everyone was."""
    known = bases or {}
    return [
        _tally(
            asked, counted, sum(known.get((version, asked.newest.id), counts.by_version.get(version, 0)) for version in asked.version_ids)
        )
        for asked, counted in zip(questions, counts.questions, strict=True)
    ]


def _tally(asked: AskedQuestion, counted: Counted, base: int) -> QuestionTally:
    question, part = asked.newest, asked.part
    shape = _shape(asked)
    common = {
        "key": asked.key,
        "id": asked.name,
        "type": type_of(question),
        "label": asked.label,
        "number": asked.number,
        "version_ids": list(asked.version_ids),
        "asked": base,
        "answered": counted.answered,
        "withdrawn": asked.withdrawn,
        "tally": part.tally,
        "is_conditional": asked.is_conditional,
    }
    if part.tally == Tally.RANKS:
        return _ranks_tally(asked, counted, common)
    if part.tally == Tally.CHOICES:
        options = [OptionTally(option.id, option.label, counted.values.get(option.id, 0), option.exclusive) for option in part.options]
        options += [OptionTally(each, label, counted.values.get(each, 0), withdrawn=True) for each, label in asked.earlier_options]
        return QuestionTally(
            **common,  # type: ignore[arg-type]
            options=options,
            max_choices=getattr(question, "max_choices", None) if shape == Shape.MANY else None,
            is_many=shape == Shape.MANY,
            is_ordered=type_of(question) in ("matrix", "yes_no"),
            **_row_of(asked),  # type: ignore[arg-type]
        )
    if part.tally == Tally.SCALE:
        return _scale_tally(question, part, counted, common)
    if part.tally == Tally.NUMBERS:
        return QuestionTally(**common, figures=describe_numbers(_numbers_in(counted.values)), unit=getattr(question, "unit", ""))  # type: ignore[arg-type]
    return QuestionTally(**common, is_written=is_written(question, part))  # type: ignore[arg-type]


def _row_of(asked: AskedQuestion) -> dict[str, str]:
    """Where a row of a table belongs."""
    if not isinstance(asked.newest, Matrix):
        return {}
    return {"whole": asked.whole_key, "whole_label": asked.newest.label, "part_label": asked.part.label}


def _ranks_tally(asked: AskedQuestion, counted: Counted, common: Mapping[str, object]) -> QuestionTally:
    by_option: dict[str, dict[int, int]] = {}
    for value, count in counted.values.items():
        place, _, option_id = value.partition(":")
        by_option.setdefault(option_id, {})[int(place)] = count
    options = [OptionTally(each.id, each.label, by_option.get(each.id, {}).get(1, 0), each.exclusive) for each in asked.part.options]
    options += [OptionTally(each, label, by_option.get(each, {}).get(1, 0), withdrawn=True) for each, label in asked.earlier_options]
    given = {option.id: by_option.get(option.id, {}) for option in options if not option.exclusive}
    last = max([_places_of(asked.newest), *(place for places in given.values() for place in places)])
    places = [_place(option_id, each, last) for option_id, each in given.items()]
    places.sort(key=lambda place: -place.borda)
    return QuestionTally(**common, options=options, places=places)  # type: ignore[arg-type]


def _places_of(question: AnyQuestion) -> int:
    """How many places its newest form gives."""
    if isinstance(question, BallotRanking):
        return min(question.ranks, max(len(question.projects), 1))
    return question.places if isinstance(question, Ranking) else 1


def _place(option_id: str, given: Mapping[int, int], last: int) -> Place:
    chosen = sum(given.values())
    return Place(
        option_id,
        [given.get(place, 0) for place in range(1, last + 1)],
        sum(place * count for place, count in given.items()) / chosen if chosen else None,
        sum((last + 1 - place) * count for place, count in given.items()),
    )


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


def response_rate(answered: int, delivered: int) -> float | None:
    """Answered of delivered; None while nothing was delivered, or while answers overtake the delivery receipts."""
    return answered / delivered if delivered >= max(answered, 1) else None
