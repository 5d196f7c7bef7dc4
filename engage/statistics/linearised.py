"""How far a weighted share or mean may be off by chance, weights to known margins included. Pure.

Taylor linearisation with the residuals of the calibration (Deville and Särndal 1992; Särndal, Swensson and Wretman, Model Assisted Survey
Sampling, 6.6): what the margins explain of an answer adds no chance. Respondents are taken as drawn with replacement, n/(n − 1) corrected.
It speaks of chance alone; what those who stayed silent would have said is no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engage.statistics.normal import Z_95
from engage.statistics.proportions import wilson
from engage.statistics.weighting import Cell, kish


@dataclass(frozen=True)
class Estimate:
    value: float
    standard_error: float
    low: float
    high: float
    n: int
    """Who answered"""
    design_effect: float | None
    """Its variance beside that of as many simple random answers; None where those wouldn't vary"""


@dataclass(frozen=True)
class Answers:
    """What the people of one cell said: value → how many gave it, and how many gave none."""

    values: Mapping[float, float]
    silent: float = 0.0


def weighted_share(
    cells: Mapping[Cell, Answers], weights: Mapping[Cell, float], margins: Sequence[int] = (), *, population: int | None = None
) -> Estimate | None:
    """The share of value 1 among values 0 and 1, with a logit interval (Wilson's on Kish's effective n for none and all). `margins`: places of a cell the weights were raked to.

    None where nobody answered. `population` makes the finite correction, for random samples alone.
    """
    found = _estimate(cells, weights, margins, population)
    if found is None:
        return None
    value, error, n, effect = found
    if 0 < value < 1:
        half = Z_95 * error / (value * (1 - value))
        middle = math.log(value / (1 - value))
        low, high = 1 / (1 + math.exp(-(middle - half))), 1 / (1 + math.exp(-(middle + half)))
    else:
        # Nobody, or everybody: linearisation sees no variance there, but a next sample may.
        answering = {cell: sum(each.values.values()) for cell, each in cells.items()}
        _effect, effective = kish(weights, answering)
        interval = wilson(value, effective)
        low, high = interval.low, interval.high
    return Estimate(value, error, low, high, n, effect)


def weighted_mean(
    cells: Mapping[Cell, Answers], weights: Mapping[Cell, float], margins: Sequence[int] = (), *, population: int | None = None
) -> Estimate | None:
    found = _estimate(cells, weights, margins, population)
    if found is None:
        return None
    value, error, n, effect = found
    return Estimate(value, error, value - Z_95 * error, value + Z_95 * error, n, effect)


def _estimate(
    cells: Mapping[Cell, Answers], weights: Mapping[Cell, float], margins: Sequence[int], population: int | None
) -> tuple[float, float, int, float | None] | None:
    everybody = sum(sum(each.values.values()) + each.silent for each in cells.values())
    n = sum(sum(each.values.values()) for each in cells.values())
    total = sum(weights[cell] * sum(each.values.values()) for cell, each in cells.items())
    if n <= 0 or total <= 0:
        return None
    value = sum(weights[cell] * answer * count for cell, each in cells.items() for answer, count in each.values.items()) / total
    # The linearised variable of each person: 0 for those who gave no answer.
    rows = [(cell, (answer - value) / total, count) for cell, each in cells.items() for answer, count in each.values.items()]
    rows += [(cell, 0.0, each.silent) for cell, each in cells.items() if each.silent]
    fitted = _fit(rows, weights, margins)
    squares = sum(count * (weights[cell] * (u - fitted(cell))) ** 2 for cell, u, count in rows)
    variance = squares * everybody / (everybody - 1) if everybody > 1 else 0.0
    if population is not None:
        variance *= max(0.0, 1 - everybody / population)
    plain = (
        sum(count * (answer - value) ** 2 * weights[cell] for cell, each in cells.items() for answer, count in each.values.items()) / total
    )
    return value, math.sqrt(variance), round(n), variance / (plain / n) if plain > 0 else None


def _fit(rows: Sequence[tuple[Cell, float, float]], weights: Mapping[Cell, float], margins: Sequence[int]):  # type: ignore[no-untyped-def]
    """The weighted regression of the linearised variable on the margins' groups; without margins, on nothing."""
    if not margins:
        return lambda cell: 0.0
    names = {(place, cell[place]) for cell, _, _ in rows for place in margins}
    first = {place: min(group for at, group in names if at == place) for place in margins}
    # One group of each margin but the first is left out: the indicators of a margin add up to one.
    kept = sorted(name for name in names if name[0] == margins[0] or name[1] != first[name[0]])
    at = {name: place for place, name in enumerate(kept)}
    size = len(kept)
    matrix = [[0.0] * (size + 1) for _ in range(size)]
    for cell, u, count in rows:
        present = [at[place, cell[place]] for place in margins if (place, cell[place]) in at]
        weight = weights[cell] * count
        for row in present:
            matrix[row][size] += weight * u
            for column in present:
                matrix[row][column] += weight
    solution = _solve(matrix)
    return lambda cell: sum(solution[at[place, cell[place]]] for place in margins if (place, cell[place]) in at)


def _solve(matrix: list[list[float]]) -> list[float]:
    """Gauss with pivots; a column without a pivot (groups that always go together) gets 0."""
    size = len(matrix)
    scale = max((abs(matrix[place][place]) for place in range(size)), default=1.0) or 1.0
    pivots: list[int] = []
    row = 0
    for column in range(size):
        best = max(range(row, size), key=lambda each: abs(matrix[each][column]), default=row)
        if row >= size or abs(matrix[best][column]) < 1e-10 * scale:
            continue
        matrix[row], matrix[best] = matrix[best], matrix[row]
        head = matrix[row]
        for other in range(size):
            if other != row and matrix[other][column]:
                factor = matrix[other][column] / head[column]
                matrix[other] = [mine - factor * its for mine, its in zip(matrix[other], head, strict=True)]
        pivots.append(column)
        row += 1
    solution = [0.0] * size
    for place, column in enumerate(pivots):
        solution[column] = matrix[place][size] / matrix[place][column]
    return solution
