"""Imported lists, from upload to summary."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contacts.models import ContactImport
from contacts.rules.rows import COUNTS
from contacts.rules.states import WAITING, ImportState
from engage.db import db


@dataclass(frozen=True)
class ImportRecord:
    id: int
    slug: str
    unit_id: int
    user_id: int | None
    file_name: str
    stored_name: str
    state: ImportState
    columns: tuple[dict[str, Any], ...]
    mapping: dict[int, str]
    purpose: str | None
    basis: str | None
    evidence: str
    row_count: int
    done_count: int
    counts: dict[str, int]
    """The six, or {} before they are known"""
    reasons: dict[str, int]
    warnings: dict[str, int]
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    has_files: bool

    @property
    def is_waiting(self) -> bool:
        """A worker is at it, or will be."""
        return self.state in WAITING

    @property
    def accepted(self) -> int:
        """Contacts the unit has, or will have, from this list."""
        return sum(self.counts.get(name, 0) for name in ("created", "updated", "unchanged"))


def get_import(slug: str) -> ImportRecord | None:
    """The import with this public id."""
    row = db.session.scalar(select(ContactImport).where(ContactImport.slug == slug).execution_options(populate_existing=True))
    return _record(row) if row else None


def list_imports(unit_ids: Collection[int], *, limit: int = 100) -> list[ImportRecord]:
    """The units' imports, newest first; those given up are left out."""
    rows = db.session.scalars(
        select(ContactImport)
        .where(ContactImport.unit_id.in_(unit_ids), ContactImport.state != ImportState.DISCARDED)
        .order_by(ContactImport.id.desc())
        .limit(limit)
    )
    return [_record(row) for row in rows]


def waiting_imports(unit_ids: Collection[int]) -> list[ImportRecord]:
    """The units' imports that a worker is at, or will be."""
    rows = db.session.scalars(
        select(ContactImport).where(ContactImport.unit_id.in_(unit_ids), ContactImport.state.in_(WAITING)).order_by(ContactImport.id)
    )
    return [_record(row) for row in rows]


def _record(row: ContactImport) -> ImportRecord:
    counts = row.counts or {}
    return ImportRecord(
        id=row.id,
        slug=row.slug,
        unit_id=row.unit_id,
        user_id=row.user_id,
        file_name=row.file_name,
        stored_name=row.stored_name,
        state=ImportState(row.state),
        columns=tuple(row.columns or ()),
        mapping={int(position): field for position, field in (row.mapping or {}).items()},
        purpose=row.purpose,
        basis=row.basis,
        evidence=row.evidence,
        row_count=row.row_count,
        done_count=row.done_count,
        counts={name: int(counts[name]) for name in COUNTS if name in counts},
        reasons=dict(counts.get("reasons", {})),
        warnings=dict(counts.get("warnings", {})),
        failure=row.failure,
        created_at=row.created_at,
        finished_at=row.finished_at,
        has_files=row.file_deleted_at is None and bool(row.stored_name),
    )
