"""The way of each group through the funnel, and where one is lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engage.reports.analysis.groups import order_of
from engage.reports.analysis.shapes import FunnelGroup, FunnelSplit
from engage.reports.grid import Grid, Steps
from engage.reports.suppression import MINIMUM_BASE, hide_small_groups, is_small, protect
from engage.statistics.multiple import benjamini_hochberg
from engage.statistics.proportions import difference

SPLITS = ("neighbourhood", "age", "gender", "unit", "line", "hour")
STEPS = ("delivered", "opened", "started", "answered")
_BEFORE = {"delivered": "invited", "opened": "delivered", "started": "delivered", "answered": "started"}
"""Opened is beside the way: robots open links, and not every phone that starts was seen to open"""


def funnel_splits(grid: Grid, labels: Mapping[str, Mapping[str, str]]) -> list[FunnelSplit]:
    """Splits with at least two groups that may be shown. A group is lost at the step whose rate is furthest below the rest's among those
    where the difference holds, after Benjamini-Hochberg over all steps of all groups."""
    shown: list[tuple[str, dict[str, Steps], dict[str, dict[str, int | None]]]] = []
    tests: list[tuple[str, str, str, float, float]] = []
    for name in SPLITS:
        groups = {group: steps for group, steps in grid.funnel_by(name).items() if steps.invited}
        hidden = hide_small_groups({group: steps.invited for group, steps in groups.items()})
        names = [group for group in groups if group not in hidden]
        if len(names) < 2:
            continue
        figures = _figures(groups, names)
        shown.append((name, groups, figures))
        whole = sum(groups.values(), Steps())
        for group in names:
            for step in STEPS:
                if step != "opened" and figures[group][step] is not None and figures[group][_BEFORE[step]] is not None:
                    tests += _test(name, group, step, groups[group], whole)
    holding = [each for each, holds in zip(tests, benjamini_hochberg([each[4] for each in tests]), strict=True) if holds and each[3] < 0]
    lost: dict[tuple[str, str], tuple[float, str]] = {}
    for name, group, step, gap, _p in holding:
        lost[name, group] = min(lost.get((name, group), (0.0, "")), (gap, step))
    found = []
    for name, _groups, figures in shown:
        words = labels.get(name, {})
        order = order_of(name, list(figures), words)
        found.append(
            FunnelSplit(
                name,
                [FunnelGroup(group, **figures[group], lost_at=lost.get((name, group), (0.0, ""))[1]) for group in order],
                {group: words.get(group, group) for group in order},
            )
        )
    return found


def _figures(groups: Mapping[str, Steps], names: list[str]) -> dict[str, dict[str, int | None]]:
    """Each step's count, hidden where it is small, with another of the same step beside it. What was lost between two steps is no secret
    of anybody's answer."""
    every = list(groups)
    figures: dict[str, dict[str, int | None]] = {group: {} for group in names}
    for step in ("invited", *STEPS):
        values = [int(getattr(groups[group], step)) for group in every]
        also = [at for at, group in enumerate(every) if group not in figures and is_small(values[at])]
        protected = protect(values, [list(range(len(values)))], also=also)
        for at, group in enumerate(every):
            if group in figures:
                figures[group][step] = None if at in protected.hidden else values[at]
    return figures


def _test(name: str, group: str, step: str, steps: Steps, whole: Steps) -> list[tuple[str, str, str, float, float]]:
    before, after = int(getattr(steps, _BEFORE[step])), int(getattr(steps, step))
    rest_before, rest_after = int(getattr(whole, _BEFORE[step])) - before, int(getattr(whole, step)) - after
    if min(before, rest_before) < MINIMUM_BASE:
        return []
    # Some answer without a receipt of delivery: a rate is never above one.
    rate, rest = min(after / before, 1.0), min(max(rest_after, 0) / rest_before, 1.0)
    found = difference(rate, before, rest, rest_before)
    return [(name, group, step, found.difference, found.p)]
