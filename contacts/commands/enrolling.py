"""Somebody has proved a number and agreed: the contact, and the consents in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person
from contacts.commands.placing import identity_of, place_contact
from contacts.models import Contact, ContactAlias, ContactConsent
from contacts.rules.consent import Basis, Channel
from contacts.rules.people import Person, further_names, name_key
from contacts.rules.rows import person_keys
from engage.clock import now
from engage.identity.commands.audit import record_audit


@dataclass(frozen=True)
class Enrolment:
    """Who joins which unit, and the exact words (SHA-256) they agreed to, by purpose."""

    unit_id: int
    e164: str
    person: Person
    texts: Mapping[str, bytes]
    channel: Channel
    evidence: str
    actor_id: int | None = None


def enrol(session: Session, enrolment: Enrolment) -> int:
    """The contact stands with these consents, in the caller's transaction; returns its id. Saying the same again writes nothing.

    The caller has made sure that the number isn't stopped. A name is filled in where none is known; another one than the known is
    kept beside it. A former holder of the number is closed and no longer leads to it, so a newcomer begins with an empty page.
    """
    at = now()
    identity_id = identity_of(session, enrolment.e164)
    contact = _contact_of(session, enrolment, identity_id)
    _learn_name(session, contact, enrolment.person)
    written = []
    for purpose, sha in enrolment.texts.items():
        standing = session.get(ContactConsent, (contact.id, purpose), populate_existing=True)
        if standing is not None and standing.given and standing.basis == Basis.CONSENT:
            continue
        statement = Statement(purpose, True, Basis.CONSENT, enrolment.channel, enrolment.evidence, enrolment.actor_id, sha)
        append_line(session, contact, statement)
        written.append(purpose)
    contact.updated_at = at
    record_audit(
        "citizen_joined",
        unit_id=contact.unit_id,
        object_type="contact",
        object_id=contact.id,
        detail={"purposes": written, "channel": str(enrolment.channel)},
        actor_id=None,
    )
    session.flush()
    return contact.id


def _contact_of(session: Session, enrolment: Enrolment, identity_id: int) -> Contact:
    contact_id = place_contact(session, enrolment.unit_id, identity_id, enrolment.person)
    if contact_id is None:
        contact_id = session.scalars(select(Contact.id).where(Contact.unit_id == enrolment.unit_id, Contact.identity_id == identity_id)).one()
    contact = lock_person(session, contact_id)
    assert contact is not None
    return contact


def _learn_name(session: Session, contact: Contact, person: Person) -> None:
    if not any(person.name):
        return
    known = (contact.first_name, contact.last_name)
    for first, last in further_names(known, [person.name]):
        session.execute(
            insert(ContactAlias)
            .values(contact_id=contact.id, first_name=first, last_name=last, name_key=name_key((first, last)), created_at=now())
            .on_conflict_do_nothing(index_elements=["contact_id", "name_key"])
        )
        contact.is_shared = True
        return
    contact.first_name = contact.first_name or person.first_name
    contact.last_name = contact.last_name or person.last_name
    contact.search_key, contact.sort_key = person_keys(contact.first_name, contact.last_name)
