"""The gateway's message statuses and the rule that receipts only ever move a message forward (pure)."""

from __future__ import annotations

from typing import Final

QUEUED: Final = 1
SCHEDULED: Final = 2
AT_OPERATOR: Final = 4
WITH_OPERATOR: Final = 5
FAILED: Final = 6
DELIVERED: Final = 10
UNDELIVERED: Final = 11
CANCELLED: Final = 13
BLOCKED: Final = 14
UNKNOWN: Final = 100

_RANKS: Final[dict[int, int]] = {
    QUEUED: 1,
    SCHEDULED: 1,
    AT_OPERATOR: 2,
    WITH_OPERATOR: 2,
    UNDELIVERED: 3,
    FAILED: 4,
    DELIVERED: 4,
    CANCELLED: 4,
    BLOCKED: 4,
}
FINAL: Final = frozenset({FAILED, DELIVERED, CANCELLED, BLOCKED})
"""Statuses nothing comes after."""
REFUNDED: Final = frozenset({CANCELLED, BLOCKED})
"""Statuses whose cost the gateway gives back."""


def status_rank(status: int | None) -> int:
    """How far along a status is: 1,2 < 4,5 < 11 < 6,10,13,14; 0 for 100, unknown numbers and None."""
    return 0 if status is None else _RANKS.get(status, 0)


def is_final(status: int | None) -> bool:
    """Whether nothing can come after this status; 11 is not final, it may still become 10."""
    return status in FINAL


def moves_forward(current: int | None, new: int) -> bool:
    """Whether a receipt saying `new` may replace `current`: strictly further along, so late, repeated and unknown ones never do."""
    return status_rank(new) > status_rank(current)


def latest(current: int | None, new: int) -> int | None:
    """The status after a receipt: `new` where it moves forward, else `current`."""
    return new if moves_forward(current, new) else current
