"""One contact at a time: adding and correcting by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from contacts.commands.appending import Statement, append_line, lock_person
from contacts.commands.placing import identity_of, is_stopped, place_contact
from contacts.commands.texts import current_text
from contacts.index_keys import hold_index_key
from contacts.models import Contact, ContactAlias
from contacts.rules.columns import CUSTOM
from contacts.rules.consent import Basis, Channel
from contacts.rules.custom_values import CustomValue
from contacts.rules.fields import LANGUAGES, changed_values
from contacts.rules.people import Person, further_names, name_key
from contacts.rules.rows import person_keys
from engage import persian
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.refusal import Refused


def add_contact(
    unit_id: int,
    e164: str,
    person: Person,
    *,
    purpose: str,
    basis: Basis,
    evidence: str,
    actor_id: Actor = CURRENT,
) -> int:
    """A new contact of the unit with one consent; returns its id.

    Refused: contact_exists (contact_id), number_suppressed, evidence_missing, purpose_unknown.
    """
    if not evidence.strip():
        raise Refused("evidence_missing")
    with transaction() as session:
        hold_index_key(session)
        consent_text = current_text(purpose, basis)
        if is_stopped(session, e164):
            raise Refused("number_suppressed")
        identity_id = identity_of(session, e164)
        contact_id = place_contact(session, unit_id, identity_id, person)
        if contact_id is None:
            existing = session.scalar(select(Contact.id).where(Contact.unit_id == unit_id, Contact.identity_id == identity_id))
            raise Refused("contact_exists", contact_id=existing)
        contact = lock_person(session, contact_id)
        assert contact is not None
        append_line(session, contact, Statement(purpose, True, basis, Channel.OFFICER, evidence.strip(), who(actor_id), consent_text))
        record_audit("contact_added", unit_id=unit_id, object_type="contact", object_id=contact_id, actor_id=actor_id)
        return contact_id


def update_contact(
    contact_id: int,
    person: Person,
    *,
    language: str | None = None,
    custom: Mapping[str, CustomValue | None] | None = None,
    actor_id: Actor = CURRENT,
) -> bool:
    """The contact's name and fields are `person`'s, blanks included: a human decided. False when nothing differed.

    `language` and the own fields of `custom` (None takes a value away) stay as they are where they aren't given.
    Refused("contact_missing"), Refused("number_reassigned"), Refused("language_unknown").
    """
    if language and language not in LANGUAGES:
        raise Refused("language_unknown")
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        if contact.reassigned_at is not None:
            raise Refused("number_reassigned")
        values: dict[str, Any] = {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "neighbourhood": persian.normalise(person.neighbourhood),
            "gender": person.gender,
            "birth_year": person.birth_year,
        }
        if language is not None:
            values["language"] = language
        changed = [name for name, value in values.items() if getattr(contact, name) != value]
        own = changed_values(contact.custom, custom or {})
        changed_own = sorted(key for key in {*own, *contact.custom} if own.get(key) != contact.custom.get(key))
        if not changed and not changed_own:
            return False
        for name in changed:
            setattr(contact, name, values[name])
        if changed_own:
            contact.custom = own
        contact.search_key, contact.sort_key = person_keys(person.first_name, person.last_name)
        contact.updated_at = now()
        # A further name that has become the contact's own is no further name any more.
        aliases = session.scalars(select(ContactAlias).where(ContactAlias.contact_id == contact_id)).all()
        for alias in aliases:
            if alias.name_key == name_key(person.name) or not further_names(person.name, [(alias.first_name, alias.last_name)]):
                session.delete(alias)
                session.flush()
        contact.is_shared = session.scalar(select(ContactAlias.id).where(ContactAlias.contact_id == contact_id).limit(1)) is not None
        record_audit(
            "contact_changed",
            unit_id=contact.unit_id,
            object_type="contact",
            object_id=contact_id,
            detail={"fields": [*changed, *(f"{CUSTOM}{key}" for key in changed_own)]},
            actor_id=actor_id,
        )
        return True
