"""Reading the audit log: newest first, page by page, within the reader's units."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from engage.clock import TEHRAN
from engage.db import db
from engage.identity.models import AuditEntry, Unit, User

PAGE = 50


@dataclass(frozen=True)
class AuditFilter:
    """Which entries; days are whole days in Tehran."""

    actor_id: int | None = None
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None
    object_type: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class AuditLine:
    id: int
    at: datetime
    actor_name: str | None
    unit_name: str | None
    action: str
    object_type: str
    object_id: str
    detail: dict[str, Any]


def list_audit(
    unit_ids: Collection[int], chosen: AuditFilter, *, with_unitless: bool = False, before_id: int | None = None
) -> tuple[list[AuditLine], int | None]:
    """At most fifty entries of these units and the id the next page starts below (None: that was all).

    `with_unitless` adds entries that belong to no unit, such as guesses at addresses nobody has.
    """
    own = AuditEntry.unit_id.in_(unit_ids)
    where: list[ColumnElement[bool]] = [or_(own, AuditEntry.unit_id.is_(None)) if with_unitless else own]
    if chosen.actor_id is not None:
        where.append(AuditEntry.actor_id == chosen.actor_id)
    if chosen.action:
        where.append(AuditEntry.action == chosen.action)
    if chosen.first_day:
        where.append(AuditEntry.at >= datetime.combine(chosen.first_day, time(), TEHRAN))
    if chosen.last_day:
        where.append(AuditEntry.at < datetime.combine(chosen.last_day + timedelta(days=1), time(), TEHRAN))
    if chosen.object_type:
        where.append(AuditEntry.object_type == chosen.object_type)
    if chosen.object_id:
        where.append(AuditEntry.object_id == chosen.object_id)
    if before_id is not None:
        where.append(AuditEntry.id < before_id)
    rows = db.session.execute(
        select(
            AuditEntry.id,
            AuditEntry.at,
            User.name,
            Unit.name,
            AuditEntry.action,
            AuditEntry.object_type,
            AuditEntry.object_id,
            AuditEntry.detail,
        )
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .outerjoin(Unit, Unit.id == AuditEntry.unit_id)
        .where(*where)
        .order_by(AuditEntry.id.desc())
        .limit(PAGE + 1)
    ).all()
    lines = [AuditLine(*row) for row in rows[:PAGE]]
    return lines, lines[-1].id if len(rows) > PAGE else None
