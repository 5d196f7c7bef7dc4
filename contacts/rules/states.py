"""The life of an imported list, from upload to summary."""

from __future__ import annotations

from enum import StrEnum

from engage.refusal import Refused


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    DISCARDED = "discarded"


TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.UPLOADED: frozenset({ImportState.CHECKING, ImportState.DISCARDED, ImportState.FAILED}),
    # Another mapping starts the check again; a check whose worker died is started again, too.
    ImportState.CHECKING: frozenset({ImportState.CHECKING, ImportState.CHECKED, ImportState.UPLOADED, ImportState.DISCARDED, ImportState.FAILED}),
    ImportState.CHECKED: frozenset({ImportState.CHECKING, ImportState.QUEUED, ImportState.DISCARDED}),
    ImportState.QUEUED: frozenset({ImportState.RUNNING, ImportState.FAILED}),
    # A killed run left nothing behind, so it may simply run again.
    ImportState.RUNNING: frozenset({ImportState.RUNNING, ImportState.FINISHED, ImportState.FAILED}),
    ImportState.FINISHED: frozenset(),
    ImportState.FAILED: frozenset(),
    ImportState.DISCARDED: frozenset(),
}

WAITING = (ImportState.CHECKING, ImportState.QUEUED, ImportState.RUNNING)
"""A worker owes these a result: the sweeper rings for them."""

EDITABLE = (ImportState.UPLOADED, ImportState.CHECKED)
"""The officer is still deciding."""


def advance(state: ImportState, to: ImportState) -> ImportState:
    """`to`, if that may follow; else Refused("import_state")."""
    if to not in TRANSITIONS[state]:
        raise Refused("import_state", state=state.value)
    return to
