"""Receipts come late, twice and out of order; a message only ever moves forward."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.sms.statuses import (
    AT_OPERATOR,
    BLOCKED,
    CANCELLED,
    DELIVERED,
    FAILED,
    QUEUED,
    SCHEDULED,
    UNDELIVERED,
    UNKNOWN,
    WITH_OPERATOR,
    is_final,
    latest,
    moves_forward,
    status_rank,
)

KNOWN = (QUEUED, SCHEDULED, AT_OPERATOR, WITH_OPERATOR, FAILED, DELIVERED, UNDELIVERED, CANCELLED, BLOCKED)
statuses = st.sampled_from((*KNOWN, UNKNOWN, 0, 7, -1))


def test_the_order_is_that_of_the_contract() -> None:
    steps = [(1, 2), (4, 5), (11,), (6, 10, 13, 14)]
    for rank, group in enumerate(steps, 1):
        assert [status_rank(status) for status in group] == [rank] * len(group)


@pytest.mark.parametrize(
    ("current", "new", "moves"),
    [(None, 1, True), (5, 1, False), (5, 4, False), (1, 10, True), (11, 10, True), (10, 11, False), (10, 14, False), (1, 100, False),
     (None, 100, False), (11, 5, False), (10, 10, False)],
)  # fmt: skip
def test_receipts_move_forward_only(current: int | None, new: int, moves: bool) -> None:
    assert moves_forward(current, new) is moves


def test_any_order_of_one_messages_receipts_ends_delivered() -> None:
    for order in permutations([1, 5, 11, 10, 100, 5]):
        status = None
        for receipt in order:
            status = latest(status, receipt)
        assert status == DELIVERED


@given(st.lists(statuses))
def test_the_rank_never_falls_and_a_final_status_stays(receipts: list[int]) -> None:
    status = None
    for receipt in receipts:
        after = latest(status, receipt)
        assert status_rank(after) >= status_rank(status)
        if is_final(status):
            assert after == status
        status = after
    assert status != UNKNOWN


@given(st.lists(statuses), st.integers(0, 100))
def test_a_repeated_receipt_changes_nothing(receipts: list[int], place: int) -> None:
    def end(received: list[int]) -> int | None:
        status = None
        for each in received:
            status = latest(status, each)
        return status

    if receipts:
        doubled = [*receipts, receipts[place % len(receipts)]]
        assert status_rank(end(doubled)) == status_rank(end(receipts))
        assert end(doubled) == end(receipts)
