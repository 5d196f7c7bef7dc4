"""Numbers: found by their blind index, opened by the vault."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from contacts.models import Contact, PhoneIdentity
from engage.db import db
from engage.vault import vault


def find_identity(e164: str) -> int | None:
    """The identity of a number, if the installation knows it."""
    return db.session.scalar(select(PhoneIdentity.id).where(PhoneIdentity.blind_index.in_(vault().blind_indexes(e164))))


def open_phone(identity_id: int, phone_cipher: bytes) -> str:
    """The E.164 number in an identity's ciphertext. Refused("keys_do_not_fit") when it is another row's."""
    return vault().decrypt(phone_cipher, f"phone_identity:{identity_id}")


def open_phones(pairs: Iterable[tuple[int, bytes]]) -> list[str]:
    """`open_phone` for (identity, ciphertext) pairs, in their order."""
    decrypt = vault().decrypt
    return [decrypt(cipher, f"phone_identity:{identity_id}") for identity_id, cipher in pairs]


def phone_of(identity_id: int) -> str | None:
    """The E.164 number of an identity; None when it was erased."""
    cipher = db.session.scalar(select(PhoneIdentity.phone_cipher).where(PhoneIdentity.id == identity_id))
    return None if cipher is None else open_phone(identity_id, cipher)


def phones_of(identity_ids: Iterable[int]) -> dict[int, str]:
    """Identity → E.164 for many at once, in one statement."""
    wanted = set(identity_ids)
    if not wanted:
        return {}
    rows = db.session.execute(select(PhoneIdentity.id, PhoneIdentity.phone_cipher).where(PhoneIdentity.id.in_(wanted)))
    return {row.id: open_phone(row.id, row.phone_cipher) for row in rows}


def is_suppressed(identity_id: int) -> bool:
    """Whether nobody may text this number."""
    return db.session.scalar(select(PhoneIdentity.suppressed_at).where(PhoneIdentity.id == identity_id)) is not None


def contacts_by_unit(unit_ids: Iterable[int], identity_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    """(unit, identity) → the unit's contact with that number, in one statement; pairs without one are missing."""
    rows = db.session.execute(
        select(Contact.unit_id, Contact.identity_id, Contact.id).where(
            Contact.unit_id.in_(set(unit_ids)), Contact.identity_id.in_(set(identity_ids)), Contact.reassigned_at.is_(None)
        )
    )
    return {(row.unit_id, row.identity_id): row.id for row in rows}
