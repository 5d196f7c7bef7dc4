"""What may be said of groups: small cells can't be worked out, differences are real ones, claims are kept apart."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.reports.analysis.claims import Inviting, asked_claim, city_claim
from engage.reports.analysis.equity import funnel_splits
from engage.reports.analysis.groups import break_down
from engage.reports.analysis.people import people_of
from engage.reports.analysis.quality import quality_of
from engage.reports.analysis.shapes import Breakdown, GroupColumn
from engage.reports.grid import Dimension, Grid, Path, Profile, Steps, add_up
from engage.reports.tally import asked_questions, tally
from engage.statistics.weighting import Margin
from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted
from surveys.types import Option, Rating, Single

QUESTION = Single(id="q1", label="کدام؟", options=[Option(id=each, label=each) for each in ("a", "b", "c")])
SCALE = Rating(id="q2", label="چقدر؟")
ASKED = asked_questions({1: Definition(title="t", questions=[QUESTION, SCALE])})
PLACES = {"شمالی": "1", "جنوبی": "1", "شرقی": "2", "غربی": "2"}


def counts(a: int, b: int, c: int, points: dict[str, int] | None = None) -> AnswerCounts:
    points = points or {}
    given_points = Counted(sum(points.values()), points)
    n = max(a + b + c, given_points.answered)
    return AnswerCounts({1: n}, {date(2026, 11, 1): n}, [Counted(a + b + c, {"a": a, "b": b, "c": c}), given_points])


def broken_down(grid: Grid):  # type: ignore[no-untyped-def]
    return break_down(ASKED, tally(ASKED, add_up(grid.answers.values())), grid, {})


def column(breakdowns: list[Breakdown], dimension: str, group: str, key: str = "q1") -> GroupColumn | None:
    for breakdown in breakdowns:
        for split in breakdown.splits:
            if breakdown.dimension == dimension and split.question_key == key:
                return next((each for each in split.columns if each.group == group), None)
    return None


profiles = st.builds(
    lambda place, age, gender, channel: (
        Profile(PLACES.get(place, "1"), place, age, gender, channel, "1") if channel == "link" else Profile(channel=channel)
    ),
    st.sampled_from([*PLACES, ""]),
    st.sampled_from(["18-29", "30-44", "60+"]),
    st.sampled_from(["female", "male"]),
    st.sampled_from(["link", "link", "link", "open"]),
)
grids = st.dictionaries(profiles, st.tuples(*[st.integers(0, 9)] * 3).filter(any), min_size=1, max_size=24).map(
    lambda found: Grid({profile: counts(*each) for profile, each in found.items()})
)
OPTIONS = ("a", "b", "c")


@settings(max_examples=40, deadline=None)
@given(grids)
def test_no_hidden_small_cell_follows_from_everything_published(grid: Grid) -> None:
    """The attacker knows the toplines, every shown cell and base, that an unknown neighbourhood may lie anywhere, that known ones lie in
    one unit, and that whoever was not texted has no group; the unknowns are people by unit and neighbourhood, by age, by gender."""
    breakdowns, _differences = broken_down(grid)
    whole = add_up(grid.answers.values()).questions[0]
    unknowns: dict[tuple[str, ...], int] = {}
    truth: list[int] = []

    def unknown(*name: str, value: int) -> int:
        if name not in unknowns:
            unknowns[name] = len(truth)
            truth.append(value)
        return unknowns[name]

    def cell(dimension: str, group: str, option: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for profile, _each in grid.answers.items():
            value = profile.of(Dimension(dimension))
            if value != group:
                continue
            kind = ("place", profile.unit, profile.neighbourhood) if dimension in ("unit", "neighbourhood") else (dimension, group)
            if dimension in ("channel", "wave"):
                kind = ("place", profile.unit, profile.neighbourhood)
            total = sum(
                e.questions[0].values[option]
                for p, e in grid.answers.items()
                if (kind[0] == "place" and (p.unit, p.neighbourhood) == kind[1:])
                or (kind[0] != "place" and p.of(Dimension(kind[0])) == kind[1])
            )
            found[unknown(*kind, option, value=total)] = 1
        return found

    rows: list[dict[int, int]] = []
    guarded: list[dict[int, int]] = []
    for dimension in Dimension:
        sizes = grid.groups(dimension)
        for option in OPTIONS:
            rows.append({at: 1 for group in sizes for at in cell(dimension, group, option)})
        for group, size in sizes.items():
            shown = column(breakdowns, dimension, group)
            for option in OPTIONS:
                count = size.questions[0].values[option]
                published = next((each.count for each in shown.cells if each.option_id == option), None) if shown else None
                if published is not None:
                    assert published == count and not 1 <= count <= 4
                    rows.append(cell(dimension, group, option))
                elif 1 <= count <= 4 and size.questions[0].answered < whole.answered:
                    # A group of everybody is the topline, which the report tells anyway.
                    guarded.append(cell(dimension, group, option))
            if shown is not None:
                assert shown.base == size.questions[0].answered >= 10
                assert all(each.share is None and each.mark == 0 for each in shown.cells if each.count is None)
                rows.append({at: 1 for option in OPTIONS for at in cell(dimension, group, option)})
    assert whole.answered == sum(whole.values.values())
    any_shown = any(breakdown.splits for breakdown in breakdowns)
    if any_shown:
        listed = {str(breakdown.dimension) for breakdown in breakdowns}
        for wanted in guarded:
            names = [name for name, at in unknowns.items() if at in wanted]
            if any(name[0] in listed or (name[0] == "place" and listed & {"unit", "neighbourhood"}) for name in names):
                assert not follows(wanted, rows, len(truth)), names


def follows(wanted: dict[int, int], rows: list[dict[int, int]], width: int) -> bool:
    """Whether a sum of unknowns is a combination of the known ones."""
    basis: dict[int, list[Fraction]] = {}

    def reduced(row: list[Fraction]) -> list[Fraction]:
        for at, head in basis.items():
            if row[at]:
                factor = row[at]
                row = [mine - factor * its for mine, its in zip(row, head, strict=True)]
        return row

    for each in rows:
        row = reduced([Fraction(each.get(at, 0)) for at in range(width)])
        first = next((at for at, value in enumerate(row) if value), None)
        if first is not None:
            scale = row[first]
            row = [value / scale for value in row]
            for at, head in basis.items():
                if head[first]:
                    factor = head[first]
                    basis[at] = [mine - factor * its for mine, its in zip(head, row, strict=True)]
            basis[first] = row
    return not any(reduced([Fraction(wanted.get(at, 0)) for at in range(width)]))


def test_a_difference_that_holds_is_marked_and_a_small_one_is_not() -> None:
    grid = Grid(
        {
            Profile(gender="female", age="18-29"): counts(160, 40, 50, {"5": 150, "1": 50}),
            Profile(gender="male", age="18-29"): counts(80, 120, 50, {"5": 50, "1": 150}),
            Profile(gender="female", age="60+"): counts(155, 45, 50, {"5": 150, "1": 50}),
            Profile(gender="male", age="60+"): counts(85, 115, 50, {"5": 50, "1": 150}),
        }
    )
    breakdowns, differences = broken_down(grid)
    women = column(breakdowns, "gender", "female")
    assert women is not None and women.base == 500
    assert [cell.mark for cell in women.cells] == [1, -1, 0]
    assert women.cells[0].share == pytest.approx(0.63)
    young = column(breakdowns, "age", "18-29")
    assert young is not None and [cell.mark for cell in young.cells] == [0, 0, 0]
    scale = column(breakdowns, "gender", "female", "q2")
    assert scale is not None and scale.mean == pytest.approx(4.0) and scale.mean_mark == 1
    assert {each.dimension for each in differences} == {"gender"}


def test_a_mean_is_never_shown_beside_a_hidden_cell() -> None:
    grid = Grid(
        {
            Profile(gender="female"): counts(20, 20, 20, {"5": 30, "1": 28, "2": 2}),
            Profile(gender="male"): counts(20, 20, 20, {"5": 30, "1": 28, "2": 12}),
        }
    )
    found = column(broken_down(grid)[0], "gender", "female", "q2")
    assert found is not None and any(cell.count is None for cell in found.cells) and found.mean is None


def test_nothing_of_nobody_and_of_one() -> None:
    nobody = AnswerCounts({}, {}, [Counted(0, {}), Counted(0, {})])
    assert break_down(ASKED, tally(ASKED, nobody), Grid(), {}) == ([], [])
    assert broken_down(Grid({Profile(gender="male"): counts(1, 0, 0)})) == ([], [])


def test_claims_are_kept_apart() -> None:
    sample = asked_claim([Inviting(1_000, 400, True)], {"link": 100})
    assert sample.kind == "random_sample" and sample.margin == pytest.approx(0.98 * (900 / 999) ** 0.5 * 0.1, abs=1e-4)
    assert asked_claim([Inviting(1_000, 400, True)], {"link": 100, "open": 3}).margin is None
    assert asked_claim([Inviting(1_000, 1_000, False)], {"link": 100}).kind == "census"
    assert asked_claim([], {"open": 30}).kind == "open" and asked_claim([], {}).kind == "none"
    assert asked_claim([Inviting(1_000, 400, True, False)], {"link": 100}).reason == "uneven_sample"


def test_people_are_a_range_where_channels_cannot_be_matched() -> None:
    assert (people_of({"link": 40, "sms": 5}).at_least, people_of({"link": 40, "sms": 5}).at_most) == (45, 45)
    mixed = people_of({"link": 40, "open": 7, "paper": 3})
    assert (mixed.ballots, mixed.at_least, mixed.at_most) == (50, 40, 50)
    assert people_of({}).at_most == 0 and people_of({"open": 7}).at_least == 1


def test_quality_counts_everybody_once_and_estimates_e() -> None:
    found = quality_of(
        {"answered": 300, "partial": 20, "opted_out": 10, "broke_off": 20, "not_for_me": 50, "silent": 500, "not_delivered": 100},
        delivered=880, opened=420, started=350,
    )  # fmt: skip
    assert found is not None and found.invited == 1_000 and found.e == pytest.approx(350 / 400)
    assert found.rates["RR1"] == pytest.approx(300 / 950) and found.rates["RR6"] == pytest.approx(320 / 350)
    assert found.rates["RR3"] == pytest.approx(300 / (350 + 0.875 * 600))
    assert quality_of({}, delivered=0, opened=0, started=0) is None


def test_city_claim_weights_or_says_why_not() -> None:
    grid = Grid({Profile(gender="female"): counts(60, 30, 10), Profile(gender="male"): counts(90, 180, 30)})
    tallies = tally(ASKED, add_up(grid.answers.values()))
    assert city_claim(grid, tallies, []).refusal == "no_margins"
    found = city_claim(grid, tallies, [Margin("gender", {"female": 500.0, "male": 500.0})])
    assert found.refusal == "" and found.shares["q1"][0].share == pytest.approx(0.45)
    assert {(each.group, round(each.index, 2)) for each in found.representation} == {("female", 0.5), ("male", 1.5)}
    assert city_claim(grid, tallies, [Margin("gender", {"female": 500.0})]).refusal == "unknown_group"
    # With the weights and both shares known, three women would follow from the weighted share.
    telling = Grid({Profile(gender="female"): counts(3, 60, 20), Profile(gender="male"): counts(40, 50, 27)})
    told = city_claim(telling, tally(ASKED, add_up(telling.answers.values())), [Margin("gender", {"female": 500.0, "male": 500.0})])
    assert told.refusal == "" and "q1" not in told.shares
    few = Grid({Profile(gender="female"): counts(10, 10, 10)})
    assert (
        city_claim(few, tally(ASKED, add_up(few.answers.values())), [Margin("gender", {"female": 5.0, "male": 5.0})]).refusal == "too_few"
    )


def test_a_group_is_lost_at_the_step_where_it_falls_behind() -> None:
    grid = Grid({}, {Path(age="18-29"): Steps(500, 480, 450, 300, 250, 240), Path(age="60+"): Steps(500, 480, 450, 200, 60, 55)})
    (split,) = funnel_splits(grid, {})
    assert split.dimension == "age" and [group.lost_at for group in split.groups] == ["", "started"]
    assert funnel_splits(Grid({}, {Path(age="60+"): Steps(5, 5, 5, 1, 1, 1), Path(age="18-29"): Steps(9, 9, 9, 2, 2, 2)}), {}) == []
