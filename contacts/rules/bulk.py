"""Changes to many contacts at once: which there are, what each says, and which can be taken back. Pure."""

from __future__ import annotations

from enum import StrEnum

from engage.refusal import Refused


class BulkKind(StrEnum):
    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"
    NEIGHBOURHOOD = "neighbourhood"
    FIELD = "field"
    LANGUAGE = "language"
    WITHDRAW = "withdraw"
    MOVE = "move"


class BulkState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


TRANSITIONS: dict[BulkState, frozenset[BulkState]] = {
    BulkState.QUEUED: frozenset({BulkState.RUNNING}),
    BulkState.RUNNING: frozenset({BulkState.RUNNING, BulkState.DONE}),
    BulkState.DONE: frozenset({BulkState.UNDOING}),
    BulkState.UNDOING: frozenset({BulkState.UNDOING, BulkState.UNDONE}),
    BulkState.UNDONE: frozenset(),
}

WAITING = (BulkState.QUEUED, BulkState.RUNNING, BulkState.UNDOING)
"""A worker owes these a result: the sweeper rings for them."""

AT_ONCE = 500
"""Selections up to so many are changed while the officer waits; larger ones in a job."""

CHUNK = 2_000
"""So many contacts are changed in one transaction."""


def may_undo(kind: BulkKind, state: BulkState) -> bool:
    """Whether the change can be taken back. A withdrawn consent can't: nobody but the person gives it again."""
    return state is BulkState.DONE and kind is not BulkKind.WITHDRAW


def advance(state: BulkState, to: BulkState) -> BulkState:
    """`to`, if that may follow; else Refused("bulk_state")."""
    if to not in TRANSITIONS[state]:
        raise Refused("bulk_state", state=state.value)
    return to
