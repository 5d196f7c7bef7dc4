"""The same question asked several times, or in several places: shares side by side, and the differences that hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import QuestionTally
from engage.statistics.multiple import benjamini_hochberg
from engage.statistics.proportions import difference
from surveys.types import Tally

Against = Literal["before", "rest"]


@dataclass(frozen=True)
class Side:
    """One survey among those compared: a round, or a unit's."""

    key: str
    name: str
    questions: Mapping[str, QuestionTally]


@dataclass(frozen=True)
class ComparedCell:
    option_id: str
    share: float
    mark: int = 0
    """1 more, -1 less than in the round before (or than the rest), where that holds after Benjamini-Hochberg over all comparisons"""


@dataclass(frozen=True)
class ComparedLine:
    side: str
    base: int
    cells: list[ComparedCell]
    mean: float | None


@dataclass(frozen=True)
class Compared:
    """One question over the sides that asked it in the same words; options that not all offered are left out, and counted."""

    question: QuestionTally
    options: list[tuple[str, str]]
    lines: list[ComparedLine]
    reworded: list[str]
    """Names of sides that ask it in other words: not compared"""
    left_out: int = 0
    is_tested: bool = True


def compare(sides: Sequence[Side], against: Against, *, leading: int = 0) -> list[Compared]:
    """Questions of the `leading` side, in its words, that at least one other asks, too. Sides of fewer than ten answers to it are silent; bases are those who
    answered. `before` holds each against the one listed before it, `rest` each against all others together."""
    found: list[tuple[QuestionTally, list[tuple[Side, QuestionTally]], list[tuple[str, str]], list[str], int]] = []
    for key, question in sides[leading].questions.items():
        if question.tally not in (Tally.CHOICES, Tally.SCALE) or not question.options or question.withdrawn:
            continue
        same, reworded = [], []
        for side in sides:
            other = side.questions.get(key)
            if other is None or other.tally != question.tally or not other.options or other.answered < MINIMUM_BASE:
                continue
            if not is_same(question, other):
                reworded.append(side.name)
            else:
                same.append((side, other))
        if len(same) < 2:
            if reworded and same:
                found.append((question, same, [], reworded, 0))
            continue
        offered = [{(option.id, option.label) for option in other.options or []} for _side, other in same]
        common = set.intersection(*offered)
        options = [(option.id, option.label) for option in question.options if (option.id, option.label) in common and not option.withdrawn]
        found.append((question, same, options, reworded, len(set.union(*offered)) - len(common)))
    tests: list[tuple[str, str, str, float]] = []
    values: list[float] = []
    for question, same, options, _reworded, _left in found:
        for at, (side, mine) in enumerate(same):
            others = (
                [same[at - 1][1]]
                if against == "before" and at
                else [other for o, other in same if o is not side]
                if against == "rest"
                else []
            )
            base = sum(other.answered for other in others)
            if base < MINIMUM_BASE:
                continue
            for option_id, _label in options:
                rest = sum(_count(other, option_id) for other in others) / base
                share = _count(mine, option_id) / mine.answered
                gap = difference(share, mine.answered, rest, base)
                tests.append((question.key, side.key, option_id, gap.difference))
                values.append(gap.p)
    marks = {
        (key, side, option): 1 if gap > 0 else -1
        for (key, side, option, gap), holds in zip(tests, benjamini_hochberg(values), strict=True)
        if holds
    }
    return [
        Compared(
            question,
            options,
            [
                ComparedLine(
                    side.name,
                    mine.answered,
                    [
                        ComparedCell(option, _count(mine, option) / mine.answered, marks.get((question.key, side.key, option), 0))
                        for option, _label in options
                    ],
                    mine.mean if mine.scale == question.scale else None,
                )
                for side, mine in same
                if options
            ],
            reworded,
            left_out,
            any(test[0] == question.key for test in tests),
        )
        for question, same, options, reworded, left_out in found
    ]


def is_same(question: QuestionTally, other: QuestionTally) -> bool:
    """Asked in the same words, on the same scale, with an option in common by its words. Ids alone don't tell: every form begins with q1 and a1."""
    if (question.key, question.tally, question.is_many, question.scale) != (other.key, other.tally, other.is_many, other.scale):
        return False
    if (question.label, question.whole_label) != (other.label, other.whole_label):
        return False
    offered = {(option.id, option.label) for option in other.options or []}
    return any((option.id, option.label) in offered for option in question.options or [])


def _count(question: QuestionTally, option_id: str) -> int:
    return next((option.count for option in question.options or [] if option.id == option_id), 0)
