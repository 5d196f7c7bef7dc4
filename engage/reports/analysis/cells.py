"""Which cells of one question's breakdowns may be shown, all dimensions audited together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engage.reports.grid import Dimension, Profile
from engage.reports.suppression import hide_small_groups, is_small, protect

Group = tuple[Dimension, str]


@dataclass(frozen=True)
class Link:
    """Groups of two dimensions that are the same people: what is published of the one side tells of the other. `rest` of them more are
    in `first`, of whom nothing is published by themselves."""

    first: frozenset[Group]
    second: frozenset[Group]
    is_exact: bool = True


@dataclass(frozen=True)
class Column:
    """One group's answers to a question: `counts` by option, `base` those who answered."""

    base: int
    counts: tuple[int, ...]


Columns = Mapping[Dimension, Mapping[str, Column]]


@dataclass(frozen=True)
class Shown:
    """`groups` that are shown, and of them the `hidden` cells (dimension, group, place of the option)."""

    groups: dict[Dimension, frozenset[str]]
    hidden: frozenset[tuple[Dimension, str, int]]


def links_of(profiles: Iterable[Profile], dimensions: Sequence[Dimension]) -> list[Link]:
    """What whoever knows the town can conclude from one dimension for another: neighbourhoods lie in units, only the texted have waves."""
    known = list(profiles)
    found: list[Link] = []
    for at, one in enumerate(dimensions):
        for other in dimensions[at + 1 :]:
            pairs = {(profile.of(one), profile.of(other)) for profile in known}
            parts = _parts(pairs)
            if len(parts) > 1:
                found += [Link(frozenset((one, each) for each in a), frozenset((other, each) for each in b)) for a, b in parts]
            else:
                found += _nested(pairs, one, other)
    return found


def _parts(pairs: set[tuple[str, str]]) -> list[tuple[set[str], set[str]]]:
    parts: list[tuple[set[str], set[str]]] = []
    for one, other in sorted(pairs):
        near = [part for part in parts if one in part[0] or other in part[1]]
        parts = [part for part in parts if part not in near]
        parts.append(({one}.union(*(part[0] for part in near)), {other}.union(*(part[1] for part in near))))
    return parts


def _nested(pairs: set[tuple[str, str]], one: Dimension, other: Dimension) -> list[Link]:
    """Groups of `other` that lie in one group of `one` alone; those of whom it isn't known may be anywhere."""
    inside: dict[str, set[str]] = {}
    for outer, inner in pairs:
        if inner:
            inside.setdefault(inner, set()).add(outer)
    found: dict[str, set[Group]] = {}
    for inner, outers in inside.items():
        if len(outers) == 1:
            found.setdefault(next(iter(outers)), set()).add((other, inner))
    return [
        Link(frozenset({(one, outer)}), frozenset(inner), is_exact=(outer, "") not in pairs)
        for outer, inner in sorted(found.items())
        if {(other, each) for out, each in pairs if out == outer and each} == inner
    ]


def choose(columns: Columns, links: Sequence[Link], *, is_single: bool) -> Shown:
    """The most that may be shown: every dimension if they can be, else those, in their order, that can be beside the ones before."""
    together = _try(columns, links, is_single)
    if together is not None:
        return together
    taken: dict[Dimension, Mapping[str, Column]] = {}
    shown = Shown({}, frozenset())
    for dimension, groups in columns.items():
        found = _try(taken | {dimension: groups}, links, is_single)
        if found is not None:
            taken[dimension], shown = groups, found
    return shown


def _try(columns: Columns, links: Sequence[Link], is_single: bool) -> Shown | None:
    """None where these dimensions can't be shown together."""
    here = {(dimension, group) for dimension, groups in columns.items() for group in groups}
    of_dimension = {dimension: frozenset((dimension, group) for group in groups) for dimension, groups in columns.items()}
    joined = [
        Link(link.first & here, link.second & here, link.is_exact)
        for link in links
        if {each for each, _ in link.first} <= columns.keys() and {each for each, _ in link.second} <= columns.keys()
    ]
    joined = [link for link in joined if link.first and link.second]
    hidden_groups = _small_groups(columns, joined)
    options = range(max((len(column.counts) for groups in columns.values() for column in groups.values()), default=0))
    # Hidden groups that every sum takes together are one unknown: what is known of them is their sum.
    unit_of: dict[Group, tuple[object, ...]] = {}
    for each in here:
        marks = tuple(each in link.first or each in link.second for link in joined)
        unit_of[each] = (each[0], "", marks) if each in hidden_groups else (each[0], each[1])
    members: dict[tuple[object, ...], list[Group]] = {}
    for group in sorted(here):
        members.setdefault(unit_of[group], []).append(group)
    values: list[int] = []
    at: dict[tuple[tuple[object, ...], int], int] = {}
    also: list[int] = []
    for unit, inside in members.items():
        for option in options:
            at[unit, option] = len(values)
            if len(inside) == 1 and inside[0] in hidden_groups:
                also.append(len(values))
            values.append(sum(columns[dimension][group].counts[option] for dimension, group in inside))

    def places(groups: Iterable[Group], option: int) -> list[int]:
        return sorted({at[unit_of[group], option] for group in groups})

    equations: list[list[int]] = []
    for option in options:
        equations += [places(groups, option) for groups in of_dimension.values()]
        for link in joined:
            whole = of_dimension[next(iter(link.first))[0]]
            sides = places((whole - link.first) | link.second, option)
            rest = sum(columns[d][g].counts[option] for d, g in link.first) - sum(columns[d][g].counts[option] for d, g in link.second)
            if not link.is_exact and rest > 0:
                also.append(len(values))
                sides.append(len(values))
                values.append(rest)
            equations.append(sides)
    if is_single:
        equations += [[at[unit_of[group], option] for option in options] for group in sorted(here - hidden_groups)]
    protected = protect(values, equations, also=also)
    if protected.is_withheld:
        return None
    shown = {d: frozenset(group for group in groups if (d, group) not in hidden_groups) for d, groups in columns.items()}
    hidden = {
        (d, group, option) for d, group in here - hidden_groups for option in options if at[unit_of[d, group], option] in protected.hidden
    }
    assert not any(is_small(columns[d][g].counts[o]) and (d, g, o) not in hidden for d, g in here - hidden_groups for o in options)
    return Shown(shown, frozenset(hidden))


def _small_groups(columns: Columns, links: Sequence[Link]) -> set[Group]:
    """Groups under ten with what has to go with them, within every set whose sum another dimension tells, too."""
    found: set[Group] = {(dimension, group) for dimension, groups in columns.items() for group in _hide(groups)}
    for link in links:
        for side in (link.first, link.second):
            for dimension in {each for each, _ in side}:
                found |= {(dimension, group) for group in _hide({g: columns[d][g] for d, g in side if d == dimension})}
    return found


def _hide(groups: Mapping[str, Column]) -> frozenset[str]:
    return hide_small_groups({group: column.base for group, column in groups.items()})
