"""Every question by every dimension: counts, shares with intervals, and the differences that hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from contacts.queries.profiles import AGE_BANDS
from engage.reports.analysis.cells import Column, choose, links_of
from engage.reports.analysis.shapes import Breakdown, Difference, GroupCell, GroupColumn, QuestionSplit
from engage.reports.grid import Dimension, Grid
from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import AskedQuestion, QuestionTally
from engage.statistics.multiple import benjamini_hochberg
from engage.statistics.proportions import ShareDifference, difference, mean_difference, wilson
from surveys.queries.aggregates import AnswerCounts
from surveys.types import Tally

Labels = Mapping[Dimension, Mapping[str, str]]
_ORDERS: dict[Dimension, Sequence[str]] = {
    Dimension.AGE: AGE_BANDS,
    Dimension.GENDER: ("female", "male"),
    Dimension.CHANNEL: ("link", "sms", "open", "kiosk", "collector", "paper"),
}


@dataclass(frozen=True)
class _Compared:
    """One comparison, and where its mark goes if it holds."""

    key: str
    dimension: Dimension
    group: str
    option_id: str
    value: float
    rest: float
    found: ShareDifference


def break_down(
    questions: Sequence[AskedQuestion],
    tallies: Sequence[QuestionTally],
    grid: Grid,
    labels: Labels,
    *,
    design_effect: float = 1.0,
) -> tuple[list[Breakdown], list[Difference]]:
    """Breakdowns that may be published beside the report's own counts (`tallies`, in the order of `questions`), and the differences
    that hold after Benjamini-Hochberg over all comparisons made, the largest first.

    A group is compared with the rest of its dimension. Where earlier answers decide who is asked, a question is broken down only by
    dimensions in which nothing is hidden elsewhere: its base would tell what was hidden.
    """
    groups = {dimension: grid.groups(dimension) for dimension in Dimension}
    told_apart = [dimension for dimension in Dimension if sum(group_size(each) > 0 for each in groups[dimension].values()) >= 2]
    links = links_of(grid.answers, told_apart)
    order = sorted(range(len(questions)), key=lambda place: questions[place].is_conditional)
    splits: dict[tuple[Dimension, int], QuestionSplit] = {}
    compared: list[_Compared] = []
    with_hidden: set[Dimension] = set()
    for place in order:
        question, tally = questions[place], tallies[place]
        if not question.counting.is_split or tally.tally not in (Tally.CHOICES, Tally.SCALE) or not tally.options:
            continue
        columns = {}
        for dimension in told_apart:
            if question.is_conditional and dimension in with_hidden:
                continue
            found = _columns(groups[dimension], place, tally)
            if len(found) >= 2:
                columns[dimension] = found
        shown = choose(columns, links, is_single=not tally.is_many)
        for dimension, whole in columns.items():
            names = shown.groups.get(dimension, frozenset())
            hidden = {(group, option) for d, group, option in shown.hidden if d == dimension}
            if len(names) < len(whole) or hidden:
                with_hidden.add(dimension)
            if not names:
                continue
            splits[dimension, place], more = _split(tally, dimension, whole, names, hidden, design_effect)
            compared += more
    holding = [each for each, holds in zip(compared, benjamini_hochberg([each.found.p for each in compared]), strict=True) if holds]
    marks = {(e.dimension, e.key, e.group, e.option_id): 1 if e.found.difference > 0 else -1 for e in holding}
    breakdowns = []
    for dimension in told_apart:
        mine = [_marked(split, dimension, marks) for (d, _), split in sorted(splits.items(), key=lambda each: each[0][1]) if d == dimension]
        if mine:
            breakdowns.append(_breakdown(dimension, mine, groups[dimension], labels.get(dimension, {})))
    differences = [Difference(e.key, str(e.dimension), e.group, e.option_id, e.value, e.rest, e.found.low, e.found.high) for e in holding]
    options_last = sorted(differences, key=lambda each: (not each.option_id, -abs(each.value - each.rest)))
    return breakdowns, options_last


def group_size(counts: AnswerCounts) -> int:
    return sum(counts.by_version.values())


def order_of(dimension: str, groups: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """Groups as pages list them; whoever nothing is known of comes last."""
    fixed: Sequence[str] = _ORDERS.get(Dimension(dimension), ()) if dimension in set(Dimension) else AGE_BANDS if dimension == "age" else ()

    def key(group: str) -> tuple[bool, int, int, str]:
        number = int(group) if dimension == "wave" and group.isdecimal() else 0
        return group == "", fixed.index(group) if group in fixed else len(fixed), number, labels.get(group, group)

    return sorted(groups, key=key)


def _columns(groups: Mapping[str, AnswerCounts], place: int, tally: QuestionTally) -> dict[str, Column]:
    found = {}
    for group, counts in groups.items():
        if place < len(counts.questions) and counts.questions[place].answered:
            counted = counts.questions[place]
            found[group] = Column(counted.answered, tuple(counted.values.get(option.id, 0) for option in tally.options or ()))
    return found


def _split(
    tally: QuestionTally,
    dimension: Dimension,
    columns: Mapping[str, Column],
    names: frozenset[str],
    hidden: set[tuple[str, int]],
    design_effect: float,
) -> tuple[QuestionSplit, list[_Compared]]:
    options = tally.options or []
    whole_base = sum(column.base for column in columns.values())
    whole = [sum(column.counts[at] for column in columns.values()) for at in range(len(options))]
    compared: list[_Compared] = []
    made = []
    for group in names:
        column = columns[group]
        n, m = column.base / design_effect, (whole_base - column.base) / design_effect
        comparable = whole_base - column.base >= MINIMUM_BASE
        cells = []
        for at, option in enumerate(options):
            if (group, at) in hidden:
                cells.append(GroupCell(option.id, None))
                continue
            share = column.counts[at] / column.base
            interval = wilson(share, n)
            cells.append(GroupCell(option.id, column.counts[at], share, interval.low, interval.high))
            if comparable:
                rest = (whole[at] - column.counts[at]) / (whole_base - column.base)
                compared.append(_Compared(tally.key, dimension, group, option.id, share, rest, difference(share, n, rest, m)))
        mean = None
        # A mean is one more sum over the cells: beside a hidden one it would tell its value.
        if tally.tally == Tally.SCALE and all(cell.count is not None for cell in cells):
            mean, variance = _moments(options, column.counts)
            if comparable:
                rest_mean, rest_variance = _moments(options, [all_ - own for all_, own in zip(whole, column.counts, strict=True)])
                found = mean_difference(mean, variance, n, rest_mean, rest_variance, m)
                compared.append(_Compared(tally.key, dimension, group, "", mean, rest_mean, found))
        made.append(GroupColumn(group, column.base, cells, mean))
    return QuestionSplit(tally.key, made, is_tested=bool(compared)), compared


def _moments(options: Sequence[object], counts: Sequence[int]) -> tuple[float, float]:
    """Mean and variance (n − 1) of the points."""
    points = [int(option.id) for option in options]  # type: ignore[attr-defined]
    n = sum(counts)
    mean = sum(point * count for point, count in zip(points, counts, strict=True)) / n if n else 0.0
    squares = sum(count * (point - mean) ** 2 for point, count in zip(points, counts, strict=True))
    return mean, squares / (n - 1) if n > 1 else 0.0


def _marked(split: QuestionSplit, dimension: Dimension, marks: Mapping[tuple[Dimension, str, str, str], int]) -> QuestionSplit:
    def mark(group: str, option_id: str) -> int:
        return marks.get((dimension, split.question_key, group, option_id), 0)

    columns = [
        replace(
            column,
            cells=[replace(cell, mark=mark(column.group, cell.option_id)) for cell in column.cells],
            mean_mark=mark(column.group, ""),
        )
        for column in split.columns
    ]
    return replace(split, columns=columns)


def _breakdown(
    dimension: Dimension, splits: list[QuestionSplit], groups: Mapping[str, AnswerCounts], labels: Mapping[str, str]
) -> Breakdown:
    shown = {column.group for split in splits for column in split.columns}
    order = order_of(dimension, list(shown), labels)
    placed = [replace(split, columns=sorted(split.columns, key=lambda column: order.index(column.group))) for split in splits]
    names = {group: labels.get(group, group) for group in order}
    return Breakdown(
        str(dimension), order, names, placed, sum(group not in shown and group_size(each) > 0 for group, each in groups.items())
    )
