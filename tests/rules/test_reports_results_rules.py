"""What of a question anybody may read: no count of one to four people, and none that follows from the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engage.reports.results.rules import moves_on, public_counts

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


@given(COUNTS.filter(lambda counts: sum(counts) >= 10))
def test_nothing_small_is_told_and_nothing_small_follows(counts: list[int]) -> None:
    told = public_counts(counts, is_single=True)
    assert all(shown is None or (shown == count and not 1 <= count <= 4) for shown, count in zip(told, counts, strict=True))
    hidden = [count for shown, count in zip(told, counts, strict=True) if shown is None]
    # How many answered is told: the sum of the hidden ones is all that is left to know. Alone, or below four, it would tell.
    if any(1 <= count <= 4 for count in hidden):
        assert len(hidden) >= 2 and sum(hidden) >= 4


@given(COUNTS)
def test_options_of_which_several_may_be_chosen_stand_for_themselves(counts: list[int]) -> None:
    assert public_counts(counts, is_single=False) == [None if 1 <= count <= 4 else count for count in counts]


@given(st.integers(10, 500), st.integers(10, 500))
def test_two_publications_are_never_a_few_answers_apart(published: int, now: int) -> None:
    assert moves_on(None, now) and moves_on(published, now) == (abs(now - published) >= 10)
