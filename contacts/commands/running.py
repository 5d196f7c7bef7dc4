"""Running an import: once in effect, however often it is started or killed."""

from __future__ import annotations

import gc
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from contacts.commands.checking import custom_readers
from contacts.commands.lists import clean_file_name
from contacts.commands.progress import Progress
from contacts.commands.texts import current_text
from contacts.commands.turns import await_turn, take_turn
from contacts.events import ContactsImported
from contacts.importing import ImportOrder, ImportResult, Watcher, files, import_table
from contacts.models import ContactImport
from contacts.reading.child import open_apart
from contacts.rules.columns import Cell, apply_overrides, check_mapping, guess_fields
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.rows import CleanRow, Problem
from contacts.rules.states import WAITING, ImportState, advance
from contacts.rules.values import shielded
from engage.clock import now, today_in_tehran
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.identity.commands.audit import record_audit
from engage.jobs import enqueue_after_commit, ring
from engage.refusal import Refused
from engage.tables.apart import NICENESS

log = structlog.get_logger(__name__)

MAX_FILE_BYTES = 1 << 30
"""Of a list the command line reads where it lies; an upload was measured when it came."""


def run_import(import_id: int, *, has_own_process: bool = False) -> None:
    """The queued import is done, or another process is doing it, or it waits for the unit's import before it.

    All rows are written in one transaction, so a killed run leaves nothing behind and simply runs again; so does one whose database
    went away. `has_own_process`: nothing else runs in this one, so it may step back behind those who answer citizens.
    """
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None or row.state not in (ImportState.QUEUED, ImportState.RUNNING) or not take_turn(session, row.unit_id):
            return
        row.state = advance(ImportState(row.state), ImportState.RUNNING)
        row.done_count = 0
    try:
        _run(import_id, has_own_process)
    except Refused as refused:
        _fail(import_id, refused.code)
    except Exception as error:
        if _is_passing(error):
            log.warning("import_interrupted", import_id=import_id, error=type(error).__name__)
            return  # still running by its state: the sweeper rings again
        _fail(import_id, "our_fault")
        raise


def _is_passing(error: Exception) -> bool:
    """Whether the database went away, or chose this transaction to end a circle of waiting ones."""
    found = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(found, psycopg.errors.DeadlockDetected | psycopg.errors.OperatorIntervention):
        return True
    return isinstance(found, psycopg.OperationalError) and found.sqlstate is None


def _run(import_id: int, has_own_process: bool) -> None:
    with Progress(import_id) as progress, transaction() as session:
        row = session.get(ContactImport, import_id, populate_existing=True)
        if row is None or not take_turn(session, row.unit_id):
            return
        session.refresh(row)
        if row.state != ImportState.RUNNING or row.purpose is None or row.basis is None:
            return
        if has_own_process:
            _step_back(driver_connection(session))
        fields = {int(position): name for position, name in row.mapping.items()}
        basis = Basis(row.basis)
        with open_apart(files.upload_path(row.stored_name), sheet=row.sheet, header_row=row.header_row, max_bytes=MAX_FILE_BYTES) as table:
            order = ImportOrder(
                unit_id=row.unit_id,
                mapping=check_mapping(fields, table.width),
                now=now(),
                today=today_in_tehran().date(),
                purpose=row.purpose,
                basis=basis,
                text_sha256=current_text(row.purpose, basis),
                import_id=row.id,
                actor_id=row.user_id,
                file_sha256=row.file_sha256,
                kinds=custom_readers(row.unit_id),
                values=row.values,
            )
            result = import_table(session, table, order, _Reporting(progress), total=row.row_count)
        _finish(session, row, result)


def _step_back(connection: psycopg.Connection[Any]) -> None:
    """This process, and its server process where that runs on this machine under our eyes, yield to whoever answers citizens."""
    os.nice(NICENESS)
    # What the application made lives on, and rows make no cycles: looking for garbage 700 rows apart costs a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    pid = connection.info.backend_pid
    try:
        is_ours = connection.info.host.startswith("/") and Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres")
        if is_ours:
            os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    except OSError:
        pass  # another user's server: it keeps its own order


class _Reporting(Watcher):
    """Moves the bar, which counts rows."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def progress(self, done: int, total: int) -> None:
        self._progress.report(done)


def _finish(session: Session, row: ContactImport, result: ImportResult) -> None:
    row.state = advance(ImportState(row.state), ImportState.FINISHED)
    hidden = min(int((row.counts or {}).get("hidden", result.suppressed)), result.suppressed)
    row.counts = {**result.six(), "hidden": hidden, "reasons": result.reasons, "warnings": result.warnings}
    row.done_count = row.row_count = result.rows
    row.finished_at = now()
    publish(ContactsImported(row.id, row.unit_id))
    record_audit(
        "list_imported",
        unit_id=row.unit_id,
        object_type="contact_import",
        object_id=row.id,
        detail={"file": row.file_name, **shielded(result.six(), hidden)},
        actor_id=row.user_id,
    )
    following = session.scalar(
        select(ContactImport.id)
        .where(ContactImport.unit_id == row.unit_id, ContactImport.state == ImportState.QUEUED, ContactImport.id != row.id)
        .order_by(ContactImport.id)
        .limit(1)
    )
    if following is not None:
        enqueue_after_commit("bulk", _job("run_import"), following)


def _fail(import_id: int, code: str) -> None:
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is not None and row.state == ImportState.RUNNING:
            row.state, row.failure, row.finished_at = ImportState.FAILED, code, now()


def ring_waiting_imports() -> None:
    """The sweeper's round: an import that a worker owes a result, while no worker is at it, gets its doorbell rung again."""
    with transaction() as session:
        waiting = session.execute(
            select(ContactImport.id, ContactImport.unit_id, ContactImport.state).where(ContactImport.state.in_(WAITING)).order_by(ContactImport.id)
        ).all()
        due = [(row.id, row.state) for row in waiting if row.state == ImportState.CHECKING or take_turn(session, row.unit_id)]
    for import_id, state in due[:20]:
        job = {ImportState.CHECKING: "check_import", ImportState.UNDOING: "undo_import"}.get(ImportState(state), "run_import")
        ring("bulk", _job(job), import_id)


# -- from the command line -----------------------------------------------------------------------------------------------


@dataclass
class FileReport(Watcher):
    """What `import_file` tells about single rows: (row, column, code, value) each."""

    headers: tuple[str, ...] = ()
    phone_column: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def row(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        for problem in row.errors:
            self.errors.append(self._told(row.number, problem))
        for problem in row.warnings:
            self.warnings.append(self._told(row.number, problem))

    def shared(self, shared: Any) -> None:
        self.warnings.append(self._told(shared.row_number, Problem(self.phone_column, "shared_number", str(shared.first_row))))

    def _told(self, number: int, problem: Problem) -> dict[str, Any]:
        column = self.headers[problem.column] if problem.column < len(self.headers) else str(problem.column + 1)
        return {"row": number, "column": column, "code": problem.code, "value": problem.value}


def import_file(
    path: Path,
    unit_id: int,
    *,
    overrides: Sequence[tuple[str, str]] = (),
    purpose: str = DEFAULT_PURPOSE,
    basis: Basis | None,
    evidence: str = "",
    dry_run: bool = False,
    actor_id: int | None = None,
    has_own_process: bool = False,
) -> tuple[ImportResult, FileReport]:
    """A list where it lies, read and imported in one go; a dry run writes nothing. `has_own_process` as for `run_import`.

    Refused: basis_missing, purpose_unknown, and the codes of reading, mapping and columns.
    """
    if basis is None and not dry_run:
        raise Refused("basis_missing")
    at, today = now(), today_in_tehran().date()
    with open_apart(path, max_bytes=MAX_FILE_BYTES) as table:
        mapping = check_mapping(apply_overrides(guess_fields(table.headers, table.samples), table.headers, overrides), table.width)
        report = FileReport(headers=table.headers, phone_column=mapping.phone)
        order = ImportOrder(unit_id=unit_id, mapping=mapping, now=at, today=today, kinds=custom_readers(unit_id))
        if dry_run or basis is None:
            with transaction() as session:
                return import_table(session, table, order, report), report
        # Its own transaction: whoever writes words holds up the ledger's sealer.
        with transaction():
            text_sha256 = current_text(purpose, basis)
        with transaction() as session:
            if has_own_process:
                _step_back(driver_connection(session))
            await_turn(session, unit_id)
            row = ContactImport(
                slug=secrets.token_urlsafe(9),
                unit_id=unit_id,
                user_id=actor_id,
                file_name=clean_file_name(path.name),
                file_sha256=_sha256_of(path),
                stored_name="",
                state=ImportState.RUNNING,
                columns=[],
                mapping={str(position): str(name) for position, name in mapping.fields.items()},
                purpose=purpose,
                basis=str(basis),
                evidence=evidence.strip(),
                counts={},
                created_at=at,
                file_deleted_at=at,
            )
            session.add(row)
            session.flush()
            order = replace(
                order,
                purpose=purpose,
                basis=basis,
                text_sha256=text_sha256,
                import_id=row.id,
                actor_id=actor_id,
                file_sha256=row.file_sha256,
            )
            result = import_table(session, table, order, report)
            _finish(session, row, result)
            return result, report


def _sha256_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _job(name: str) -> Any:
    # The job module imports this package: it is looked up when it is needed.
    from contacts import jobs

    return getattr(jobs, name)
