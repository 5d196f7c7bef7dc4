"""People by id, as other rooms' lists show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from contacts.models import Contact, PhoneIdentity
from contacts.queries.identities import open_phone
from engage.db import db


@dataclass(frozen=True)
class ContactName:
    """`phone` is E.164; mask it on screen. Whose number has changed hands has neither name nor place any more."""

    id: int
    name: str
    neighbourhood: str
    phone: str


def contact_names(contact_ids: Iterable[int]) -> dict[int, ContactName]:
    """Contact id → name, in one statement; erased people are missing."""
    wanted = set(contact_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(
            Contact.id,
            Contact.first_name,
            Contact.last_name,
            Contact.neighbourhood,
            Contact.reassigned_at,
            PhoneIdentity.id.label("number_id"),
            PhoneIdentity.phone_cipher,
        )
        .join(PhoneIdentity, PhoneIdentity.id == func.coalesce(Contact.identity_id, Contact.former_identity_id))
        .where(Contact.id.in_(wanted))
    )
    return {
        row.id: ContactName(
            row.id,
            "" if row.reassigned_at else f"{row.first_name} {row.last_name}".strip(),
            "" if row.reassigned_at else row.neighbourhood,
            open_phone(row.number_id, row.phone_cipher),
        )
        for row in rows
    }


def placeholder_values(contact_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Contact id → what a text may say of the person: first_name, neighbourhood. Erased and reassigned people are missing."""
    rows = db.session.execute(
        select(Contact.id, Contact.first_name, Contact.neighbourhood).where(
            Contact.id.in_(set(contact_ids)), Contact.identity_id.is_not(None), Contact.reassigned_at.is_(None)
        )
    )
    return {row.id: {"first_name": row.first_name, "neighbourhood": row.neighbourhood} for row in rows}
