"""Contacts as rows of a file, harmless for spreadsheets."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from contacts.models import Contact, PhoneIdentity
from contacts.queries.identities import open_phone
from contacts.rules.showing import neutralise
from engage import persian
from engage.db import db

EXPORT_COLUMNS = ("phone", "first_name", "last_name", "neighbourhood", "gender", "birth_year")


def export_rows(unit_ids: Collection[int]) -> Iterator[tuple[str, ...]]:
    """One row a contact in the order of `EXPORT_COLUMNS`, family names in Persian order; streamed."""
    rows = db.session.execute(
        select(Contact, PhoneIdentity.phone_cipher)
        .join(PhoneIdentity, PhoneIdentity.id == Contact.identity_id)
        .where(Contact.unit_id.in_(unit_ids))
        .order_by(Contact.sort_key, Contact.id)
        .execution_options(yield_per=2_000)
    )
    for contact, cipher in rows:
        yield (
            persian.local_form(open_phone(contact.identity_id, cipher)),
            neutralise(contact.first_name),
            neutralise(contact.last_name),
            neutralise(contact.neighbourhood),
            contact.gender,
            "" if contact.birth_year is None else str(contact.birth_year),
        )
