"""Figures over numbers people gave: mean, quantiles, bins. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_BINS = 12


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
