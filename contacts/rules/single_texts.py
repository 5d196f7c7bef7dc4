"""Single texts: their states, what the gateway's answer makes of them, and when the next try is due. Pure.

Every change in SQL is a compare-and-set on the state before; the table says which pairs are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from engage.refusal import Refused
from engage.sms import statuses
from engage.sms.port import Outcome, OutcomeKind

ABSENCES_NEEDED = 2
BATCH_SIZE = 50
OBEYS_SUPPRESSION = frozenset({"confirm", "reply", "closing", "keyword", "off_hours", "conversation"})
"""Kinds nobody asked for this minute: they never go to a number that is stopped. A code, or an answer to a stop, was asked for;
`staff_code` and `staff_notice` go to a colleague's own number, who confirmed it for that and switches it off in their account."""

DAY_BEGINS, DAY_ENDS = time(9), time(21)
"""Between these, in the citizens' time zone, a text nobody waits for may arrive."""


class TextState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    FAILED = "failed"
    EXPIRED = "expired"


_T = TextState
TEXT_STEPS: dict[TextState, frozenset[TextState]] = {
    _T.PENDING: frozenset({_T.SENDING, _T.EXPIRED, _T.FAILED}),
    _T.SENDING: frozenset({_T.ACCEPTED, _T.UNKNOWN, _T.PENDING, _T.FAILED}),
    # Absent at the gateway for certain, it may go again under the same id; by then it may be too old to go.
    _T.UNKNOWN: frozenset({_T.ACCEPTED, _T.PENDING, _T.FAILED, _T.EXPIRED}),
    _T.ACCEPTED: frozenset(),
    _T.FAILED: frozenset(),
    _T.EXPIRED: frozenset(),
}

SETTLED = frozenset(state for state, steps in TEXT_STEPS.items() if not steps)
"""Number and words of such a text are gone."""


def advance_text(state: TextState, to: TextState) -> TextState:
    """`to`, if a text in `state` may become that; Refused("state_forbids") otherwise."""
    if to not in TEXT_STEPS[state]:
        raise Refused("state_forbids", state=str(state), to=str(to))
    return to


@dataclass(frozen=True)
class Step:
    """The next state of a text and why."""

    state: TextState
    failure: str | None = None
    gateway_id: int | None = None


def settle(outcome: Outcome) -> Step:
    """What the gateway's answer to a send makes of a text that was `sending`."""
    if outcome.kind is OutcomeKind.ACCEPTED:
        return Step(_T.ACCEPTED, None, outcome.gateway_id)
    if outcome.kind is OutcomeKind.REJECTED:
        return Step(_T.FAILED, outcome.reason or "rejected")
    if outcome.kind is OutcomeKind.UNCERTAIN:
        return Step(_T.UNKNOWN, outcome.reason)
    # Nobody may be there to act on a halt (credit, a closed line): the text waits for it as long as it is worth anything.
    return Step(_T.PENDING, outcome.reason)


def settle_found(gateway_id: int, status: int) -> Step:
    """An unknown text the gateway has, under this status of its own."""
    if status == statuses.FAILED:
        return Step(_T.FAILED, "gateway_failed", gateway_id)
    return Step(_T.ACCEPTED, None, gateway_id)


def settle_absent(absent_count: int, *, is_expired: bool) -> Step:
    """An unknown text the gateway didn't know at `absent_count` look-ups in a row, this one included."""
    if absent_count < ABSENCES_NEEDED:
        return Step(_T.UNKNOWN)
    return Step(_T.EXPIRED) if is_expired else Step(_T.PENDING)


def retry_after(attempt_count: int, first: float, longest: float) -> timedelta:
    """How long to wait after the `attempt_count`-th certain refusal: `first` seconds, doubling up to `longest`."""
    return timedelta(seconds=min(longest, first * 2 ** min(max(attempt_count - 1, 0), 20)))


def next_daytime(at: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on when a text nobody waits for may arrive."""
    local = at.astimezone(zone)
    if local.time() < DAY_BEGINS:
        return datetime.combine(local.date(), DAY_BEGINS, zone)
    if local.time() >= DAY_ENDS:
        return datetime.combine(local.date() + timedelta(days=1), DAY_BEGINS, zone)
    return at
