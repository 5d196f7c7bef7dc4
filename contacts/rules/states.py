"""The life of an imported list, from upload to summary."""

from __future__ import annotations

from enum import StrEnum

from engage.refusal import Refused


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    MAPPED = "mapped"
    """The list holds values nobody decided about yet."""
    CHECKED = "checked"
    QUARANTINED = "quarantined"
    """Complete, and waits for an admin to let it in."""
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    DISCARDED = "discarded"


TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.UPLOADED: frozenset({ImportState.UPLOADED, ImportState.CHECKING, ImportState.DISCARDED, ImportState.FAILED}),
    # Another mapping starts the check again; a check whose worker died is started again, too.
    ImportState.CHECKING: frozenset(
        {ImportState.CHECKING, ImportState.MAPPED, ImportState.CHECKED, ImportState.UPLOADED, ImportState.DISCARDED, ImportState.FAILED}
    ),
    ImportState.MAPPED: frozenset({ImportState.UPLOADED, ImportState.CHECKING, ImportState.DISCARDED, ImportState.FAILED}),
    ImportState.CHECKED: frozenset(
        {ImportState.UPLOADED, ImportState.CHECKING, ImportState.QUARANTINED, ImportState.QUEUED, ImportState.DISCARDED}
    ),
    ImportState.QUARANTINED: frozenset({ImportState.QUEUED, ImportState.DISCARDED}),
    ImportState.QUEUED: frozenset({ImportState.RUNNING, ImportState.FAILED}),
    # A killed run left nothing behind, so it may simply run again.
    ImportState.RUNNING: frozenset({ImportState.RUNNING, ImportState.FINISHED, ImportState.FAILED}),
    ImportState.FINISHED: frozenset({ImportState.UNDOING}),
    # So does a killed undoing; one that a campaign forestalled leaves the list as it was.
    ImportState.UNDOING: frozenset({ImportState.UNDOING, ImportState.UNDONE, ImportState.FINISHED}),
    ImportState.UNDONE: frozenset(),
    ImportState.FAILED: frozenset(),
    ImportState.DISCARDED: frozenset(),
}

WAITING = (ImportState.CHECKING, ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)
"""A worker owes these a result: the sweeper rings for them."""

EDITABLE = (ImportState.UPLOADED, ImportState.MAPPED, ImportState.CHECKED)
"""The officer is still deciding."""


def advance(state: ImportState, to: ImportState) -> ImportState:
    """`to`, if that may follow; else Refused("import_state")."""
    if to not in TRANSITIONS[state]:
        raise Refused("import_state", state=state.value)
    return to
