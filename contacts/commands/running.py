"""Running an import: once in effect, however often it is started or killed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from contacts.commands.lists import clean_file_name
from contacts.commands.progress import Progress
from contacts.commands.texts import current_text
from contacts.events import ContactsImported
from contacts.importing import ImportOrder, ImportResult, Watcher, files, import_table
from contacts.models import ContactImport
from contacts.reading import open_table
from contacts.rules.columns import Cell, apply_overrides, check_mapping, guess_fields
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.rows import CleanRow, Problem
from contacts.rules.states import WAITING, ImportState, advance
from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.events import publish
from engage.identity.commands.audit import record_audit
from engage.jobs import enqueue_after_commit, ring
from engage.refusal import Refused
from engage.vault import vault

log = structlog.get_logger(__name__)

KEEP_FILES = timedelta(days=30)
_LOCK = 0x454E4701  # with the unit's id: one import at a time per unit


def run_import(import_id: int) -> None:
    """The queued import is done, or another process is doing it, or it waits for the unit's import before it.

    All rows are written in one transaction, so a killed run leaves nothing behind and simply runs again.
    """
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None or row.state not in (ImportState.QUEUED, ImportState.RUNNING) or not _is_free(session, row.unit_id):
            return
        row.state = advance(ImportState(row.state), ImportState.RUNNING)
        row.done_count = 0
    try:
        _run(import_id)
    except Refused as refused:
        _fail(import_id, refused.code)
    except Exception:
        _fail(import_id, "our_fault")
        raise


def _is_free(session: Session, unit_id: int) -> bool:
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key, :unit)"), {"key": _LOCK, "unit": unit_id}))


def _run(import_id: int) -> None:
    with Progress(import_id) as progress, transaction() as session:
        row = session.get(ContactImport, import_id, populate_existing=True)
        if row is None or not _is_free(session, row.unit_id):
            return
        session.refresh(row)
        if row.state != ImportState.RUNNING or row.purpose is None or row.basis is None:
            return
        table = open_table(files.upload_path(row.stored_name))
        fields = {int(position): name for position, name in row.mapping.items()}
        basis = Basis(row.basis)
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
        )
        watcher = _Halving(progress)
        result = import_table(session, table, order, vault(), watcher, total=row.row_count)
        _finish(session, row, result)


class _Halving(Watcher):
    """Reading is one half of the work and writing the other; the bar counts rows."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def progress(self, done: int, total: int) -> None:
        self._progress.report(done // 2)


def _finish(session: Session, row: ContactImport, result: ImportResult) -> None:
    row.state = advance(ImportState(row.state), ImportState.FINISHED)
    row.counts = {**result.six(), "reasons": result.reasons, "warnings": result.warnings}
    row.done_count = row.row_count = result.rows
    row.finished_at = now()
    publish(ContactsImported(row.id, row.unit_id))
    record_audit(
        "list_imported",
        unit_id=row.unit_id,
        object_type="contact_import",
        object_id=row.id,
        detail={"file": row.file_name, **result.six()},
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
        due = [(row.id, row.state) for row in waiting if row.state == ImportState.CHECKING or _is_free(session, row.unit_id)]
    for import_id, state in due[:20]:
        ring("bulk", _job("check_import" if state == ImportState.CHECKING else "run_import"), import_id)


def delete_old_files() -> int:
    """Uploads older than `KEEP_FILES` are gone with everything made from them, and lists nobody decided about are given up."""
    before = now() - KEEP_FILES
    with transaction() as session:
        rows = session.scalars(
            select(ContactImport)
            .where(ContactImport.file_deleted_at.is_(None), ContactImport.created_at < before, ContactImport.state.not_in(WAITING))
            .limit(200)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            files.delete_files(row.stored_name)
            row.file_deleted_at = now()
            if row.state in (ImportState.UPLOADED, ImportState.CHECKED):
                row.state = ImportState.DISCARDED
    return len(rows)


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
) -> tuple[ImportResult, FileReport]:
    """A list where it lies, read and imported in one go; a dry run writes nothing.

    Refused: basis_missing, purpose_unknown, and the codes of reading, mapping and columns.
    """
    if basis is None and not dry_run:
        raise Refused("basis_missing")
    table = open_table(path)
    mapping = check_mapping(apply_overrides(guess_fields(table.headers, table.samples), table.headers, overrides), table.width)
    report = FileReport(headers=table.headers, phone_column=mapping.phone)
    at, today = now(), today_in_tehran().date()
    with transaction() as session:
        if dry_run or basis is None:
            order = ImportOrder(unit_id=unit_id, mapping=mapping, now=at, today=today)
            return import_table(session, table, order, vault(), report), report
        session.execute(text("SELECT pg_advisory_xact_lock(:key, :unit)"), {"key": _LOCK, "unit": unit_id})
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
            purpose=None,
            basis=str(basis),
            evidence=evidence.strip(),
            counts={},
            created_at=at,
            file_deleted_at=at,
        )
        text_sha256 = current_text(purpose, basis)
        row.purpose = purpose
        session.add(row)
        session.flush()
        order = ImportOrder(
            unit_id=unit_id,
            mapping=mapping,
            now=at,
            today=today,
            purpose=purpose,
            basis=basis,
            text_sha256=text_sha256,
            import_id=row.id,
            actor_id=actor_id,
            file_sha256=row.file_sha256,
        )
        result = import_table(session, table, order, vault(), report)
        _finish(session, row, result)
        return result, report


def _sha256_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _job(name: str) -> Any:
    # The job module imports this package: it is looked up when it is needed.
    from contacts import jobs

    return getattr(jobs, name)
