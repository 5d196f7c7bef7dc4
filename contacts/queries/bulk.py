"""Changes to many contacts at once, as pages show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contacts.models import BulkAction
from contacts.rules.bulk import WAITING, BulkKind, BulkState, may_undo
from engage.db import db


@dataclass(frozen=True)
class BulkRecord:
    id: int
    unit_id: int
    user_id: int | None
    kind: BulkKind
    parameters: dict[str, Any]
    state: BulkState
    selected_count: int
    changed_count: int
    undone_count: int
    failed_counts: dict[str, int]
    created_at: datetime
    done_at: datetime | None

    @property
    def may_undo(self) -> bool:
        return may_undo(self.kind, self.state) and self.changed_count > 0

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING


def get_bulk(action_id: int) -> BulkRecord | None:
    row = db.session.get(BulkAction, action_id, populate_existing=True)
    return None if row is None else _record(row)


def list_bulk(unit_ids: Collection[int], *, limit: int = 50) -> list[BulkRecord]:
    """The newest changes of these units."""
    rows = db.session.scalars(select(BulkAction).where(BulkAction.unit_id.in_(unit_ids)).order_by(BulkAction.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def _record(row: BulkAction) -> BulkRecord:
    return BulkRecord(
        row.id,
        row.unit_id,
        row.user_id,
        BulkKind(row.kind),
        row.parameters,
        BulkState(row.state),
        row.selected_count,
        row.changed_count,
        row.undone_count,
        row.failed_counts,
        row.created_at,
        row.done_at,
    )
