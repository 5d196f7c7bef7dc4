"""The one way a single number gets into the tables: its identity, and a contact of a unit."""

from __future__ import annotations

import os

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.importing.staging import identity_context, reserve_ids
from contacts.index_keys import hold_index_key
from contacts.models import Contact, PhoneIdentity, Suppression
from contacts.rules.people import Person
from contacts.rules.rows import person_keys
from engage import persian
from engage.clock import now
from engage.db import driver_connection
from engage.vault import vault


def is_stopped(session: Session, e164: str) -> bool:
    """Whether nobody may text this number, as the caller's transaction sees it."""
    hashes = vault().suppression_hashes(e164)
    return session.scalar(select(Suppression.number_hash).where(Suppression.number_hash.in_(hashes)).limit(1)) is not None


def identity_of(session: Session, e164: str) -> int:
    """The identity of this number, made where there is none."""
    keys = hold_index_key(session)
    blind = keys.blind_index(e164)
    identity_id = session.scalar(select(PhoneIdentity.id).where(PhoneIdentity.blind_index == blind))
    if identity_id is not None:
        return identity_id
    fresh = reserve_ids(driver_connection(session), "phone_identity", 1)[0]
    session.execute(
        insert(PhoneIdentity)
        .values(id=fresh, blind_index=blind, phone_cipher=keys.encrypt(e164, identity_context(fresh)), created_at=now())
        .on_conflict_do_nothing(index_elements=["blind_index"])
    )
    identity_id = session.scalars(select(PhoneIdentity.id).where(PhoneIdentity.blind_index == blind)).one()
    # A stop that came while the identity wasn't there yet found nothing to mark.
    session.execute(
        text(
            "UPDATE phone_identity SET suppressed_at = stop.since FROM suppression stop"
            " WHERE phone_identity.id = :id AND stop.number_hash = :hash AND suppressed_at IS NULL"
        ),
        {"id": identity_id, "hash": keys.suppression_hash(e164)},
    )
    return identity_id


def place_contact(session: Session, unit_id: int, identity_id: int, person: Person) -> int | None:
    """Id of a new contact of the unit with this number, under a pseudonym of its own; None where the unit knows the number already."""
    at = now()
    search, sort = person_keys(person.first_name, person.last_name)
    return session.scalar(
        insert(Contact)
        .values(
            unit_id=unit_id,
            identity_id=identity_id,
            pseudonym=os.urandom(16),
            first_name=person.first_name,
            last_name=person.last_name,
            neighbourhood=persian.normalise(person.neighbourhood),
            gender=person.gender,
            birth_year=person.birth_year,
            custom=person.custom,
            search_key=search,
            sort_key=sort,
            created_at=at,
            updated_at=at,
        )
        .on_conflict_do_nothing(index_elements=["unit_id", "identity_id"])
        .returning(Contact.id)
    )
