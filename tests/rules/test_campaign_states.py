"""The two transition tables: what may follow what."""

from __future__ import annotations

import pytest

from campaigns.states import (
    CAMPAIGN_STEPS,
    MESSAGE_STEPS,
    OPEN_MESSAGE_STATES,
    CampaignState,
    MessageState,
    advance,
)
from engage.refusal import Refused


def reachable(steps, start):
    seen, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += steps[state]
    return seen


def test_every_state_has_a_row_and_can_be_reached():
    assert set(CAMPAIGN_STEPS) == set(CampaignState) == reachable(CAMPAIGN_STEPS, CampaignState.DRAFT)
    assert set(MESSAGE_STEPS) == set(MessageState) == reachable(MESSAGE_STEPS, MessageState.PENDING)


def test_a_message_that_may_have_been_sent_never_returns_to_pending_but_by_a_refusal_or_a_look_up():
    assert {s for s in MessageState if MessageState.PENDING in MESSAGE_STEPS[s]} == {MessageState.SENDING, MessageState.UNKNOWN}


def test_nothing_is_cancelled_once_it_only_waits_for_receipts():
    assert CampaignState.CANCELLED not in CAMPAIGN_STEPS[CampaignState.SETTLING]


def test_every_open_message_state_leads_out():
    for state in OPEN_MESSAGE_STATES:
        assert reachable(MESSAGE_STEPS, state) - OPEN_MESSAGE_STATES


@pytest.mark.parametrize("state", list(CampaignState))
def test_advance_allows_exactly_the_table(state):
    for to in CampaignState:
        if to in CAMPAIGN_STEPS[state]:
            assert advance(state, to) is to
        else:
            with pytest.raises(Refused, match="state_forbids"):
                advance(state, to)
