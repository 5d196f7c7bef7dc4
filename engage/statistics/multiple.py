"""Many comparisons at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float], rate: float = 0.05) -> list[bool]:
    """Which comparisons hold so that at most `rate` of those that hold are expected to be false (Benjamini and Hochberg 1995, step-up).

    In the order given.
    """
    return [adjusted <= rate for adjusted in adjusted_p_values(p_values)]


def adjusted_p_values(p_values: Sequence[float]) -> list[float]:
    """The smallest rate at which each comparison would hold (R's `p.adjust(method = "BH")`)."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place], reverse=True)
    found = [1.0] * len(p_values)
    smallest = 1.0
    for rank, place in zip(range(len(p_values), 0, -1), order, strict=True):
        # Rounding alone must not bring a value below the raw one.
        smallest = min(smallest, max(p_values[place], p_values[place] * len(p_values) / rank))
        found[place] = smallest
    return found
