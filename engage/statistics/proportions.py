"""Intervals and differences of shares. Pure. Counts may be effective ones (n divided by the design effect), so they are floats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engage.statistics.normal import Z_95, two_sided_p


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True)
class ShareDifference:
    """p₁ − p₂ with its interval, and how likely such a difference is where there is none."""

    difference: float
    low: float
    high: float
    p: float


def wilson(share: float, n: float, *, z: float = Z_95) -> Interval:
    """Wilson's score interval without continuity correction (Wilson 1927; Newcombe 1998, method 3 for one share). `n` above 0."""
    if n <= 0:
        raise ValueError("an interval needs somebody")
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def difference(share: float, n: float, other: float, m: float, *, z: float = Z_95) -> ShareDifference:
    """Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10), and the p value of the pooled score test.

    The two groups share nobody. Shares between 0 and 1, sizes above 0.
    """
    first, second = wilson(share, n, z=z), wilson(other, m, z=z)
    gap = share - other
    low = gap - math.hypot(share - first.low, second.high - other)
    high = gap + math.hypot(first.high - share, other - second.low)
    pooled = (share * n + other * m) / (n + m)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / n + 1 / m))
    return ShareDifference(gap, low, high, two_sided_p(gap / error) if error else 1.0)


def mean_difference(mean: float, variance: float, n: float, other: float, other_variance: float, m: float) -> ShareDifference:
    """The difference of two means by Welch's statistic, taken as normal: meant for groups of ten and more."""
    error = math.sqrt(variance / n + other_variance / m)
    gap = mean - other
    return ShareDifference(gap, gap - Z_95 * error, gap + Z_95 * error, two_sided_p(gap / error) if error else 1.0)
