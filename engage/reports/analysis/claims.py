"""What may be said of those who were asked, and what of the city. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engage.reports.analysis.people import BY_NUMBER
from engage.reports.analysis.shapes import AskedClaim, CityClaim, Representation, WeightedShare
from engage.reports.grid import Dimension, Grid
from engage.reports.suppression import MINIMUM_BASE, is_small
from engage.reports.tally import QuestionTally
from engage.statistics.linearised import Answers, weighted_share
from engage.statistics.samples import margin_of_error
from engage.statistics.weighting import Margin, Unweightable, collapse_thin, rake, representation
from surveys.types import Tally

MINIMUM_FOR_CITY = 100
"""Fewer answers are never weighted up to a city"""


@dataclass(frozen=True)
class Inviting:
    """One campaign that invited to the survey: how many it found, and how they were drawn. `is_even`: everybody as likely."""

    eligible: int
    recipients: int
    is_sample: bool
    is_even: bool = True


def asked_claim(campaigns: Sequence[Inviting], by_channel: Mapping[str, int]) -> AskedClaim:
    """A margin of error for one evenly drawn, seeded sample alone, with the finite-population correction."""
    respondents = sum(by_channel.values())
    by_number = sum(count for channel, count in by_channel.items() if channel in BY_NUMBER)
    others = respondents - by_number
    if not campaigns:
        return AskedClaim("open" if others else "none", respondents=respondents, reason="open_link" if others else "nobody_asked")
    frame = max(each.eligible for each in campaigns)
    sample = sum(each.recipients for each in campaigns)
    if others:
        return AskedClaim("mixed", frame, sample, respondents, reason="open_answers")
    if not any(each.is_sample for each in campaigns):
        return AskedClaim("census", frame, sample, respondents, reason="everybody_asked")
    if len(campaigns) > 1:
        return AskedClaim("mixed", None, sample, respondents, reason="several_campaigns")
    if not campaigns[0].is_even:
        return AskedClaim("mixed", frame, sample, respondents, reason="uneven_sample")
    if frame <= 0 or sample <= 0:
        return AskedClaim("mixed", None, None, respondents, reason="frame_unknown")
    if respondents < MINIMUM_BASE:
        return AskedClaim("random_sample", frame, sample, respondents, reason="too_few")
    return AskedClaim("random_sample", frame, sample, respondents, margin_of_error(respondents, frame))


def city_claim(grid: Grid, tallies: Sequence[QuestionTally], margins: Sequence[Margin], *, dated: str = "") -> CityClaim:
    """Shares weighted to the census margins (`Margin.name` is a dimension's), with linearised intervals; or why there are none.

    Those of whom a margin's group isn't known are left out of the weights. A weighted share is one more sum over the groups: a question
    has none where some group's count of some option is one to four, and all are told in whole percent, so that the groups' counts don't
    follow from it and the weights.
    """
    if not margins:
        return CityClaim("no_margins")
    dimensions = [Dimension(margin.name) for margin in margins]
    cells = {cell: counts for cell, counts in grid.cells(dimensions).items() if all(cell)}
    people: dict[tuple[str, ...], float] = {cell: float(sum(counts.by_version.values())) for cell, counts in cells.items()}
    n = round(sum(people.values()))
    if n < MINIMUM_FOR_CITY:
        return CityClaim("too_few", {"known": n, "needed": MINIMUM_FOR_CITY}, dated)
    unknown = next((group for at, m in enumerate(margins) for group in sorted({c[at] for c in people} - m.population.keys())), None)
    if unknown is not None:
        return CityClaim("unknown_group", {"group": unknown}, dated)
    collapsed = collapse_thin(people, margins, MINIMUM_BASE)
    found = rake(collapsed.cells, collapsed.margins)
    if isinstance(found, Unweightable):
        return CityClaim(found.code, dict(found.detail), dated, collapsed.joined)
    target: dict[tuple[int, str], str] = {}
    at_of = {margin.name: at for at, margin in enumerate(margins)}
    for name, thin, into in collapsed.joined:
        target[at_of[name], thin] = into

    def joined(cell: tuple[str, ...]) -> tuple[str, ...]:
        parts = []
        for at, group in enumerate(cell):
            while (at, group) in target:
                group = target[at, group]
            parts.append(group)
        return tuple(parts)

    shown = []
    for at, margin in enumerate(collapsed.margins):
        groups = {group: sum(count for cell, count in collapsed.cells.items() if cell[at] == group) for group in margin.population}
        # Beside a joined group's size, a breakdown would tell the size of the hidden one in it.
        if min(groups.values()) < MINIMUM_BASE or any(name == margin.name for name, _, _ in collapsed.joined):
            continue
        total = sum(margin.population.values())
        index = representation(groups, margin.population)
        shown += [
            Representation(margin.name, group, margin.population[group] / total, groups[group] / n, value) for group, value in index.items()
        ]
    shares = {}
    for place, tally in enumerate(tallies):
        if tally.tally not in (Tally.CHOICES, Tally.SCALE) or not tally.options or tally.answered < MINIMUM_FOR_CITY:
            continue
        estimates = []
        is_telling = False
        for option in tally.options:
            counted: dict[tuple[str, ...], list[float]] = {}
            for cell, counts in cells.items():
                each = counted.setdefault(joined(cell), [0.0, 0.0, 0.0])
                question = counts.questions[place]
                chosen = question.values.get(option.id, 0)
                each[0] += chosen
                each[1] += question.answered - chosen
                each[2] += sum(counts.by_version.values()) - question.answered
            is_telling = is_telling or _tells_small(counted)
            answers = {cell: Answers({1.0: yes, 0.0: no}, silent) for cell, (yes, no, silent) in counted.items()}
            if sum(values[0] + values[1] for values in counted.values()) < MINIMUM_FOR_CITY:
                continue
            estimate = weighted_share(answers, found.of_cell, range(len(margins)))
            if estimate is not None:
                estimates.append(WeightedShare(option.id, *(round(each, 2) for each in (estimate.value, estimate.low, estimate.high))))
        if estimates and len(estimates) == len(tally.options) and not is_telling:
            shares[tally.key] = estimates
    return CityClaim("", {"known": n}, dated, collapsed.joined, found.trimmed, found.design_effect, found.effective_n, shown, shares)


def _tells_small(counted: Mapping[tuple[str, ...], Sequence[float]]) -> bool:
    """Whether one to four people of some group chose it; `counted` are those who did, didn't and were silent, by cell."""
    sums: dict[tuple[int, str], float] = {}
    for cell, (chosen, _not, _silent) in counted.items():
        for place, group in enumerate(cell):
            sums[place, group] = sums.get((place, group), 0.0) + chosen
    return any(is_small(round(each)) for each in sums.values())
