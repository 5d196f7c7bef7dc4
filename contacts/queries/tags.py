"""Tags and notes: what officers stick to contacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Integer, cast, func, select

from contacts.models import Contact, ContactNote, ContactTag
from contacts.queries.fields import units_above
from engage import persian
from engage.db import db
from engage.identity.queries import subtree_unit_ids


@dataclass(frozen=True)
class TagRecord:
    id: int
    unit_id: int
    name: str


@dataclass(frozen=True)
class NoteRecord:
    id: int
    contact_id: int
    author_id: int | None
    text: str
    at: datetime


def tags_of(unit_id: int) -> tuple[TagRecord, ...]:
    """The tags a contact of this unit may carry: the unit's own and those of units above, in Persian order."""
    rows = db.session.scalars(select(ContactTag).where(ContactTag.unit_id.in_(units_above(unit_id))))
    return tuple(sorted((_record(row) for row in rows), key=lambda each: (persian.sort_key(each.name), each.id)))


def get_tag(tag_id: int) -> TagRecord | None:
    row = db.session.get(ContactTag, tag_id)
    return None if row is None else _record(row)


def tags_by_id(tag_ids: Iterable[int]) -> dict[int, TagRecord]:
    wanted = set(tag_ids)
    if not wanted:
        return {}
    return {row.id: _record(row) for row in db.session.scalars(select(ContactTag).where(ContactTag.id.in_(wanted)))}


def count_tagged(tag: TagRecord) -> int:
    """How many contacts carry the tag."""
    carries = Contact.tag_ids.op("@>")(cast([tag.id], ARRAY(Integer)))
    found = select(func.count()).select_from(Contact).where(
        carries, Contact.tag_ids != cast([], ARRAY(Integer)), Contact.unit_id.in_(subtree_unit_ids(tag.unit_id)), Contact.identity_id.is_not(None)
    )
    return db.session.scalar(found) or 0


def notes_of(contact_id: int) -> tuple[NoteRecord, ...]:
    """What officers wrote about a contact, newest first."""
    rows = db.session.scalars(select(ContactNote).where(ContactNote.contact_id == contact_id).order_by(ContactNote.id.desc()))
    return tuple(NoteRecord(row.id, row.contact_id, row.author_id, row.text, row.at) for row in rows)


def _record(row: ContactTag) -> TagRecord:
    return TagRecord(row.id, row.unit_id, row.name)
