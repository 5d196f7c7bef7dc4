"""Windows, back-off, approval limits, and what outcomes and receipts make of a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import rules
from campaigns.rules import Counts
from campaigns.states import MESSAGE_STEPS, MessageState
from engage.config import Timings
from engage.sms import statuses
from engage.sms.port import Outcome, OutcomeKind

moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


def test_the_window_is_that_of_tehran_without_summer_time():
    assert not rules.is_within_window(datetime(2026, 7, 1, 5, 29, 59, tzinfo=UTC), 540, 1260)
    assert rules.is_within_window(datetime(2026, 7, 1, 5, 30, tzinfo=UTC), 540, 1260)
    assert rules.is_within_window(datetime(2026, 7, 1, 17, 29, 59, tzinfo=UTC), 540, 1260)
    assert not rules.is_within_window(datetime(2026, 7, 1, 17, 30, tzinfo=UTC), 540, 1260)
    assert not rules.is_within_window(datetime(2026, 7, 1, 17, 29, 45, tzinfo=UTC), 540, 1260, margin=30)


@given(st.integers(0, 10_000))
def test_back_off_grows_and_is_bounded(attempts):
    timings = Timings()
    delay = rules.retry_delay(attempts, timings)
    assert timedelta(seconds=timings.retry_delay) <= delay <= timedelta(seconds=timings.retry_delay_max)
    assert delay <= rules.retry_delay(attempts + 1, timings)


@given(st.sampled_from(OutcomeKind), st.integers(1, 20), st.sampled_from([None, 1, 4, 5, 6, 10, 11, 13, 14]))
def test_every_outcome_settles_into_an_allowed_state_and_only_certain_refusals_go_back(kind, attempts, status):
    outcome = Outcome(1, kind, gateway_id=7 if kind == OutcomeKind.ACCEPTED else None, status=status, reason="x")
    settlement = rules.settle(outcome, attempts)
    assert settlement.state in MESSAGE_STEPS[MessageState.SENDING] | MESSAGE_STEPS[MessageState.ACCEPTED]
    if kind == OutcomeKind.UNCERTAIN:
        assert settlement.state == MessageState.UNKNOWN
    if settlement.state == MessageState.PENDING:
        assert kind in (OutcomeKind.RETRY, OutcomeKind.HALT)


@given(st.lists(st.sampled_from([1, 2, 4, 5, 6, 10, 11, 13, 14, 100, 77]), max_size=12).flatmap(lambda r: st.tuples(st.just(r), st.permutations(r))))
def test_receipts_in_any_order_and_repeated_end_in_the_same_class(pair):
    def end(receipts):
        state, status = MessageState.ACCEPTED, 1
        for receipt in receipts:
            after = rules.apply_receipt(state, status, receipt)
            if after is not None:
                assert statuses.status_rank(after[1]) > statuses.status_rank(status)
                state, status = after
        return statuses.status_rank(status)

    assert end(pair[0]) == end(pair[1]) == end(pair[0] * 2)


@pytest.mark.parametrize("state", [MessageState.PENDING, MessageState.SUPPRESSED, MessageState.DELIVERED, MessageState.BLOCKED, MessageState.UNKNOWN])
def test_a_receipt_moves_only_what_waits_for_one(state):
    assert rules.apply_receipt(state, None, 10) is None


def test_above_either_limit_a_second_person_is_needed():
    assert not rules.needs_second_person(500, 1_000_000, limit_recipients=500, limit_cost=1_000_000)
    assert rules.needs_second_person(501, 1, limit_recipients=500, limit_cost=1_000_000)
    assert rules.needs_second_person(1, 1_000_001, limit_recipients=500, limit_cost=1_000_000)


@given(st.integers(1, 10**6), st.integers(1, 2), st.integers(1, 10**5))
def test_sending_exactly_what_was_approved_stays_within_the_budget(recipients, waves, each):
    estimate = recipients * waves * each
    assert rules.cost_each(estimate, recipients, waves) == each
    assert estimate <= rules.budget(estimate)


def test_rates_pause_only_above_their_limit_and_with_enough_texts():
    assert rules.reason_to_stop(Counts(tried=199, failed=199)) is None
    assert rules.reason_to_stop(Counts(tried=200, failed=51)) == "error_rate"
    assert rules.reason_to_stop(Counts(tried=200, failed=50)) is None
    assert rules.reason_to_stop(Counts(reached=200, opted_out=11)) == "opt_out_rate"
    assert rules.reason_to_stop(Counts(reached=200, opted_out=10, not_for_me=11)) == "not_for_me_rate"
    assert rules.reason_to_stop(Counts(reached=200, opted_out=10, not_for_me=10)) is None
    assert rules.reason_to_stop(Counts(reached=20, opted_out=2)) is None
    assert rules.reason_to_stop(Counts(reached=20, opted_out=2), is_pilot=True) == "opt_out_rate"


counts = st.builds(Counts, *[st.integers(0, 1000)] * 5)


@given(counts)
def test_a_trial_never_goes_on_where_the_whole_campaign_would_stop(found):
    if rules.reason_to_stop(found) is not None:
        assert rules.reason_to_stop(found, is_pilot=True) is not None
