"""A unit's own fields: those made there, and those that hold there because a unit above made them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from contacts.models import Contact, CustomField
from contacts.rules.custom_values import CustomKind
from engage.db import db
from engage.identity.queries import get_unit, subtree_unit_ids


@dataclass(frozen=True)
class FieldRecord:
    """One typed field; its values lie in `contact.custom` under `key`."""

    id: int
    unit_id: int
    key: str
    title: str
    kind: CustomKind
    options: tuple[str, ...]
    position: int
    archived_at: datetime | None


def units_above(unit_id: int) -> tuple[int, ...]:
    """The unit and every unit above it, the topmost first: what they define holds here."""
    unit = get_unit(unit_id)
    return tuple(int(part) for part in unit.path.strip("/").split("/")) if unit else ()


def fields_of(unit_id: int, *, archived: bool = False) -> tuple[FieldRecord, ...]:
    """The fields of the unit's contacts, those of units above first, in their order; `archived` ones only on request."""
    above = units_above(unit_id)
    rows = db.session.scalars(select(CustomField).where(CustomField.unit_id.in_(above)))
    found = [_record(row) for row in rows if archived or row.archived_at is None]
    return tuple(sorted(found, key=lambda each: (above.index(each.unit_id), each.position, each.id)))


def get_field(field_id: int) -> FieldRecord | None:
    row = db.session.get(CustomField, field_id)
    return None if row is None else _record(row)


def find_field(unit_id: int, key: str) -> FieldRecord | None:
    """The field of this key that holds in the unit."""
    return next((each for each in fields_of(unit_id) if each.key == key), None)


def keys_near(unit_id: int) -> frozenset[str]:
    """Keys used in the unit, above it and below it: one key must never mean two things to the same contact."""
    near = {*units_above(unit_id), *subtree_unit_ids(unit_id)}
    return frozenset(db.session.scalars(select(CustomField.key).where(CustomField.unit_id.in_(near))))


def count_values(field: FieldRecord) -> int:
    """How many contacts of the field's units have a value in it."""
    found = (
        select(func.count())
        .select_from(Contact)
        .where(
            Contact.unit_id.in_(subtree_unit_ids(field.unit_id)),
            Contact.identity_id.is_not(None),
            Contact.custom != {},
            Contact.custom.has_key(field.key),
        )
    )
    return db.session.scalar(found) or 0


def field_titles(fields: Iterable[FieldRecord]) -> dict[str, str]:
    return {each.key: each.title for each in fields}


def _record(row: CustomField) -> FieldRecord:
    return FieldRecord(
        row.id, row.unit_id, row.key, row.title, CustomKind(row.kind), tuple(str(each) for each in row.options), row.position, row.archived_at
    )
