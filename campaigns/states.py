"""The states of campaigns and messages: one table each, and the one function that allows a step. Pure.

Every change in SQL is a compare-and-set on the state before; these tables say which pairs are allowed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from engage.refusal import Refused


class CampaignState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    MATERIALISING = "materialising"
    SENDING = "sending"
    PAUSED = "paused"
    SETTLING = "settling"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class MessageState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    WRITTEN_OFF = "written_off"


_C = CampaignState
CAMPAIGN_STEPS: dict[CampaignState, frozenset[CampaignState]] = {
    _C.DRAFT: frozenset({_C.IN_REVIEW, _C.CANCELLED}),
    _C.IN_REVIEW: frozenset({_C.APPROVED, _C.DRAFT, _C.CANCELLED}),
    _C.APPROVED: frozenset({_C.SCHEDULED, _C.DRAFT, _C.CANCELLED}),
    _C.SCHEDULED: frozenset({_C.MATERIALISING, _C.CANCELLED}),
    _C.MATERIALISING: frozenset({_C.SENDING, _C.CANCELLED}),
    _C.SENDING: frozenset({_C.PAUSED, _C.SETTLING, _C.CANCELLED}),
    _C.PAUSED: frozenset({_C.SENDING, _C.CANCELLED}),
    # Those it failed at can be written to once more, by a wave of their own.
    _C.SETTLING: frozenset({_C.FINISHED, _C.SENDING}),
    _C.FINISHED: frozenset({_C.SENDING}),
    # A cancelled campaign's messages under way still settle and reconcile; the campaign itself is over.
    _C.CANCELLED: frozenset(),
}

_M = MessageState
MESSAGE_STEPS: dict[MessageState, frozenset[MessageState]] = {
    _M.PENDING: frozenset({_M.SENDING, _M.SUPPRESSED, _M.CANCELLED, _M.EXPIRED}),
    _M.SENDING: frozenset({_M.ACCEPTED, _M.UNKNOWN, _M.PENDING, _M.FAILED, _M.CANCELLED}),
    _M.UNKNOWN: frozenset({_M.ACCEPTED, _M.PENDING, _M.WRITTEN_OFF, _M.CANCELLED}),
    # Unknown again: the id it was told turned out to be another text's.
    _M.ACCEPTED: frozenset({_M.DELIVERED, _M.UNDELIVERED, _M.BLOCKED, _M.CANCELLED, _M.FAILED, _M.EXPIRED, _M.UNKNOWN}),
    _M.UNDELIVERED: frozenset({_M.DELIVERED, _M.BLOCKED, _M.CANCELLED, _M.FAILED}),
    _M.DELIVERED: frozenset(),
    _M.BLOCKED: frozenset(),
    _M.CANCELLED: frozenset(),
    _M.FAILED: frozenset(),
    _M.EXPIRED: frozenset({_M.DELIVERED}),
    _M.SUPPRESSED: frozenset(),
    _M.WRITTEN_OFF: frozenset({_M.ACCEPTED, _M.DELIVERED}),
}

OPEN_MESSAGE_STATES = frozenset({_M.PENDING, _M.SENDING, _M.UNKNOWN, _M.ACCEPTED})
"""A campaign with any of these is not finished."""

REACHED_GATEWAY = frozenset({_M.ACCEPTED, _M.DELIVERED, _M.UNDELIVERED, _M.BLOCKED, _M.EXPIRED})
"""States in which the gateway surely took the message; `failed` isn't one, it also holds what the gateway refused."""

MAY_HAVE_BEEN_SENT = REACHED_GATEWAY | {_M.SENDING, _M.UNKNOWN, _M.WRITTEN_OFF}

ACTIVE_CAMPAIGN_STATES = frozenset({_C.SCHEDULED, _C.MATERIALISING, _C.SENDING, _C.PAUSED, _C.SETTLING})
EDITABLE_CAMPAIGN_STATES = frozenset({_C.DRAFT})
CANCELLABLE_CAMPAIGN_STATES = frozenset(state for state, steps in CAMPAIGN_STEPS.items() if _C.CANCELLED in steps)


S = TypeVar("S", CampaignState, MessageState)


def advance(state: S, to: S) -> S:
    """`to`, if a thing in `state` may become that; Refused("state_forbids") otherwise."""
    steps = CAMPAIGN_STEPS if isinstance(state, CampaignState) else MESSAGE_STEPS
    if to not in steps[state]:  # type: ignore[index]
        raise Refused("state_forbids", state=str(state), to=str(to))
    return to
