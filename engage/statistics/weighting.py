"""Weights that give respondents the shape of the population in several known margins (raking). Pure.

People of one cell (one combination of groups) weigh the same, so everything is about cells: a million answers cost what their cells cost.
Source: Deming and Stephan 1940; Kish, Survey Sampling (1965), 11.7 for the design effect; trimming and collapsing after Battaglia et al.,
Practical considerations in raking survey data (2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = tuple[str, ...]

TOLERANCE = 1e-10
MOST_ROUNDS = 5_000
LOWEST, HIGHEST = 0.3, 3.0
"""Times the mean weight; what lies beyond is trimmed"""
FARTHEST = 0.05
"""A margin that trimmed weights leave this far off, as a share of the population, isn't met"""
HIGHEST_DESIGN_EFFECT = 3.0


@dataclass(frozen=True)
class Margin:
    """One known margin: how many of the population are in each group. Its place among the margins is that of its group in a cell."""

    name: str
    population: Mapping[str, float]
    is_ordered: bool = False
    """Neighbouring groups (ages) are joined first when one is thin"""


@dataclass(frozen=True)
class Weights:
    """`of_cell` sums over people to the population; the mean is population / people."""

    of_cell: dict[Cell, float]
    design_effect: float
    effective_n: float
    trimmed: int = 0
    """People whose weight was trimmed"""
    largest_miss: float = 0.0
    """After trimming, the largest distance of a weighted margin from the known one, as a share of the population"""


@dataclass(frozen=True)
class Unweightable:
    """Why there are no weights. `code`: nobody, unknown_group, group_empty, margins_disagree, not_converged, design_effect."""

    code: str
    detail: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Collapsed:
    """Margins and cells after thin groups were joined to others: (margin, thin group, the group it now belongs to)."""

    margins: list[Margin]
    cells: dict[Cell, float]
    joined: list[tuple[str, str, str]]


def kish(weights: Mapping[Cell, float], people: Mapping[Cell, float]) -> tuple[float, float]:
    """(design effect n·Σw²/(Σw)², effective n) of unequal weights."""
    n = sum(people.values())
    total = sum(weights[cell] * count for cell, count in people.items())
    squares = sum(weights[cell] ** 2 * count for cell, count in people.items())
    effect = n * squares / total**2
    return effect, n / effect


def collapse_thin(people: Mapping[Cell, float], margins: Sequence[Margin], minimum: float) -> Collapsed:
    """Groups with fewer than `minimum` respondents are joined, the thinnest first: to the smaller neighbour of an ordered margin, else to
    the group with the fewest respondents. Ties go to the first in the margin's order. The last two groups of a margin are never joined."""
    cells = dict(people)
    known = list(margins)
    joined: list[tuple[str, str, str]] = []
    for place, margin in enumerate(margins):
        population = dict(margin.population)
        while len(population) > 2:
            counts = {group: sum(count for cell, count in cells.items() if cell[place] == group) for group in population}
            thin = min(population, key=lambda group: counts[group])
            if counts[thin] >= minimum:
                break
            order = list(population)
            at = order.index(thin)
            near = (
                [order[each] for each in (at - 1, at + 1) if 0 <= each < len(order)]
                if margin.is_ordered
                else [g for g in order if g != thin]
            )
            target = min(near, key=lambda group: counts[group])
            population[target] += population.pop(thin)
            joined.append((margin.name, thin, target))
            moved: dict[Cell, float] = {}
            for cell, count in cells.items():
                new = (*cell[:place], target, *cell[place + 1 :]) if cell[place] == thin else cell
                moved[new] = moved.get(new, 0) + count
            cells = moved
        known[place] = Margin(margin.name, population, margin.is_ordered)
    return Collapsed(known, cells, joined)


def rake(people: Mapping[Cell, float], margins: Sequence[Margin], *, trim: bool = True) -> Weights | Unweightable:
    """Weights under which every margin of the respondents is the known one.

    `people` are respondents of each cell, a cell naming a group of each margin in order. With `trim`, weights are held to
    0.3 to 3 times their mean and raked again until both hold, or margins are as near as that allows. A design effect over 3 is refused,
    before trimming as after it (trimming hides how far the respondents are from the population), and so are trimmed weights that leave
    a margin more than `FARTHEST` off.
    """
    found = {cell: float(count) for cell, count in people.items() if count > 0}
    refusal = _check(found, margins)
    if refusal is not None:
        return refusal
    total = sum(margins[0].population.values())
    mean = total / sum(found.values())
    weights = _rake(dict.fromkeys(found, mean), found, margins)
    if weights is None:
        return Unweightable("not_converged")
    trimmed = 0
    if trim:
        effect, _effective = kish(weights, found)
        if effect > HIGHEST_DESIGN_EFFECT:
            return Unweightable("design_effect", {"design_effect": round(effect, 2)})
        low, high = LOWEST * mean, HIGHEST * mean
        for _round in range(200):
            beyond = [cell for cell, weight in weights.items() if not low * (1 - 1e-9) <= weight <= high * (1 + 1e-9)]
            if not beyond:
                break
            again = _rake({cell: min(max(weight, low), high) for cell, weight in weights.items()}, found, margins)
            if again is None:
                break
            weights = again
        beyond = [cell for cell, weight in weights.items() if not low * (1 - 1e-9) <= weight <= high * (1 + 1e-9)]
        trimmed = round(sum(found[cell] for cell in beyond))
        weights = {cell: min(max(weight, low), high) for cell, weight in weights.items()}
    effect, effective = kish(weights, found)
    if trim and effect > HIGHEST_DESIGN_EFFECT:
        return Unweightable("design_effect", {"design_effect": round(effect, 2)})
    miss = _largest_miss(weights, found, margins, total)
    if trim and miss > FARTHEST:
        return Unweightable("not_converged", {"off": round(miss, 3)})
    return Weights(weights, effect, effective, trimmed, miss)


def _check(people: Mapping[Cell, float], margins: Sequence[Margin]) -> Unweightable | None:
    if not people or not margins:
        return Unweightable("nobody")
    totals = {margin.name: sum(margin.population.values()) for margin in margins}
    largest, smallest = max(totals.values()), min(totals.values())
    if smallest <= 0 or largest - smallest > 0.001 * largest:
        return Unweightable("margins_disagree", totals)
    for place, margin in enumerate(margins):
        groups = {cell[place] for cell in people}
        for group in sorted(groups - margin.population.keys()):
            return Unweightable("unknown_group", {"margin": margin.name, "group": group})
        for group, count in margin.population.items():
            if group not in groups and count > 0:
                return Unweightable("group_empty", {"margin": margin.name, "group": group})
            if group in groups and count <= 0:
                return Unweightable("unknown_group", {"margin": margin.name, "group": group})
    return None


def _rake(start: dict[Cell, float], people: Mapping[Cell, float], margins: Sequence[Margin]) -> dict[Cell, float] | None:
    weights = dict(start)
    # Margins that differ by rounding (a tenth of a percent at most) are brought to the first one's total, or nothing would converge.
    total = sum(margins[0].population.values())
    wanted = [{group: count * total / sum(margin.population.values()) for group, count in margin.population.items()} for margin in margins]
    for _round in range(MOST_ROUNDS):
        farthest = 0.0
        for place, known in enumerate(wanted):
            sums: dict[str, float] = {}
            for cell, weight in weights.items():
                sums[cell[place]] = sums.get(cell[place], 0.0) + weight * people[cell]
            factors = {group: known[group] / each for group, each in sums.items()}
            farthest = max(farthest, *(abs(factor - 1) for factor in factors.values()))
            weights = {cell: weight * factors[cell[place]] for cell, weight in weights.items()}
        if farthest < TOLERANCE:
            return weights
    return None


def _largest_miss(weights: Mapping[Cell, float], people: Mapping[Cell, float], margins: Sequence[Margin], total: float) -> float:
    farthest = 0.0
    for place, margin in enumerate(margins):
        scale = total / sum(margin.population.values())
        for group, known in margin.population.items():
            reached = sum(weight * people[cell] for cell, weight in weights.items() if cell[place] == group)
            farthest = max(farthest, abs(reached - known * scale) / total)
    return farthest


def representation(respondents: Mapping[str, float], population: Mapping[str, float]) -> dict[str, float]:
    """Each group's share of the respondents divided by its share of the population: 1 is even, .5 half as present as it should be."""
    n, total = sum(respondents.get(group, 0.0) for group in population), sum(population.values())
    if not n or not total:
        return {}
    return {group: (respondents.get(group, 0.0) / n) / (count / total) for group, count in population.items() if count > 0}
