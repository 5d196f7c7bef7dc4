"""When a unit's inbox is answered, by when, and what is said meanwhile."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from campaigns.inbox.rules import EMERGENCY_NUMBERS, OFF_HOURS_TEXT, check_reply
from campaigns.models import InboxSetting
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit
from engage.persian import to_latin_digits
from engage.refusal import Refused


def save_inbox_setting(
    unit_id: int,
    *,
    due_days: int,
    opens: int,
    closes: int,
    work_days: int,
    answers_off_hours: bool,
    off_hours_text: str,
    actor_id: int | None,
) -> None:
    """These hold from now on for the unit and those below it that have none of their own.

    Refused: "unit_missing", "due_days_invalid", "office_hours_invalid", "work_days_missing", "reply_long",
    "emergency_numbers_missing" for an off-hours text that doesn't name all three.
    """
    if not 1 <= due_days <= 30:
        raise Refused("due_days_invalid")
    if not 0 <= opens < closes <= 1440:
        raise Refused("office_hours_invalid")
    if not 1 <= work_days <= 127:
        raise Refused("work_days_missing")
    words = check_reply(off_hours_text) if off_hours_text.strip() else ""
    if words and any(number not in to_latin_digits(words) for number in EMERGENCY_NUMBERS):
        raise Refused("emergency_numbers_missing")
    values = {
        "due_days": due_days,
        "opens": opens,
        "closes": closes,
        "work_days": work_days,
        "answers_off_hours": answers_off_hours,
        "off_hours_text": "" if words == OFF_HOURS_TEXT else words,
    }
    with transaction() as session:
        unit = require_unit(unit_id)
        session.execute(
            insert(InboxSetting).values(unit_id=unit_id, **values).on_conflict_do_update(index_elements=["unit_id"], set_=values)
        )
        session.expire_all()
        record_audit(
            "inbox.setting_changed", unit_id=unit_id, object_type="unit", object_id=unit_id, actor_id=actor_id, detail={"unit": unit.name}
        )
