"""Quantiles and tails of the distributions tests rest on. Pure; the standard library has the normal one alone."""

from __future__ import annotations

import math
from statistics import NormalDist

Z_95 = NormalDist().inv_cdf(0.975)
"""1.959964: two-sided, 95 %"""


def two_sided_p(z: float) -> float:
    """How likely a standard normal value is at least this far from zero."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square_tail(value: float, degrees: int) -> float:
    """The upper tail of chi-square: the regularised incomplete gamma function Q(degrees/2, value/2).

    By its series below the mean and by Lentz's continued fraction above (Numerical Recipes, 6.2); relative error below 1e-12.
    """
    if degrees < 1 or value < 0:
        raise ValueError("chi-square has at least one degree of freedom, and its value is not negative")
    if value == 0:
        return 1.0
    a, x = degrees / 2, value / 2
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-15:
            n += 1
            term *= x / n
            total += term
        return max(0.0, 1 - front * total)
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    fraction = d
    for i in range(1, 10_000):
        an = -i * (i - a)
        b += 2
        d = an * d + b
        d = 1 / (d if abs(d) > tiny else tiny)
        c = b + an / c
        c = c if abs(c) > tiny else tiny
        step = d * c
        fraction *= step
        if abs(step - 1) < 1e-15:
            break
    return front * fraction
