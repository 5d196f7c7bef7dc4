"""What officers write about a contact; the citizen sees it when asking for what is held about them."""

from __future__ import annotations

from contacts.commands.appending import lock_person
from contacts.models import ContactNote
from contacts.rules.fields import NOTE_LIMIT
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.refusal import Refused


def add_note(contact_id: int, words: str, *, actor_id: Actor = CURRENT) -> int:
    """A note on the contact; returns its id. Refused: note_missing, note_long (limit), contact_missing, number_reassigned."""
    words = words.strip()
    if not words:
        raise Refused("note_missing")
    if len(words) > NOTE_LIMIT:
        raise Refused("note_long", limit=NOTE_LIMIT)
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        if contact.reassigned_at is not None:
            raise Refused("number_reassigned")
        row = ContactNote(contact_id=contact_id, author_id=who(actor_id), text=words, at=now())
        session.add(row)
        session.flush()
        record_audit("note_added", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=actor_id)
        return row.id


def delete_note(contact_id: int, note_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """The note is gone; False when this contact has none of that id. Refused("contact_missing")."""
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        row = session.get(ContactNote, note_id)
        if row is None or row.contact_id != contact_id:
            return False
        session.delete(row)
        record_audit("note_deleted", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=actor_id)
    return True
