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
from contacts.rules.values import UnknownValue, shielded
from engage.db import db


@dataclass(frozen=True)
class AskedValues:
    """What a column holds that nobody decided about when the list was read."""

    position: int
    field: str
    header: str
    unknown: tuple[UnknownValue, ...]
    left_count: int
    """Further values, not asked about and stored as they stand"""


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
    sheet: str
    header_row: int | None
    values: dict[str, dict[str, str]]
    purpose: str | None
    basis: str | None
    evidence: str
    row_count: int
    done_count: int
    counts: dict[str, int]
    """The six, or {} before they are known. Exact: pages show `told`."""
    hidden: int
    """So many of the suppressed are nobody the unit knows"""
    reasons: dict[str, int]
    warnings: dict[str, int]
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    has_files: bool
    held_at: datetime | None
    hold_ended_at: datetime | None
    released_by_id: int | None
    undone_at: datetime | None
    undone: dict[str, Any]

    @property
    def is_waiting(self) -> bool:
        """A worker is at it, or will be."""
        return self.state in WAITING

    @property
    def is_remembered(self) -> bool:
        """Its columns were mapped as the unit mapped this shape of file before."""
        return any(column.get("remembered") for column in self.columns)

    @property
    def asked(self) -> tuple[AskedValues, ...]:
        """The columns whose values somebody had to decide about."""
        found = []
        for position, column in enumerate(self.columns):
            stored = column.get("values") or {}
            if stored.get("unknown"):
                unknown = tuple(UnknownValue(*each) for each in stored["unknown"])
                found.append(AskedValues(position, stored["field"], column["header"], unknown, stored["left"]))
        return tuple(found)

    def told(self, *, sees_everything: bool) -> dict[str, int]:
        """The six, as this viewer may know them: a number that its holder stopped, and that the unit doesn't know, counts as new."""
        return self.counts if sees_everything else shielded(self.counts, self.hidden)

    @property
    def accepted(self) -> int:
        """Contacts the unit has, or will have, from this list, as everybody may know it."""
        counts = self.told(sees_everything=False)
        return sum(counts.get(name, 0) for name in ("created", "updated", "unchanged"))


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


def imports_in(state: ImportState, unit_ids: Collection[int], *, limit: int = 50) -> list[ImportRecord]:
    """The units' imports in this state, oldest first."""
    rows = db.session.scalars(
        select(ContactImport).where(ContactImport.unit_id.in_(unit_ids), ContactImport.state == state).order_by(ContactImport.id).limit(limit)
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
        sheet=row.sheet,
        header_row=row.header_row,
        values={field: dict(known) for field, known in (row.values or {}).items()},
        purpose=row.purpose,
        basis=row.basis,
        evidence=row.evidence,
        row_count=row.row_count,
        done_count=row.done_count,
        counts={name: int(counts[name]) for name in COUNTS if name in counts},
        hidden=int(counts.get("hidden", counts.get("suppressed", 0))),
        reasons=dict(counts.get("reasons", {})),
        warnings=dict(counts.get("warnings", {})),
        failure=row.failure,
        created_at=row.created_at,
        finished_at=row.finished_at,
        has_files=row.file_deleted_at is None and bool(row.stored_name),
        held_at=row.held_at,
        hold_ended_at=row.hold_ended_at,
        released_by_id=row.released_by_id,
        undone_at=row.undone_at,
        undone=dict(counts.get("undone", {})),
    )
