"""Fields a unit adds: made, renamed, reordered, put away. Values are never touched: what was stored stays until retention clears it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contacts.models import CustomField
from contacts.queries.fields import fields_of, keys_near
from contacts.rules import fields as rules
from contacts.rules.custom_values import CustomKind
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.refusal import Refused


def add_field(
    unit_id: int, title: str, kind: CustomKind | str, *, options: Sequence[str] = (), key: str | None = None, actor_id: Actor = CURRENT
) -> str:
    """A new field of the unit and its subtree; returns its key, made from the title unless given.

    Refused: field_title_missing, field_title_long, field_key_wrong, field_key_taken, fields_many, and those of the options.
    """
    kind = CustomKind(kind)
    title = rules.check_title(title)
    options = rules.check_options(kind, options)
    with transaction() as session:
        _lock(session)
        taken = keys_near(unit_id)
        if key:
            key = rules.check_key(key)
            if key in taken:
                raise Refused("field_key_taken", key=key)
        else:
            key = rules.fresh_key(title, taken)
        if len(fields_of(unit_id)) >= rules.FIELDS_AT_MOST:
            raise Refused("fields_many", limit=rules.FIELDS_AT_MOST)
        last = session.scalar(select(func.max(CustomField.position)).where(CustomField.unit_id == unit_id)) or 0
        row = CustomField(
            unit_id=unit_id, key=key, title=title, kind=str(kind), options=list(options), position=last + 1, created_at=now()
        )
        session.add(row)
        session.flush()
        _audit("field_added", row, actor_id)
    return key


def change_field(field_id: int, title: str, *, options: Sequence[str] = (), actor_id: Actor = CURRENT) -> bool:
    """Another title, and for a choice other options; its key and kind stay. False when nothing differed. Refused as for `add_field`,
    and field_missing."""
    title = rules.check_title(title)
    with transaction() as session:
        row = _field(session, field_id)
        new_options = rules.check_options(CustomKind(row.kind), options)
        if row.title == title and list(row.options) == new_options:
            return False
        row.title, row.options = title, new_options
        _audit("field_changed", row, actor_id)
    return True


def move_field(field_id: int, *, up: bool) -> bool:
    """One place up or down among the unit's own fields; False where there is no place. Refused("field_missing")."""
    with transaction() as session:
        row = _field(session, field_id)
        own = session.scalars(
            select(CustomField)
            .where(CustomField.unit_id == row.unit_id, CustomField.archived_at.is_(None))
            .order_by(CustomField.position, CustomField.id)
        ).all()
        place = next((number for number, each in enumerate(own) if each.id == field_id), None)
        other = None if place is None else place - 1 if up else place + 1
        if place is None or other is None or not 0 <= other < len(own):
            return False
        order = list(own)
        order[place], order[other] = order[other], order[place]
        for number, each in enumerate(order, 1):
            each.position = number
    return True


def archive_field(field_id: int, *, archived: bool = True, actor_id: Actor = CURRENT) -> None:
    """The field is no longer offered, or is again. Refused("field_missing")."""
    with transaction() as session:
        row = _field(session, field_id)
        if (row.archived_at is not None) == archived:
            return
        row.archived_at = now() if archived else None
        _audit("field_archived" if archived else "field_restored", row, actor_id)


def _field(session: Session, field_id: int) -> CustomField:
    row = session.get(CustomField, field_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused("field_missing")
    return row


def _lock(session: Session) -> None:
    # A key must be free above and below, which no constraint can say: whoever adds a field waits for the one before.
    session.execute(select(func.pg_advisory_xact_lock(0x454E4704)))


def _audit(action: str, row: CustomField, actor_id: Actor) -> None:
    record_audit(
        action, unit_id=row.unit_id, object_type="custom_field", object_id=row.id, detail={"field": row.title, "key": row.key}, actor_id=actor_id
    )
