"""Published numbers, reproduced: intervals, differences, many comparisons, outcome rates, weights; and how often intervals hold."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.statistics.linearised import Answers, weighted_mean, weighted_share
from engage.statistics.multiple import adjusted_p_values, benjamini_hochberg
from engage.statistics.normal import chi_square_tail
from engage.statistics.proportions import difference, wilson
from engage.statistics.rao_scott import dependence_of
from engage.statistics.response_rates import Dispositions, estimated_eligibility, outcome_rates
from engage.statistics.samples import completes_needed, margin_of_error
from engage.statistics.weighting import Margin, Unweightable, Weights, collapse_thin, kish, rake, representation

# R's package survey, data apiclus1: (type of school, whole school) → schools, sum of api00, sum of enrolment.
SCHOOLS = {
    ("E", "No"): (12, 7156, 5243),
    ("E", "Yes"): (132, 86281, 57088),
    ("H", "No"): (3, 1978, 2237),
    ("H", "Yes"): (11, 6682, 13587),
    ("M", "No"): (8, 4851, 5983),
    ("M", "Yes"): (17, 10935, 16460),
}
PEOPLE = {cell: float(each[0]) for cell, each in SCHOOLS.items()}
MARGINS = [Margin("stype", {"E": 4421, "H": 755, "M": 1018}), Margin("sch.wide", {"No": 1072, "Yes": 5122})]
CONVERGED = [39.83923625, 29.87067549, 67.12552924, 50.32940112, 49.06907216, 36.79102486]


def test_raking_gives_the_weights_r_gives() -> None:
    found = rake(PEOPLE, MARGINS, trim=False)
    assert isinstance(found, Weights)
    assert [found.of_cell[cell] for cell in SCHOOLS] == pytest.approx(CONVERGED, abs=5e-8)
    total = sum(found.of_cell[cell] * each[0] for cell, each in SCHOOLS.items())
    assert sum(found.of_cell[cell] * each[1] for cell, each in SCHOOLS.items()) / total == pytest.approx(641.2303209, abs=5e-7)
    assert sum(found.of_cell[cell] * each[2] for cell, each in SCHOOLS.items()) == pytest.approx(3647280.148, abs=5e-3)
    assert (found.design_effect, found.effective_n) == (pytest.approx(1.051656696, abs=5e-9), pytest.approx(174.011, abs=5e-4))


def test_kish() -> None:
    assert kish({("a",): 1.0, ("b",): 3.0}, {("a",): 50, ("b",): 50}) == (pytest.approx(1.25), pytest.approx(80))


@pytest.mark.parametrize(("n", "points"), [(100, 9.8), (300, 5.7), (400, 4.9), (1000, 3.10)])
def test_margins_of_error(n: int, points: float) -> None:
    found = margin_of_error(n)
    assert found is not None and round(found * 100, 2 if n == 1000 else 1) == points


@given(st.integers(1, 10**7), st.floats(0.005, 0.5), st.floats(1, 3))
def test_so_many_answers_are_enough_and_one_less_is_not(population: int, margin: float, effect: float) -> None:
    needed = completes_needed(margin, population, design_effect=effect)
    assert 0 < needed <= population
    reached = margin_of_error(needed, population, design_effect=effect)
    assert reached is not None and reached <= margin + 1e-9
    if 1 < needed < population:
        before = margin_of_error(needed - 1, population, design_effect=effect)
        assert before is not None and before > margin - 1e-9
    assert margin_of_error(population, population) == 0


def test_wilson_and_newcombe() -> None:
    first, none = wilson(81 / 263, 263), wilson(0, 20)
    assert (first.low, first.high) == (pytest.approx(0.255289, abs=5e-7), pytest.approx(0.366210, abs=5e-7))
    assert (none.low, none.high) == (0, pytest.approx(0.161125, abs=5e-7))
    found = difference(56 / 70, 70, 48 / 80, 80)
    assert (found.difference, found.low, found.high) == (
        pytest.approx(0.2),
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )


PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1]


def test_benjamini_and_hochberg_of_1995() -> None:
    assert benjamini_hochberg(PUBLISHED) == [True] * 4 + [False] * 11
    assert sum(p <= 0.05 / len(PUBLISHED) for p in PUBLISHED) == 3  # Bonferroni


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_values_keep_order_and_never_shrink(p_values: list[float]) -> None:
    adjusted = adjusted_p_values(p_values)
    assert all(mine >= raw for mine, raw in zip(adjusted, p_values, strict=True)) and all(each <= 1 for each in adjusted)
    ranked = [adjusted[place] for place in sorted(range(len(p_values)), key=lambda place: p_values[place])]
    assert ranked == sorted(ranked)


def test_aapor() -> None:
    counts = Dispositions(complete=4, partial=2, refused=1, not_contacted=1, other=1, unknown_household=1, unknown_other=1)
    rates = outcome_rates(counts, 0.9)
    found = [rates.rr1, rates.rr2, rates.rr3, rates.rr4, rates.rr5, rates.rr6]
    assert [round(each or 0, 3) for each in found] == [0.364, 0.545, 0.370, 0.556, 0.444, 0.667]
    assert estimated_eligibility(Dispositions(complete=8, not_eligible=2)) == 0.8
    assert outcome_rates(Dispositions()).rr1 is None


def test_the_tail_of_chi_square() -> None:
    assert chi_square_tail(3.841458820694124, 1) == pytest.approx(0.05, abs=1e-12)
    assert chi_square_tail(18.307038053275146, 10) == pytest.approx(0.05, abs=1e-12)
    assert chi_square_tail(200, 1) == pytest.approx(math.erfc(10), rel=1e-9)


def test_a_design_effect_weakens_a_dependence() -> None:
    table = [[30.0, 10.0, 0.0], [20.0, 25.0, 0.0]]
    plain, weaker = dependence_of(table), dependence_of(table, 2.0)
    assert plain is not None and weaker is not None
    assert (plain.degrees, weaker.statistic) == (1, pytest.approx(plain.statistic / 2)) and plain.p < 0.05 < weaker.p + 0.02
    assert dependence_of([[5.0, 5.0]]) is None


def test_what_cannot_be_weighted_is_refused_with_the_reason() -> None:
    one = {("f",): 10.0, ("m",): 20.0}
    assert rake({}, MARGINS) == Unweightable("nobody")
    for people, population, code in (
        (one | {("x",): 1.0}, {"f": 50, "m": 50}, "unknown_group"),
        ({("f",): 10.0}, {"f": 50, "m": 50}, "group_empty"),
        # Trimmed, these would look harmless: a design effect near one, and a margin that isn't met.
        ({("f",): 1.0, ("m",): 99.0}, {"f": 999, "m": 1}, "design_effect"),
        ({("f",): 10.0, ("m",): 190.0}, {"f": 250, "m": 750}, "not_converged"),
        ({("f",): 10.0, ("m",): 190.0}, {"f": 140, "m": 860}, ""),
    ):
        found = rake(people, [Margin("gender", population)])
        assert (found.code if isinstance(found, Unweightable) else "") == code
    disagreeing = rake({("f", "a"): 5.0, ("m", "b"): 5.0}, [Margin("g", {"f": 50, "m": 50}), Margin("age", {"a": 70, "b": 50})])
    assert isinstance(disagreeing, Unweightable) and disagreeing.code == "margins_disagree"
    # Two margins that contradict each other in the cells there are: nothing satisfies both.
    torn = rake({("f", "a"): 5.0, ("m", "b"): 5.0}, [Margin("g", {"f": 50, "m": 50}), Margin("age", {"a": 70, "b": 30})])
    assert isinstance(torn, Unweightable) and torn.code == "not_converged"


def test_weights_stay_within_their_bounds() -> None:
    people = {("f",): 2.0, ("m",): 198.0}
    found = rake(people, [Margin("g", {"f": 40, "m": 960})])
    assert isinstance(found, Weights)
    mean = 1000 / 200
    assert max(found.of_cell.values()) <= 3 * mean * 1.001 and found.trimmed == 2 and 0.005 < found.largest_miss <= 0.05


def test_of_an_answer_that_nobody_or_everybody_gave_something_is_left_open() -> None:
    weights = {("f",): 2.0, ("m",): 1.0}
    for value in (0.0, 1.0):
        found = weighted_share({cell: Answers({value: 60}) for cell in weights}, weights)
        assert found is not None and found.value == value and found.high - found.low > 0.02


def test_thin_groups_are_joined_to_their_neighbour() -> None:
    people = {("18-29",): 40.0, ("30-44",): 20.0, ("45-59",): 30.0, ("60+",): 3.0}
    margin = Margin("age", {"18-29": 100, "30-44": 100, "45-59": 100, "60+": 100}, is_ordered=True)
    found = collapse_thin(people, [margin], 10)
    assert found.joined == [("age", "60+", "45-59")] and found.cells[("45-59",)] == 33
    assert found.margins[0].population == {"18-29": 100, "30-44": 100, "45-59": 200}
    assert representation({"a": 10, "b": 30}, {"a": 50, "b": 50}) == {"a": 0.5, "b": 1.5}


@given(st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), st.integers(1, 400).map(float), min_size=6, max_size=6))
def test_whatever_is_raked_has_the_margins(people: dict[tuple[str, str], float]) -> None:
    margins = [Margin("first", {"a": 500, "b": 300, "c": 200}), Margin("second", {"x": 600, "y": 400})]
    found = rake(people, margins, trim=False)
    assert isinstance(found, Weights) and found.largest_miss < 1e-6 and found.effective_n <= sum(people.values()) * (1 + 1e-9)


def test_unweighted_it_is_the_textbook_error() -> None:
    cells = {("a",): Answers({1.0: 30, 0.0: 70})}
    found = weighted_share(cells, {("a",): 1.0})
    assert found is not None
    assert found.standard_error == pytest.approx(math.sqrt(0.3 * 0.7 / 99)) and found.design_effect == pytest.approx(100 / 99)
    corrected = weighted_share(cells, {("a",): 1.0}, population=200)
    assert corrected is not None and corrected.standard_error == pytest.approx(found.standard_error * math.sqrt(0.5))
    mean = weighted_mean({("a",): Answers({1.0: 2, 5.0: 2}, silent=3)}, {("a",): 2.0})
    assert mean is not None and (mean.value, mean.n) == (3, 4)
    assert weighted_share({("a",): Answers({}, silent=3)}, {("a",): 1.0}) is None


def test_linearised_intervals_hold_as_often_as_they_say_and_raw_ones_do_not() -> None:
    """2,000 draws from a population of which the old answer three times as often as the young, and think otherwise."""
    population = {"18-29": (0.30, 0.15, 0.70), "30-44": (0.35, 0.20, 0.55), "45-59": (0.20, 0.35, 0.40), "60+": (0.15, 0.45, 0.25)}
    truth = sum(share * yes for share, _, yes in population.values())
    margin = Margin("age", {group: share * 100_000 for group, (share, _, _) in population.items()}, is_ordered=True)
    random = Random(20)
    chances = [(group, share * answers, yes) for group, (share, answers, yes) in population.items()]
    whole = sum(chance for _, chance, _ in chances)
    bounds, reached = [], 0.0
    for group, chance, yes in chances:
        reached += chance / whole
        bounds.append((reached, group, yes))
    held, raw_held, draws, n = 0, 0, 2_000, 400
    for _ in range(draws):
        counts = {group: [0, 0] for group in population}
        for _ in range(n):
            at = random.random()
            group, yes = next((group, yes) for bound, group, yes in bounds if at <= bound or bound == bounds[-1][0])
            counts[group][random.random() < yes] += 1
        people = {(group,): float(sum(each)) for group, each in counts.items()}
        weights = rake(people, [margin])
        assert isinstance(weights, Weights)
        cells = {(group,): Answers({0.0: each[0], 1.0: each[1]}) for group, each in counts.items()}
        found = weighted_share(cells, weights.of_cell, (0,))
        assert found is not None
        held += found.low <= truth <= found.high
        raw = wilson(sum(each[1] for each in counts.values()) / n, n)
        raw_held += raw.low <= truth <= raw.high
    assert 0.93 <= held / draws <= 0.97
    assert raw_held / draws < 0.5
