"""Taking an imported list back, as long as no campaign has used it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contacts.commands.turns import take_turn
from contacts.importing import undoing
from contacts.importing.undoing import UndoOrder
from contacts.index_keys import seize_index_key
from contacts.models import ContactImport
from contacts.queries.import_users import is_import_used
from contacts.rules.states import ImportState, advance
from engage.clock import now
from engage.db import driver_connection, transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from engage.vault import vault

_JOB = "contacts.jobs.undo_import"


def undo_import(import_id: int, *, actor_id: Actor = CURRENT) -> None:
    """The list is being taken back by a worker; asking again changes nothing.

    Contacts it created go, contacts it changed are as they were unless somebody changed them since, and the ledger says that its consents
    are reversed. Refused: import_missing, import_state (it never ran), import_used (a campaign acted on it).
    """
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise Refused("import_missing")
        if row.state == ImportState.UNDONE:
            return
        if row.state != ImportState.UNDOING:
            state = advance(ImportState(row.state), ImportState.UNDOING)
            if is_import_used(import_id):
                raise Refused("import_used")
            row.state, row.done_count = state, 0
            row.counts = {**row.counts, "undone": {"by": who(actor_id)}}
            record_audit(
                "import_undo_started",
                unit_id=row.unit_id,
                object_type="contact_import",
                object_id=row.id,
                detail={"file": row.file_name, "rows": row.row_count},
                actor_id=actor_id,
            )
        enqueue_after_commit("bulk", _JOB, import_id)


def run_undo(import_id: int) -> bool:
    """The list that waits to be taken back is taken back, chunk by chunk, each a transaction of its own; a killed run goes on where it
    was. False when it has to wait for a list that is being written; the sweeper rings again."""
    for step in (_reverse_consents, _restore_contacts, _drop_aliases):
        while (more := _in_chunk(import_id, step)) is not None:
            if not more:
                break
        else:
            return False
    after: list[int] = [0]
    while (more := _in_chunk(import_id, lambda session, order: _delete_created(session, order, after))) is not None:
        if not more:
            return _finish(import_id)
    return False


_Step = Callable[[Session, UndoOrder], dict[str, int] | None]


def _in_chunk(import_id: int, step: _Step) -> bool | None:
    """One step in one transaction. True when there may be more of it, False when it is done, None when it isn't our turn."""
    with transaction() as session:
        row = session.scalar(select(ContactImport).where(ContactImport.id == import_id).execution_options(populate_existing=True))
        if row is None or row.state != ImportState.UNDOING or row.finished_at is None or not take_turn(session, row.unit_id):
            return None
        session.refresh(row, with_for_update=True)
        if row.state != ImportState.UNDOING or row.finished_at is None:
            return None
        undone = dict(row.counts.get("undone", {}))
        done = step(session, UndoOrder(row.id, row.finished_at, now(), undone.get("by")))
        if done is None:
            return None
        for name, count in done.items():
            undone[name] = undone.get(name, 0) + count
        row.counts = {**row.counts, "undone": undone}
        # Two kinds of work for every row at the most: its consent, and its record.
        row.done_count = min(row.row_count, sum(undone.get(name, 0) for name in _COUNTS) // 2)
        return any(done.values())


_COUNTS = ("consents", "restored", "left", "deleted", "kept")


def _reverse_consents(session: Session, order: UndoOrder) -> dict[str, int]:
    return {"consents": undoing.reverse_consents(driver_connection(session), order, vault())}


def _restore_contacts(session: Session, order: UndoOrder) -> dict[str, int]:
    restored, left = undoing.restore_contacts(driver_connection(session), order)
    return {"restored": restored, "left": left}


def _drop_aliases(session: Session, order: UndoOrder) -> dict[str, int]:
    undoing.drop_aliases(driver_connection(session), order)
    return {}


def _delete_created(session: Session, order: UndoOrder, after: list[int]) -> dict[str, int] | None:
    # Whoever is writing numbers right now may be about to use one that would go.
    if seize_index_key(session) is None:
        return None
    removed = undoing.delete_created(driver_connection(session), order, after[0])
    after[0] = removed.last or after[0]
    return {"deleted": removed.deleted, "kept": removed.kept}


def _finish(import_id: int) -> bool:
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None or row.state != ImportState.UNDOING:
            return False
        undone: dict[str, Any] = dict(row.counts.get("undone", {}))
        row.state = advance(ImportState(row.state), ImportState.UNDONE)
        row.undone_at = now()
        row.done_count = row.row_count
        # Stopped numbers that the unit doesn't know were told as new, so they are told as deleted, too.
        told = {name: int(undone.get(name, 0)) for name in ("deleted", "restored", "kept")}
        told["deleted"] += int(row.counts.get("hidden", row.counts.get("suppressed", 0)))
        record_audit(
            "import_undone",
            unit_id=row.unit_id,
            object_type="contact_import",
            object_id=row.id,
            detail={"file": row.file_name, **told},
            actor_id=undone.get("by"),
        )
        return True
