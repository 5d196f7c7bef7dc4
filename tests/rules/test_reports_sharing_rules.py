"""Links, decisions and promises: what may move, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.refusal import Refused
from engage.reports.sharing import rules
from engage.reports.sharing.rules import DecisionState, Move, Section

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
REASON = "پیمانکار دیر رسید"


@given(st.lists(st.integers(0, 60), max_size=40))
def test_two_states_a_reader_sees_differ_by_a_step_and_none_tells_of_fewer(visits: list[int]) -> None:
    """Whatever comes and goes between visits: every distinct state is at least a step from the one before."""
    shared: int | None = None
    seen = []
    for answers in visits:
        if rules.moves_on(shared, answers):
            shared = answers
            seen.append(answers)
        assert shared is None or abs(answers - shared) < rules.STEP or answers < rules.STEP
    assert all(each >= rules.STEP for each in seen)
    assert all(abs(one - other) >= rules.STEP for one, other in zip(seen, seen[1:], strict=False))


def test_nothing_is_shared_below_ten() -> None:
    assert not rules.moves_on(None, 9)
    assert rules.moves_on(None, 10)
    assert not rules.moves_on(10, 19)
    assert rules.moves_on(10, 20)
    assert not rules.moves_on(20, 9), "figures that were shown don't shrink below what may be shown"


@pytest.mark.parametrize("given", [[], ["findings", "everything"], ["nonsense"]])
def test_sections_are_known_ones(given: list[str]) -> None:
    with pytest.raises(Refused, match="link_sections_missing"):
        rules.read_sections(given)


def test_sections_keep_the_order_of_the_page() -> None:
    assert rules.read_sections(["decisions", "findings"]) == (Section.FINDINGS, Section.DECISIONS)


@pytest.mark.parametrize("days", [0, -1, rules.MOST_DAYS + 1])
def test_a_link_lives_for_days_not_for_ever(days: int) -> None:
    with pytest.raises(Refused, match="link_days_invalid"):
        rules.link_expiry(days, AT)


def test_a_link_ends_by_its_hour_or_by_being_revoked() -> None:
    expires = rules.link_expiry(1, AT)
    assert rules.is_link_open(expires, None, expires - timedelta(seconds=1))
    assert not rules.is_link_open(expires, None, expires)
    assert not rules.is_link_open(expires, AT, AT)


@pytest.mark.parametrize(
    ("state", "to", "note", "code"),
    [
        ("wanted", "wanted", REASON, "decision_move_impossible"),
        ("done", "dropped", REASON, "decision_move_impossible"),
        ("wanted", "gone", REASON, "decision_move_impossible"),
        ("wanted", "dropped", "…", "decision_reason_missing"),
        ("doing", "dropped", "   ", "decision_reason_missing"),
        ("done", "doing", "", "decision_reason_missing"),
        ("dropped", "wanted", "", "decision_reason_missing"),
    ],
)
def test_steps_that_are_refused(state: str, to: str, note: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        rules.advance(state, to, note)


@given(st.sampled_from(DecisionState), st.sampled_from(DecisionState), st.sampled_from(["", REASON]))
def test_whatever_ends_or_begins_again_has_its_reason(state: DecisionState, to: DecisionState, note: str) -> None:
    try:
        reached = rules.advance(state, to, note)
    except Refused:
        assert to not in rules.MOVES[state] or not note
        return
    assert reached == to
    assert note or (to != DecisionState.DROPPED and state not in rules.ENDED)


def test_only_what_is_open_is_overdue() -> None:
    yesterday = TODAY - timedelta(days=1)
    assert rules.is_overdue("wanted", yesterday, TODAY)
    assert not rules.is_overdue("doing", TODAY, TODAY)
    assert not rules.is_overdue("done", yesterday, TODAY)
    assert not rules.is_overdue("dropped", yesterday, TODAY)


def test_a_later_day_needs_a_reason_and_a_past_one_is_none() -> None:
    with pytest.raises(Refused, match="decision_delay_unexplained"):
        rules.check_due(TODAY, TODAY + timedelta(days=3), TODAY, "")
    with pytest.raises(Refused, match="decision_due_passed"):
        rules.check_due(None, TODAY - timedelta(days=1), TODAY, "")
    rules.check_due(TODAY - timedelta(days=9), TODAY - timedelta(days=9), TODAY, "")  # words of an overdue decision may change
    rules.check_due(TODAY + timedelta(days=3), TODAY, TODAY, "")


def _moves(*moves: tuple[date | None, date | None, str]) -> list[Move]:
    return [Move(number, was, now, reason, AT) for number, (was, now, reason) in enumerate(moves, 1)]


def test_a_promise_nobody_made_is_none() -> None:
    assert rules.promise_from(None, [], is_published=False, today=TODAY) is None


def test_late_means_the_day_is_over_and_nothing_stands_published() -> None:
    def late(day: date, *, is_published: bool) -> bool:
        promise = rules.promise_from(day, [], is_published=is_published, today=TODAY)
        assert promise is not None
        return promise.is_late

    assert late(TODAY - timedelta(days=1), is_published=False)
    assert not late(TODAY, is_published=False)
    assert not late(TODAY - timedelta(days=1), is_published=True)


def test_a_silent_move_stays_owed_until_it_is_explained() -> None:
    first, later = TODAY, TODAY + timedelta(days=5)
    silent = rules.promise_from(later, _moves((None, first, ""), (first, later, "")), is_published=False, today=TODAY)
    told = rules.promise_from(later, _moves((None, first, ""), (first, later, REASON)), is_published=False, today=TODAY)
    assert silent is not None and told is not None
    assert (silent.is_explained, told.is_explained) == (False, True)
    assert (told.first_on, told.results_on, told.reason) == (first, later, REASON)


def test_a_reason_covers_the_day_it_was_given_for_and_no_later_one() -> None:
    first, second = TODAY - timedelta(days=9), TODAY - timedelta(days=2)
    moves = _moves((None, first, ""), (first, first, REASON), (first, second, REASON))
    covered = rules.promise_from(first, moves[:2], is_published=False, today=TODAY)
    missed_again = rules.promise_from(second, moves, is_published=False, today=TODAY)
    assert covered is not None and missed_again is not None
    assert covered.is_late and covered.is_explained
    assert missed_again.is_late and not missed_again.is_explained


def test_a_promise_taken_back_is_still_told() -> None:
    promise = rules.promise_from(None, _moves((None, TODAY, ""), (TODAY, None, "")), is_published=False, today=TODAY)
    assert promise is not None
    assert (promise.first_on, promise.results_on, promise.is_explained) == (TODAY, None, False)
