"""Nobody works out a small count: an attacker adds and subtracts everything that is published, bounds included."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from engage.reports.suppression import MINIMUM_BASE, SMALL, Protected, hide_small_groups, is_step, protect


def table_equations(rows: int, columns: int) -> list[list[int]]:
    """A table whose row and column sums are published."""
    found = [[row * columns + column for column in range(columns)] for row in range(rows)]
    return found + [[row * columns + column for row in range(rows)] for column in range(columns)]


def possible_values(values: list[int], equations: list[list[int]], hidden: frozenset[int]) -> dict[int, set[int]]:
    """Every table that agrees with what is published, tried out one by one: what each hidden count can be, up to 12."""
    places = sorted(hidden)
    sums = [([place for place in equation if place in hidden], sum(values[p] for p in equation if p in hidden)) for equation in equations]
    sums = [each for each in sums if each[0]]
    top = {place: min((total for unknown, total in sums if place in unknown), default=12) for place in places}
    found: dict[int, set[int]] = {place: set() for place in places}
    for guess in product(*(range(top[place] + 1) for place in places)):
        at = dict(zip(places, guess, strict=True))
        if all(sum(at[place] for place in unknown) == total for unknown, total in sums):
            for place, value in at.items():
                found[place].add(value)
    return found


def determined(equations: list[list[int]], hidden: frozenset[int]) -> set[int]:
    """By linear algebra: unknowns whose unit vector lies in the span of the published sums."""
    places = sorted(hidden)
    matrix = [[Fraction(place in equation) for place in places] for equation in equations]
    found = set()
    for at, place in enumerate(places):
        target = [Fraction(column == at) for column in range(len(places))]
        if _rank(matrix) == _rank([*matrix, target]):
            found.add(place)
    return found


def _rank(matrix: list[list[Fraction]]) -> int:
    rows, rank = [list(row) for row in matrix], 0
    for column in range(len(rows[0]) if rows else 0):
        found = next((at for at in range(rank, len(rows)) if rows[at][column]), None)
        if found is None:
            continue
        rows[rank], rows[found] = rows[found], rows[rank]
        for other in range(rank + 1, len(rows)):
            factor = rows[other][column] / rows[rank][column]
            rows[other] = [mine - factor * its for mine, its in zip(rows[other], rows[rank], strict=True)]
        rank += 1
    return rank


def test_a_single_small_count_takes_companions_with_it() -> None:
    values = [3, 20, 30, 25, 15, 40]
    found = protect(values, table_equations(2, 3))
    assert 0 in found.hidden and not found.is_withheld and len(found.hidden) == 4
    assert protect([20, 30, 0, 15], table_equations(2, 2)) == Protected(frozenset())


def test_what_cannot_be_protected_is_withheld() -> None:
    assert protect([2, 0], [[0, 1], [0]]).is_withheld


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.data())
def test_no_small_count_is_left_one_value_by_linear_algebra(rows: int, columns: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 40), min_size=rows * columns, max_size=rows * columns))
    equations = table_equations(rows, columns)
    found = protect(values, equations)
    assert all(place in found.hidden for place, count in enumerate(values) if 1 <= count <= SMALL)
    if not found.is_withheld:
        small = {place for place in found.hidden if 1 <= values[place] <= SMALL}
        assert not determined(equations, found.hidden) & small
        assert protect(values, equations) == found


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=4, max_size=6))
def test_every_small_count_could_be_anything_from_one_to_four(values: list[int]) -> None:
    columns = len(values) // 2
    values = values[: columns * 2]
    equations = table_equations(2, columns)
    found = protect(values, equations)
    if found.is_withheld or len(found.hidden) > 5:
        return
    for place, possible in possible_values(values, equations, found.hidden).items():
        if 1 <= values[place] <= SMALL:
            assert min(possible) <= 1 and max(possible) >= SMALL


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=3), min_size=2, max_size=3))
def test_nested_groups_are_audited_together(units: list[list[int]]) -> None:
    """Neighbourhoods add up to units, units to the whole, and every sum is published."""
    values: list[int] = []
    equations: list[list[int]] = []
    unit_places = []
    for neighbourhoods in units:
        first = len(values)
        values += neighbourhoods
        unit_places.append((first, len(values)))
    totals = []
    for first, last in unit_places:
        totals.append(len(values))
        values.append(sum(values[first:last]))
    # x1 + x2 − unit = 0 is a sum, too: the rest of the whole stands for the unit.
    whole = sum(values[place] for place in totals)
    rest = []
    for (first, last), place in zip(unit_places, totals, strict=True):
        rest.append(len(values))
        values.append(whole - values[place])
        equations.append([place, rest[-1]])
        equations.append([*range(first, last), rest[-1]])
    equations.append(totals)
    found = protect(values, equations)
    if not found.is_withheld:
        small = {place for place in found.hidden if 1 <= values[place] <= SMALL}
        assert not determined(equations, found.hidden) & small


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60)))
def test_hidden_groups_cannot_be_told_from_the_whole(bases: dict[str, int]) -> None:
    hidden = hide_small_groups(bases)
    assert all(group in hidden for group, base in bases.items() if 0 < base < MINIMUM_BASE)
    shown = [group for group, base in bases.items() if base and group not in hidden]
    if hidden and shown:
        assert len(hidden) >= 2 and sum(bases[group] for group in hidden) >= MINIMUM_BASE


def test_steps() -> None:
    assert not is_step(0, 9) and is_step(0, 10) and not is_step(10, 19) and is_step(10, 20) and is_step(30, 20) and not is_step(30, 25)
