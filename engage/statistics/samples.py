"""How sure a random sample makes one, and how large it must be. Pure.

Everything is about a simple random sample without replacement from a list of known size, a share of one half (the worst case) unless
another is given, and 95 %. Nothing here knows of people who don't answer: a margin of error is about who was drawn and answered.
Source: Cochran, Sampling Techniques, 3rd ed., sections 2.7, 3.2 and 4.4.
"""

from __future__ import annotations

import math

from engage.statistics.normal import Z_95


def finite_population_factor(n: float, population: int | None) -> float:
    """The square root of (N − n)/(N − 1); 1 for a population without end, 0 for a census."""
    if population is None:
        return 1.0
    if population <= 1 or n >= population:
        return 0.0
    return math.sqrt((population - n) / (population - 1))


def margin_of_error(n: float, population: int | None = None, *, share: float = 0.5, design_effect: float = 1.0) -> float | None:
    """Half the width of the 95 % interval, as a share (.031 for 1,000 of very many); None for nobody."""
    if n <= 0:
        return None
    return Z_95 * math.sqrt(share * (1 - share) * design_effect / n) * finite_population_factor(n, population)


def completes_needed(margin: float, population: int | None = None, *, share: float = 0.5, design_effect: float = 1.0) -> int:
    """The fewest answers whose margin of error is at most `margin` (a share above 0): never more than the population."""
    if not margin > 0:
        raise ValueError("a margin of error is above zero")
    if population is not None and population <= 1:
        return max(population, 0)
    endless = Z_95**2 * share * (1 - share) * design_effect / margin**2
    needed = endless if population is None else endless * population / (population - 1 + endless)
    whole = math.ceil(needed - 1e-9)
    return whole if population is None else min(whole, population)
