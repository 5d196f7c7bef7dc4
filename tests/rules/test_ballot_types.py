"""Ballots: nothing over the budget, the points or the ranks ever counts, sums are exact, and every order of a page is fair."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.definitions import Definition, check, dump, gaps, load
from surveys.types import AnswerProblem, Approval, BallotRanking, DefinitionProblem, Drawn, Knapsack, Points
from surveys.types.ballots import MAX_RIALS, Project, common_unit, toman

patient = settings(max_examples=150, deadline=None)
MILLION = 10**7
"""Rials in a million toman"""
TEN = [Project(id=f"p{number}", label=f"پروژهٔ {number}", cost=number * 100 * MILLION, description="توضیح", place="هرندی") for number in range(1, 11)]
plain: Any = Drawn().translate

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
amounts = st.integers(0, MAX_RIALS) | st.integers(0, 500).map(lambda count: count * MILLION)
projects = st.lists(
    st.builds(Project, id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(lambda each: each != "none"), label=texts, description=texts, cost=amounts, place=texts),
    max_size=8,
    unique_by=lambda each: each.id,
)
limits = st.none() | st.integers(1, 9)
common: dict[str, Any] = {"id": st.just("q"), "label": texts, "projects": projects, "none_label": st.just("") | texts, "shuffle": st.booleans()}
ballots: st.SearchStrategy[Any] = st.one_of(
    st.builds(Approval, min_choices=limits, max_choices=limits, **common),
    st.builds(BallotRanking, ranks=st.integers(1, 10), min_ranks=limits, **common),
    st.builds(Points, points=st.integers(1, 1000), most_each=st.none() | st.integers(1, 1000), spend_all=st.booleans(), **common),
    st.builds(Knapsack, budget=amounts, min_choices=limits, **common),
)


@pytest.mark.parametrize(
    ("rials", "words"),
    [
        (640 * MILLION, "۶۴۰ میلیون تومان"),
        (1_200 * MILLION, "۱٫۲ میلیارد تومان"),
        (1_250 * MILLION, "۱٫۲۵ میلیارد تومان"),
        (1_050 * MILLION, "۱٫۰۵ میلیارد تومان"),
        (2_545 * MILLION, "۲٬۵۴۵ میلیون تومان"),
        (1_000 * MILLION, "۱ میلیارد تومان"),
        (12 * 10**13, "۱۲ هزار میلیارد تومان"),
        (15_000, "۱٫۵ هزار تومان"),
        (5_550, "۵۵۵ تومان"),
        (12_345, "۱۲٬۳۴۵ ریال"),
        (12_345_670, "۱٬۲۳۴٬۵۶۷ تومان"),
        (0, "۰ تومان"),
    ],
)
def test_money_is_said_exactly_in_the_unit_people_use(rials: int, words: str) -> None:
    assert toman(rials) == words


UNITS = {"هزار میلیارد تومان": 10**13, "میلیارد تومان": 10**10, "میلیون تومان": 10**7, "هزار تومان": 10**4, "تومان": 10, "ریال": 1}


@patient
@given(amounts)
def test_money_in_words_loses_nothing(rials: int) -> None:
    number, unit = toman(rials).split(" ", 1)
    whole, _, part = number.replace("٬", "").partition("٫")
    size = UNITS[unit]
    assert int(whole) * size + (int(part) * size // 10 ** len(part) if part else 0) == rials


@patient
@given(st.lists(amounts, max_size=6))
def test_a_common_unit_divides_every_amount(costs: list[int]) -> None:
    size, unit = common_unit(costs)
    assert UNITS[unit] == size and all(cost % size == 0 for cost in costs)


# -- the knapsack ----------------------------------------------------------------------------------------------------------


def knapsack(**changes: Any) -> Knapsack:
    return Knapsack(**{"id": "q", "label": "?", "projects": TEN, "budget": 2_500 * MILLION, "none_label": "هیچ‌کدام", **changes})


def test_what_costs_more_than_the_budget_is_refused_with_the_sum_said() -> None:
    question = knapsack()
    assert question.read({"": ["p10", "p9", "p6"]}) == {"": ["p6", "p9", "p10"]}
    with pytest.raises(AnswerProblem) as refused:
        question.read({"": ["p10", "p9", "p6", "p1"]})
    short, long = question.explain(refused.value, plain)
    assert "۱۰۰ میلیون تومان" in short
    assert all(words in long for words in ("۴", "۲٫۶ میلیارد تومان", "۲٫۵ میلیارد تومان", "۱۰۰ میلیون تومان"))
    html = str(question.draw(Drawn({"": ["p10", "p9", "p6", "p1"]}, True, "q-error")))
    assert html.count(" checked") == 4


def test_none_of_them_stands_alone() -> None:
    question = knapsack(min_choices=2)
    assert question.read({"": ["none"]}) == {"": ["none"]} and question.accepts({"": ["none"]})
    for ballot in (question, Approval(id="q", label="?", projects=TEN, none_label="هیچ‌کدام")):
        with pytest.raises(AnswerProblem) as refused:
            ballot.read({"": ["none", "p1"]})
        assert "هیچ‌کدام" in ballot.explain(refused.value, plain)[1]
    with pytest.raises(AnswerProblem):
        knapsack(none_label="").read({"": ["none"]})


def test_the_page_carries_what_a_script_and_the_stylesheet_add_up() -> None:
    html = str(knapsack(budget=2_550 * MILLION).draw(Drawn()))
    assert 'data-budget="2550"' in html and 'value="p3" data-cost="300"' in html
    assert '<i class="kc"></i><i class="i3"></i>' in html
    odd = str(knapsack(projects=[Project(id="a", label="a", cost=123_456_789_012_345)], budget=10**15).draw(Drawn()))
    assert 'data-cost="123456789012345"' in odd and '<b class="ks">' not in odd


@patient
@given(st.lists(st.integers(1, MAX_RIALS), min_size=1, max_size=8), st.integers(1, MAX_RIALS), st.data())
def test_nothing_over_budget_is_ever_accepted_and_sums_are_exact(costs: list[int], budget: int, data: Any) -> None:
    question = Knapsack(id="q", label="?", budget=budget, projects=[Project(id=f"p{place}", label="x", cost=cost) for place, cost in enumerate(costs)])
    ticked = data.draw(st.lists(st.sampled_from(question.project_ids), unique=True, min_size=1))
    spent = sum(costs[int(each[1:])] for each in ticked)
    if spent > budget:
        with pytest.raises(AnswerProblem) as refused:
            question.read({"": ticked})
        assert refused.value.code == "over_budget" and refused.value.params["spent"] == spent
        assert not question.accepts({"": [each for each in question.project_ids if each in ticked]})
    else:
        entries: Any = question.read({"": ticked})
        assert question.accepts(entries) and question.cost_of(entries[""]) == spent


def test_a_ballot_that_decides_nothing_is_not_published() -> None:
    def found(question: Any) -> set[str]:
        return {gap.code for gap in gaps(Definition(title="t", questions=[question]))}

    assert found(knapsack()) == set()
    assert "ballot_without_budget" in found(knapsack(budget=0))
    assert "budget_below_every_cost" in found(knapsack(budget=50 * MILLION))
    assert "project_above_budget" in found(knapsack(budget=900 * MILLION))
    assert knapsack().warnings() == [] and knapsack(budget=5_500 * MILLION).warnings() == ["budget_pays_everything"]
    assert "budget_below_least_choices" in found(knapsack(budget=1_000 * MILLION, min_choices=5))
    assert "project_without_cost" in found(knapsack(projects=[*TEN, Project(id="x", label="x")]))
    assert "too_few_projects" in found(Approval(id="q", label="?"))
    assert "limit_above_projects" in found(Approval(id="q", label="?", projects=TEN, max_choices=11))
    assert "choice_limits_contradict" in found(Approval(id="q", label="?", projects=TEN, min_choices=3, max_choices=2))
    assert "points_limits_contradict" in found(Points(id="q", label="?", projects=TEN[:2], points=10, most_each=4, spend_all=True))
    assert "project_label_repeated" in found(Approval(id="q", label="?", projects=[TEN[0], Project(id="x", label=TEN[0].label, place="هرندی")]))
    with pytest.raises(DefinitionProblem):
        Approval(id="q", label="?", projects=[Project(id="none", label="x")]).check()


# -- approval, ranks, points ------------------------------------------------------------------------------------------------


def test_more_than_k_projects_are_refused() -> None:
    question = Approval(id="q", label="?", projects=TEN, min_choices=2, max_choices=3)
    assert question.read({"": ["p3", "p1"]}) == {"": ["p1", "p3"]}
    for ticked in (["p1"], ["p1", "p2", "p3", "p4"], ["p1", "stranger"]):
        with pytest.raises(AnswerProblem) as refused:
            question.read({"": ticked})
        assert all(question.explain(refused.value, plain))


def test_ranks_are_given_once_each_and_close_up() -> None:
    question = BallotRanking(id="q", label="?", projects=TEN, ranks=3)
    assert question.read({"p4": ["۱"], "p2": ["3"]}) == {"": ["p4", "p2"]}
    assert question.cells({"": ["p4", "p2"]})[:4] == [None, 2, None, 1]
    assert question.in_words({"": ["p4", "p2"]}, plain) == "۱. پروژهٔ 4، ۲. پروژهٔ 2"
    with pytest.raises(AnswerProblem) as refused:
        question.read({"p4": ["1"], "p2": ["۱"]})
    assert refused.value.code == "rank_repeated"
    assert all(label in question.explain(refused.value, plain)[1] for label in ("پروژهٔ 4", "پروژهٔ 2"))
    html = str(question.draw(Drawn({"p4": ["1"], "p2": ["۱"]}, True, "x")))
    assert 'id="q.p4.1" name="q.p4" value="1" checked' in html and 'name="q.p2" value="1" checked' in html


def test_points_are_whole_and_never_more_than_there_are() -> None:
    question = Points(id="q", label="?", projects=TEN, points=10, most_each=6, none_label="هیچ‌کدام")
    assert question.read({"p1": ["۴"], "p2": ["٦"], "p3": ["0"], "p4": [""]}) == {"p1": 4, "p2": 6}
    for sent, code in (
        ({"p1": ["6"], "p2": ["5"]}, "too_many_points"),
        ({"p1": ["7"]}, "too_many_points_each"),
        ({"p1": ["1.5"]}, "points_unreadable"),
        ({"p1": ["-1"]}, "points_unreadable"),
        ({"p1": ["1"], "": ["none"]}, "none_with_others"),
        ({"": ["p1"]}, "option_unknown"),
    ):
        with pytest.raises(AnswerProblem) as refused:
            question.read(sent)
        assert refused.value.code == code and all(question.explain(refused.value, plain))
    assert question.read({"": ["none"]}) == {"": "none"}
    assert not question.accepts({"p1": True}) and not question.accepts({"p1": 4.0}) and not question.accepts({"p1": 0})
    whole = Points(id="q", label="?", projects=TEN, points=10, spend_all=True)
    with pytest.raises(AnswerProblem):
        whole.read({"p1": ["9"]})
    assert [tally.part for tally in question.tallies()][-2:] == ["p10", ""]


def read(question: Any, sent: dict[str, list[str]]) -> tuple[Any, AnswerProblem | None]:
    try:
        return question.read(sent), None
    except AnswerProblem as problem:
        return {}, problem


# -- laws of all of them ----------------------------------------------------------------------------------------------------


@patient
@given(ballots)
def test_a_ballot_is_stored_and_drawn_whatever_its_texts(question: Any) -> None:
    definition = Definition(title="t", questions=[question])
    check(definition)
    assert load(dump(definition)) == definition
    gaps(definition)
    html = str(question.draw(Drawn({"": ["<i>&\"'"], "x": ["<i>"]}, True, "x")))
    plain_text = re.sub(r"<[^<>]*>", "", html)
    assert "<" not in plain_text and ">" not in plain_text and "<i>" not in html
    assert question.first_control in html or not question.projects
    assert question.instruction(plain)
    assert question.with_texts({place: text + "x" for place, text in question.texts().items()}).texts().keys() == question.texts().keys()


@patient
@given(ballots, st.data())
def test_what_is_accepted_satisfies_the_ballot_and_round_trips(question: Any, data: Any) -> None:
    parts = st.sampled_from(["", *question.project_ids, "stranger"])
    values = st.lists(st.sampled_from([*question.project_ids, "none", "1", "۲", "٣", "0", "-1", "1.5", "10", "x", "<b>", ""]), max_size=4)
    sent = data.draw(st.dictionaries(parts, values, max_size=6))
    question.draw(Drawn(sent, True, "x"))
    entries, problem = read(question, sent)
    assert problem is None or all(question.explain(problem, plain))
    assert len(question.cells(entries)) == len(question.columns()) == len({column.key for column in question.columns()})
    if entries:
        assert question.accepts(entries)
        assert question.read(question.typed(entries)) == entries
        assert set(entries) <= set(question.names())
        question.in_words(entries, plain)


@patient
@given(ballots, st.dictionaries(st.text(max_size=4), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.text(max_size=3) | st.integers(), max_size=3), max_size=3))
def test_accepting_never_raises(question: Any, entries: dict[str, Any]) -> None:
    question.accepts(entries)


@pytest.mark.parametrize("kind", [Approval, BallotRanking, Points, Knapsack])
def test_every_project_is_first_sometimes_and_none_ever_stays_behind(kind: Any) -> None:
    question = kind(id="q", label="?", projects=TEN, shuffle=True, none_label="هیچ‌کدام")
    firsts = Counter(question.in_order(seed)[0].id for seed in range(16))
    assert len(firsts) == len(TEN) and max(firsts.values()) <= 2
    drawn = [str(question.draw(Drawn(seed=seed))) for seed in (3, 3, 5)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(html.rindex("هیچ‌کدام") > html.rindex("پروژهٔ") for html in drawn)
    assert kind(id="q", label="?", projects=TEN).in_order(7) == TEN
