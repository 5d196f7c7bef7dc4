"""What holds for a unit's inbox: its own settings, or those of the nearest unit above it that has some."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from campaigns.inbox.rules import OFF_HOURS_TEXT, OfficeHours
from campaigns.models import CalendarDay, InboxSetting
from engage.clock import TEHRAN
from engage.db import db
from engage.identity.queries import get_unit

LOOK_AHEAD = timedelta(days=120)


@dataclass(frozen=True)
class InboxRules:
    due_days: int
    hours: OfficeHours
    answers_off_hours: bool
    off_hours_text: str
    from_unit_id: int | None
    """Whose settings these are; None: nobody has decided yet."""


def setting_of(unit_id: int) -> InboxSetting | None:
    """The row that holds for the unit."""
    unit = get_unit(unit_id)
    upwards = [] if unit is None else [int(part) for part in unit.path.strip("/").split("/")]
    rows = {row.unit_id: row for row in db.session.scalars(select(InboxSetting).where(InboxSetting.unit_id.in_(upwards)))}
    return next((rows[each] for each in reversed(upwards) if each in rows), None)


def inbox_rules(unit_id: int, at: datetime) -> InboxRules:
    """Hours, due days and words of the unit's inbox, with the holidays from `at` on."""
    row = setting_of(unit_id)
    today = at.astimezone(TEHRAN).date()
    closed = frozenset(db.session.scalars(select(CalendarDay.day).where(CalendarDay.day.between(today, today + LOOK_AHEAD))))
    if row is None:
        return InboxRules(2, OfficeHours(closed_days=closed), True, OFF_HOURS_TEXT, None)
    hours = OfficeHours(row.opens, row.closes, row.work_days, closed)
    return InboxRules(row.due_days, hours, row.answers_off_hours, row.off_hours_text or OFF_HOURS_TEXT, row.unit_id)
