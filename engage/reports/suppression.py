"""Which figures of linked tables may be published so that nobody can work out the small ones. Pure.

A count of 1 to 4 people is hidden, and with it as many other figures as it takes: whoever adds and subtracts everything that is published
must not learn more of a hidden small count than that it is between 1 and 4. The figures are given as they hang together: `values` are
non-negative counts, and every `equation` names counts that add up to a sum that is published, or known anyway.

Source: Hundepool et al., Statistical Disclosure Control (2012), chapter 4 (complementary suppression and its audit).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MINIMUM_BASE = 10
"""A group of fewer people is not shown at all"""
SMALL = 4
"""Counts from 1 to this are hidden"""
STEP = 10
"""Published figures move on when so many more answers have come: two publications never differ by fewer people"""
MOST_HIDDEN = 240
"""Beyond so many hidden counts in one table nothing of it is worth showing, and the audit would take minutes"""
_PRIME = 2**61 - 1


@dataclass(frozen=True)
class Protected:
    """`hidden` are places in `values`. `is_withheld`: nothing of these tables may be shown, sums included."""

    hidden: frozenset[int]
    is_withheld: bool = False


def is_small(count: int) -> bool:
    return 1 <= count <= SMALL


def protect(values: Sequence[int], equations: Sequence[Sequence[int]], *, also: Iterable[int] = ()) -> Protected:
    """The small counts and those in `also` (a whole group that is too small), with what has to be hidden beside them.

    Deterministic: the same tables give the same answer. Beside a hidden count goes the smallest published one of the same sum, the
    first of equals; one of nobody only where there is no other.
    """
    primary = frozenset(place for place, count in enumerate(values) if is_small(count)) | frozenset(also)
    hidden = set(primary)
    guarded = frozenset(place for place in primary if values[place] <= SMALL)
    while True:
        if len(hidden) > MOST_HIDDEN:
            return Protected(frozenset(range(len(values))), True)
        exposed = _exposed(values, equations, hidden, guarded)
        if exposed is None:
            return Protected(frozenset(hidden))
        more = _companion(values, equations, exposed, hidden)
        if more is None:
            return Protected(frozenset(range(len(values))), True)
        hidden.add(more)


def _companion(values: Sequence[int], equations: Sequence[Sequence[int]], exposed: int, hidden: set[int]) -> int | None:
    """The smallest published count out of a sum that gives too much away: one with a single hidden count, else one of the exposed count,
    else any with a hidden one. None where nothing is left to hide."""
    open_ones = [equation for equation in equations if any(place in hidden for place in equation)]
    for wanted in (
        [equation for equation in open_ones if sum(place in hidden for place in equation) == 1],
        [equation for equation in open_ones if exposed in equation],
        open_ones,
    ):
        near = {place for equation in wanted for place in equation if place not in hidden}
        if near:
            return min(near, key=lambda place: (values[place] == 0, values[place], place))
    return None


def _exposed(values: Sequence[int], equations: Sequence[Sequence[int]], hidden: set[int], guarded: frozenset[int]) -> int | None:
    """A small count that what is published narrows below 1 to 4; the first. None where all are safe."""
    rows = _open_rows(values, equations, hidden)
    bounds = _bounds(rows, hidden)
    for place in sorted(guarded):
        low, high = bounds[place]
        if low > 1 or (high is not None and high < SMALL):
            return place
    return _first_determined(rows, sorted(hidden), guarded)


def _open_rows(values: Sequence[int], equations: Sequence[Sequence[int]], hidden: set[int]) -> list[tuple[list[int], int]]:
    """What an attacker is left with: sums of hidden counts."""
    rows = []
    for equation in equations:
        unknown = [place for place in equation if place in hidden]
        if unknown:
            rows.append((unknown, sum(values[place] for place in unknown)))
    return rows


def _bounds(rows: Sequence[tuple[list[int], int]], hidden: set[int]) -> dict[int, tuple[int, int | None]]:
    """What counts can be at least and at most, by every sum in turn until nothing changes."""
    bounds: dict[int, tuple[int, int | None]] = dict.fromkeys(hidden, (0, None))
    changed = True
    while changed:
        changed = False
        for unknown, total in rows:
            least = sum(bounds[place][0] for place in unknown)
            tops = [bounds[place][1] for place in unknown]
            open_ended = sum(top is None for top in tops)
            most = sum(top for top in tops if top is not None)
            for place in unknown:
                low, high = bounds[place]
                top = total - (least - low)
                if high is None or top < high:
                    bounds[place] = low, top
                    changed = True
                if open_ended == 0 or (open_ended == 1 and high is None):
                    others = most - (high or 0) if high is not None else most
                    bottom = total - others
                    if bottom > bounds[place][0]:
                        bounds[place] = bottom, bounds[place][1]
                        changed = True
            if changed:
                break
    return bounds


def _first_determined(rows: Sequence[tuple[list[int], int]], hidden: Sequence[int], guarded: frozenset[int]) -> int | None:
    """The first small count that the sums together leave one value: in the reduced system a row with this unknown alone.

    Reduced modulo a large prime: whole numbers of one machine word, and a row gets shorter by chance no oftener than once in 10^18.
    """
    reduced: dict[int, dict[int, int]] = {}
    within: dict[int, set[int]] = {}
    for unknown, _total in rows:
        row = dict.fromkeys(unknown, 1)
        for place in [each for each in row if each in reduced]:
            _subtract(row, reduced[place], row[place])
        if not row:
            continue
        pivot = min(row)
        inverse = pow(row[pivot], -1, _PRIME)
        row = {place: value * inverse % _PRIME for place, value in row.items()}
        for head in list(within.get(pivot, ())):
            before = reduced[head].keys() | row.keys()
            _subtract(reduced[head], row, reduced[head][pivot])
            for place in before:
                _note(within, place, head, place in reduced[head])
        reduced[pivot] = row
        for place in row:
            _note(within, place, pivot, True)
    alone = {next(iter(row)) for row in reduced.values() if len(row) == 1}
    return next((place for place in hidden if place in alone and place in guarded), None)


def _subtract(row: dict[int, int], other: Mapping[int, int], factor: int) -> None:
    """`factor` times the other row is taken off this one."""
    for place, value in other.items():
        left = (row.get(place, 0) - factor * value) % _PRIME
        if left:
            row[place] = left
        else:
            row.pop(place, None)


def _note(within: dict[int, set[int]], place: int, head: int, is_there: bool) -> None:
    if is_there:
        within.setdefault(place, set()).add(head)
    else:
        within.get(place, set()).discard(head)


def hide_small_groups(bases: Mapping[str, int]) -> frozenset[str]:
    """The groups that are not shown: those under ten, and as many of the next larger ones as it takes that nobody finds them by
    subtracting the others from the whole. Groups of nobody hide nothing and need no hiding."""
    order = sorted((group for group, base in bases.items() if base > 0), key=lambda group: (bases[group], group))
    hidden = [group for group in order if bases[group] < MINIMUM_BASE]
    if not hidden:
        return frozenset()
    rest = [group for group in order if group not in hidden]
    while rest and (len(hidden) < 2 or sum(bases[group] for group in hidden) < MINIMUM_BASE):
        hidden.append(rest.pop(0))
    return frozenset(hidden)


def is_step(published: int, now: int) -> bool:
    """Whether figures made of `now` answers may take the place of those made of `published`: the first time from ten on, then in steps
    of at least ten either way (answers can be left out, too)."""
    if published == 0:
        return now >= MINIMUM_BASE
    return abs(now - published) >= STEP
