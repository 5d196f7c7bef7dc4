"""A list on its way in: upload, decision, release, or giving it up."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from contacts.commands.mapping import describe_columns, locked_import
from contacts.commands.texts import current_text
from contacts.importing import files
from contacts.models import ContactImport
from contacts.queries.policy import policy_of
from contacts.reading import list_sheets
from contacts.reading.child import open_apart
from contacts.rules.consent import Basis
from contacts.rules.rows import text_of
from contacts.rules.states import EDITABLE, WAITING, ImportState, advance
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.queries import may_user
from engage.identity.rules import Permission
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused

MAX_UPLOAD_BYTES = 50 * 1024 * 1024


def upload_list(unit_id: int, file_name: str, stream: BinaryIO, *, actor_id: Actor = CURRENT) -> str:
    """The file is stored, read and its columns are guessed; nothing of it is in the contact base. Returns the import's public id.

    Refused with the codes of `contacts.reading.open_table`; then no file remains.
    """
    kind = file_name.lower().rpartition(".")[2]
    kind = kind if kind in ("xlsx", "xls", "ods") else "csv"
    stored_name = files.new_name(kind)
    path = files.upload_path(stored_name)
    try:
        digest = _store(stream, path)
        with open_apart(path, max_bytes=MAX_UPLOAD_BYTES) as table:
            if table.kind != kind:
                # What it is decides, not what it is called: rejected rows come back in the family it really has.
                earlier, stored_name = path, files.new_name(table.kind)
                path = earlier.rename(files.upload_path(stored_name))
            several = table.kind != "csv" and len(list_sheets(path, max_bytes=MAX_UPLOAD_BYTES)) > 1
            sheet, header_row = table.sheet, table.header_row
            columns, mapping = describe_columns(unit_id, table, several_sheets=several)
        with open_apart(path, sheet=sheet, header_row=header_row, max_bytes=MAX_UPLOAD_BYTES) as table:
            row_count = table.count()
        slug = secrets.token_urlsafe(9)
        with transaction() as session:
            row = ContactImport(
                slug=slug,
                unit_id=unit_id,
                user_id=who(actor_id),
                file_name=clean_file_name(file_name),
                file_sha256=digest,
                stored_name=stored_name,
                state=ImportState.UPLOADED,
                columns=columns,
                mapping=mapping,
                sheet=sheet,
                header_row=header_row,
                row_count=row_count,
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


def start_import(slug: str, *, purpose: str, basis: Basis, evidence: str, actor_id: Actor = CURRENT) -> ImportState:
    """The list is complete, with the basis the officer answers for: queued for a worker, or, where the unit wants that and the officer
    may not decide it themselves, held until an admin lets it in. Returns the state.

    Refused: import_missing, import_state, import_empty (nobody would be kept), evidence_missing, purpose_unknown.
    """
    if not evidence.strip():
        raise Refused("evidence_missing")
    with transaction() as session:
        row = locked_import(session, slug)
        person = who(actor_id)
        waits = person is not None and policy_of(row.unit_id).imports_need_release and not may_release(person, row.unit_id)
        state = advance(ImportState(row.state), ImportState.QUARANTINED if waits else ImportState.QUEUED)
        # A number its holder stopped is told apart from others only by its silence: a list of such numbers is started like any other.
        if not any(row.counts.get(name) for name in ("created", "updated", "unchanged", "suppressed")):
            raise Refused("import_empty")
        current_text(purpose, basis)
        row.state, row.purpose, row.basis, row.evidence, row.done_count = state, purpose, str(basis), evidence.strip(), 0
        _audit("import_quarantined" if waits else "import_started", row, actor_id, basis=str(basis), purpose=purpose)
        if not waits:
            enqueue_after_commit("bulk", _run_job(), row.id)
        return state


def release_import(slug: str, *, actor_id: Actor = CURRENT) -> None:
    """A list that waited for it is let in. Refused: import_missing, import_state, release_not_allowed (only whoever decides on lists in
    the unit may; the list's own author only as such)."""
    with transaction() as session:
        row = locked_import(session, slug)
        if ImportState(row.state) is not ImportState.QUARANTINED:
            raise Refused("import_state", state=row.state)
        person = who(actor_id)
        if person is not None and not may_release(person, row.unit_id):
            raise Refused("release_not_allowed")
        row.state = advance(ImportState(row.state), ImportState.QUEUED)
        row.released_by_id = person
        _audit("import_released", row, actor_id, author=row.user_id)
        enqueue_after_commit("bulk", _run_job(), row.id)


def may_release(user_id: int, unit_id: int) -> bool:
    """Whether this person decides which lists come into the unit."""
    return may_user(user_id, Permission.CONTACTS_RELEASE, unit_id)


def discard_import(slug: str, *, actor_id: Actor = CURRENT) -> None:
    """A list nobody wants to import after all: its files are gone. Refused: import_missing, import_state."""
    with transaction() as session:
        row = locked_import(session, slug)
        was_waiting = ImportState(row.state) is ImportState.QUARANTINED
        row.state = advance(ImportState(row.state), ImportState.DISCARDED)
        row.file_deleted_at = row.finished_at = now()
        _audit("import_not_released" if was_waiting and who(actor_id) != row.user_id else "import_discarded", row, actor_id)
        stored_name = row.stored_name
    files.delete_files(stored_name)


def delete_old_files() -> int:
    """Uploads older than their unit allows are gone with everything made from them, and lists nobody decided about are given up."""
    with transaction() as session:
        undeleted = ContactImport.file_deleted_at.is_(None)
        deleted = 0
        for unit_id in session.scalars(select(ContactImport.unit_id).where(undeleted).distinct()).all():
            before = now() - timedelta(days=policy_of(unit_id).upload_days)
            rows = session.scalars(
                select(ContactImport)
                .where(undeleted, ContactImport.unit_id == unit_id, ContactImport.created_at < before, ContactImport.state.not_in(WAITING))
                .limit(200)
                .with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                files.delete_files(row.stored_name)
                row.file_deleted_at = now()
                if row.state in (*EDITABLE, ImportState.QUARANTINED):
                    row.state = ImportState.DISCARDED
            deleted += len(rows)
    return deleted


def _audit(action: str, row: ContactImport, actor_id: Actor, **more: Any) -> None:
    record_audit(
        action,
        unit_id=row.unit_id,
        object_type="contact_import",
        object_id=row.id,
        detail={"file": row.file_name, "rows": row.row_count, **more},
        actor_id=actor_id,
    )


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


def _run_job() -> Any:
    from contacts import jobs

    return jobs.run_import
