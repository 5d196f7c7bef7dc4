"""Days of rest: for all units, holding from the next claim on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from campaigns.holidays import MAX_DAYS, MAX_TITLE, NamedDay
from campaigns.models import CalendarDay
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused

KINDS = ("holiday", "mourning")


def save_day(day: date, kind: str, title: str, *, actor_id: int | None) -> None:
    """The day is a holiday or one of mourning, for all units; a day that was entered before becomes what is said now.
    Refused("day_kind_unknown")."""
    _check_kind(kind)
    with transaction() as session:
        values: dict[str, Any] = {"kind": kind, "title": title.strip()[:MAX_TITLE]}
        session.execute(insert(CalendarDay).values(day=day, **values).on_conflict_do_update(index_elements=["day"], set_=values))
        record_audit("day.saved", unit_id=None, object_type="calendar_day", object_id=day.isoformat(), actor_id=actor_id, detail=values)


def save_days(days: Sequence[NamedDay], kind: str, *, overwrite: bool = True, actor_id: int | None) -> int:
    """All of them or none; without `overwrite` days that were entered before stay as they are. Returns how many were written.

    Refused: "day_kind_unknown", "days_missing", "days_too_many".
    """
    _check_kind(kind)
    if not days:
        raise Refused("days_missing")
    if len(days) > MAX_DAYS:
        raise Refused("days_too_many", most=MAX_DAYS)
    with transaction() as session:
        rows: list[dict[str, Any]] = [{"day": each.day, "kind": kind, "title": each.title.strip()[:MAX_TITLE]} for each in days]
        statement = insert(CalendarDay).values(rows)
        kept = {name: statement.excluded[name] for name in ("kind", "title")}
        statement = (
            statement.on_conflict_do_update(index_elements=["day"], set_=kept)
            if overwrite
            else statement.on_conflict_do_nothing(index_elements=["day"])
        )
        count = len(session.execute(statement.returning(CalendarDay.day)).all())
        if count:
            detail = {"count": count, "first": rows[0]["day"].isoformat(), "kind": kind}
            record_audit("days.saved", unit_id=None, object_type="calendar_day", object_id="", actor_id=actor_id, detail=detail)
        return count


def delete_day(day: date, *, actor_id: int | None) -> bool:
    """The day is like any other again; False when it was already."""
    with transaction() as session:
        title = session.scalar(delete(CalendarDay).where(CalendarDay.day == day).returning(CalendarDay.title))
        if title is None:
            return False
        detail = {"title": title}
        record_audit("day.deleted", unit_id=None, object_type="calendar_day", object_id=day.isoformat(), actor_id=actor_id, detail=detail)
        return True


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise Refused("day_kind_unknown")
