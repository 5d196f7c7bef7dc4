"""Tags of a unit: made, renamed, merged, deleted, and stuck to one contact."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contacts.commands.appending import lock_person
from contacts.models import Contact, ContactTag
from contacts.queries.fields import units_above
from contacts.rules.fields import check_tag
from engage import persian
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.identity.queries import subtree_unit_ids
from engage.refusal import Refused

_MERGE = """
    UPDATE contact
    SET tag_ids = ARRAY(SELECT DISTINCT each FROM unnest(array_remove(tag_ids, CAST(:tag AS integer)) || CAST(:into AS integer)) each ORDER BY each),
        updated_at = :at
    WHERE tag_ids @> ARRAY[CAST(:tag AS integer)] AND tag_ids <> '{}' AND unit_id = ANY(:units)
"""
_REMOVE = """
    UPDATE contact SET tag_ids = array_remove(tag_ids, CAST(:tag AS integer)), updated_at = :at
    WHERE tag_ids @> ARRAY[CAST(:tag AS integer)] AND tag_ids <> '{}' AND unit_id = ANY(:units)
"""


def make_tag(unit_id: int, name: str, *, actor_id: Actor = CURRENT) -> int:
    """The tag of this name that holds in the unit: one of a unit above, the unit's own, or a new one. Refused: tag_name_missing, tag_name_long."""
    name = check_tag(name)
    key = persian.search_key(name)
    with transaction() as session:
        found = session.scalar(select(ContactTag.id).where(ContactTag.unit_id.in_(units_above(unit_id)), ContactTag.name_key == key).limit(1))
        if found is not None:
            return found
        try:
            with session.begin_nested():
                row = ContactTag(unit_id=unit_id, name=name, name_key=key, created_at=now())
                session.add(row)
        except IntegrityError:
            # Somebody made it at the same moment.
            return session.scalars(select(ContactTag.id).where(ContactTag.unit_id == unit_id, ContactTag.name_key == key)).one()
        _audit("tag_made", row.unit_id, row.id, actor_id, tag=name)
        return row.id


def rename_tag(tag_id: int, name: str, *, actor_id: Actor = CURRENT) -> bool:
    """Another name; False when it has that already. Refused: tag_missing, tag_name_missing, tag_name_long, tag_exists (merge them instead)."""
    name = check_tag(name)
    key = persian.search_key(name)
    with transaction() as session:
        row = _tag(session, tag_id)
        if row.name == name:
            return False
        other = session.scalar(select(ContactTag.id).where(ContactTag.unit_id == row.unit_id, ContactTag.name_key == key, ContactTag.id != tag_id))
        if other is not None:
            raise Refused("tag_exists", tag=name)
        before, row.name, row.name_key = row.name, name, key
        _audit("tag_renamed", row.unit_id, row.id, actor_id, tag=name, before=before)
    return True


def merge_tag(tag_id: int, into_id: int, *, actor_id: Actor = CURRENT) -> int:
    """Whoever carries the one carries the other, and the one is gone; returns how many. The other may belong to a unit above.

    Refused: tag_missing, tag_merge_elsewhere (the other doesn't hold in all units of this one), tag_merge_self.
    """
    if tag_id == into_id:
        raise Refused("tag_merge_self")
    with transaction() as session:
        row, into = _tag(session, tag_id), _tag(session, into_id)
        if into.unit_id not in units_above(row.unit_id):
            raise Refused("tag_merge_elsewhere")
        moved = session.execute(text(_MERGE), _values(row, into=into_id)).rowcount  # type: ignore[attr-defined]
        session.delete(row)
        _audit("tag_merged", row.unit_id, tag_id, actor_id, tag=row.name, into=into.name, count=moved)
    return int(moved)


def delete_tag(tag_id: int, *, actor_id: Actor = CURRENT) -> int:
    """Nobody carries the tag any more, and it is gone; returns how many did. Refused("tag_missing")."""
    with transaction() as session:
        row = _tag(session, tag_id)
        count = session.execute(text(_REMOVE), _values(row)).rowcount  # type: ignore[attr-defined]
        session.delete(row)
        _audit("tag_deleted", row.unit_id, tag_id, actor_id, tag=row.name, count=count)
    return int(count)


def tag_contact(contact_id: int, tag_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """The contact carries the tag; False when it did. Refused: contact_missing, number_reassigned, tag_missing (it doesn't hold in their unit)."""
    with transaction() as session:
        contact, tag = _open(session, contact_id), _tag(session, tag_id)
        if tag.unit_id not in units_above(contact.unit_id):
            raise Refused("tag_missing")
        if tag_id in contact.tag_ids:
            return False
        contact.tag_ids = sorted({*contact.tag_ids, tag_id})
        contact.updated_at = now()
        _audit("contact_tagged", contact.unit_id, contact_id, actor_id, about="contact", tag=tag.name)
    return True


def untag_contact(contact_id: int, tag_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """The contact no longer carries the tag; False when it didn't. Refused: contact_missing, number_reassigned."""
    with transaction() as session:
        contact = _open(session, contact_id)
        if tag_id not in contact.tag_ids:
            return False
        tag = session.get(ContactTag, tag_id)
        contact.tag_ids = [each for each in contact.tag_ids if each != tag_id]
        contact.updated_at = now()
        _audit("contact_untagged", contact.unit_id, contact_id, actor_id, about="contact", tag=tag.name if tag else "—")
    return True


def _values(row: ContactTag, **more: int) -> dict[str, object]:
    return {"tag": row.id, "units": list(subtree_unit_ids(row.unit_id)), "at": now(), **more}


def _tag(session: Session, tag_id: int) -> ContactTag:
    row = session.get(ContactTag, tag_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused("tag_missing")
    return row


def _open(session: Session, contact_id: int) -> Contact:
    contact = lock_person(session, contact_id)
    if contact is None:
        raise Refused("contact_missing")
    if contact.reassigned_at is not None:
        raise Refused("number_reassigned")
    return contact


def _audit(action: str, unit_id: int, object_id: int, actor_id: Actor, *, about: str = "contact_tag", **detail: object) -> None:
    record_audit(action, unit_id=unit_id, object_type=about, object_id=object_id, detail=dict(detail), actor_id=actor_id)
