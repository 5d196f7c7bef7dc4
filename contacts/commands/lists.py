"""A list on its way in: upload, mapping, check, decision, run."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from contacts.commands.checking import check_import
from contacts.commands.texts import current_text
from contacts.importing import files
from contacts.models import ContactImport
from contacts.reading import Table, open_table
from contacts.rules.columns import check_mapping, guess_fields
from contacts.rules.consent import Basis
from contacts.rules.rows import text_of
from contacts.rules.showing import mask_digits
from contacts.rules.states import EDITABLE, ImportState, advance
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
CHECKED_AT_ONCE = 20_000
"""Lists up to so many rows are checked while the officer waits, about two seconds; longer ones in a job."""
_SHOWN_SAMPLES = 3


def upload_list(unit_id: int, file_name: str, stream: BinaryIO, *, actor_id: Actor = CURRENT) -> str:
    """The file is stored, read and its columns are guessed; nothing of it is in the contact base. Returns the import's public id.

    Refused with the codes of `contacts.reading.open_table`; then no file remains.
    """
    kind = "xlsx" if file_name.lower().endswith(".xlsx") else "csv"
    stored_name = files.new_name(kind)
    path = files.upload_path(stored_name)
    try:
        digest = _store(stream, path)
        table = open_table(path, max_bytes=MAX_UPLOAD_BYTES)
        if table.kind != kind:
            # What it is decides, not what it is called: rejected rows come back in the family it really has.
            stored_name = files.new_name(table.kind)
            path = path.rename(files.upload_path(stored_name))
            table = open_table(path, max_bytes=MAX_UPLOAD_BYTES)
        slug = secrets.token_urlsafe(9)
        guessed = guess_fields(table.headers, table.samples)
        with transaction() as session:
            row = ContactImport(
                slug=slug,
                unit_id=unit_id,
                user_id=who(actor_id),
                file_name=clean_file_name(file_name),
                file_sha256=digest,
                stored_name=stored_name,
                state=ImportState.UPLOADED,
                columns=_columns(table, guessed),
                mapping={str(position): str(field) for position, field in guessed.items()},
                row_count=table.count(),
                counts={},
                created_at=now(),
            )
            session.add(row)
            session.flush()
            record_audit(
                "list_uploaded",
                unit_id=unit_id,
                object_type="contact_import",
                object_id=row.id,
                detail={"file": row.file_name, "rows": row.row_count},
                actor_id=actor_id,
            )
        return slug
    except BaseException:
        files.delete_files(stored_name)
        raise


def map_columns(slug: str, fields: Mapping[int, str]) -> bool:
    """The officer's mapping is taken and the whole list is checked by it: at once when it is short (True), else in a job.

    Refused: import_missing, import_state, and the codes of `check_mapping`.
    """
    with transaction() as session:
        row = _locked(session, slug)
        if row.state not in {*EDITABLE, ImportState.CHECKING}:
            raise Refused("import_state", state=row.state)
        mapping = check_mapping(fields, len(row.columns))
        row.mapping = {str(position): str(field) for position, field in mapping.fields.items()}
        row.state = advance(ImportState(row.state), ImportState.CHECKING)
        row.counts, row.done_count = {}, 0
        import_id, is_short = row.id, row.row_count <= CHECKED_AT_ONCE
        if not is_short:
            from_job = _check_job()
            enqueue_after_commit("bulk", from_job, import_id)
    if is_short:
        check_import(import_id)
    return is_short


def start_import(slug: str, *, purpose: str, basis: Basis, evidence: str, actor_id: Actor = CURRENT) -> None:
    """The list is queued for a worker, with the basis the officer answers for.

    Refused: import_missing, import_state, import_empty (nobody would be kept), evidence_missing, purpose_unknown.
    """
    if not evidence.strip():
        raise Refused("evidence_missing")
    with transaction() as session:
        row = _locked(session, slug)
        state = advance(ImportState(row.state), ImportState.QUEUED)
        if not any(row.counts.get(name) for name in ("created", "updated", "unchanged")):
            raise Refused("import_empty")
        current_text(purpose, basis)
        row.state, row.purpose, row.basis, row.evidence, row.done_count = state, purpose, str(basis), evidence.strip(), 0
        record_audit(
            "import_started",
            unit_id=row.unit_id,
            object_type="contact_import",
            object_id=row.id,
            detail={"file": row.file_name, "rows": row.row_count, "basis": str(basis), "purpose": purpose},
            actor_id=actor_id,
        )
        enqueue_after_commit("bulk", _run_job(), row.id)


def discard_import(slug: str, *, actor_id: Actor = CURRENT) -> None:
    """A list nobody wants to import after all: its files are gone. Refused: import_missing, import_state."""
    with transaction() as session:
        row = _locked(session, slug)
        row.state = advance(ImportState(row.state), ImportState.DISCARDED)
        row.file_deleted_at = row.finished_at = now()
        record_audit(
            "import_discarded", unit_id=row.unit_id, object_type="contact_import", object_id=row.id, detail={"file": row.file_name}, actor_id=actor_id
        )
        stored_name = row.stored_name
    files.delete_files(stored_name)


def clean_file_name(name: str) -> str:
    """What the file was called, fit to be shown: no path, no control characters, at most 120 characters."""
    return text_of(name.replace("\\", "/").rpartition("/")[2])[:120] or "—"


def _store(stream: BinaryIO, path: Path) -> bytes:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        path.chmod(0o600)
        while piece := stream.read(1 << 20):
            size += len(piece)
            if size > MAX_UPLOAD_BYTES:
                raise Refused("file_too_large", limit=MAX_UPLOAD_BYTES // 1024 // 1024)
            digest.update(piece)
            file.write(piece)
    return digest.digest()


def _columns(table: Table, guessed: Mapping[int, str]) -> list[dict[str, Any]]:
    columns = []
    for position, header in enumerate(table.headers):
        values = (text_of(row[position]) for row in table.samples if position < len(row))
        shown = [mask_digits(value)[:60] for value in values if value][:_SHOWN_SAMPLES]
        columns.append({"header": header, "samples": shown, "guess": guessed.get(position, "")})
    return columns


def _locked(session: Session, slug: str) -> ContactImport:
    row = session.scalar(
        select(ContactImport).where(ContactImport.slug == slug).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise Refused("import_missing")
    return row


def _check_job() -> Any:
    # The job module imports this package: it is looked up when it is needed.
    from contacts import jobs

    return jobs.check_import


def _run_job() -> Any:
    from contacts import jobs

    return jobs.run_import
