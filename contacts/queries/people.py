"""Contacts: lists, search, one person's page."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from contacts.ledger import Line, Sealed, verify_chain
from contacts.models import (
    ConsentEntry,
    ConsentEvidence,
    ConsentText,
    Contact,
    ContactAlias,
    ContactConsent,
    ContactImport,
    PhoneIdentity,
    Purpose,
)
from contacts.queries.identities import find_identity, open_phone
from contacts.rules.purposes import PURPOSES
from engage import persian
from engage.db import db
from engage.vault import vault

PAGE_SIZE = 25


@dataclass(frozen=True)
class ContactSummary:
    """A line of the list. `standing`: given, withdrawn, none (never asked), suppressed, reassigned; for survey invitations."""

    id: int
    unit_id: int
    name: str
    phone: str
    """E.164; mask it on screen"""
    neighbourhood: str
    birth_year: int | None
    gender: str
    is_shared: bool
    standing: str


@dataclass(frozen=True)
class ContactPage:
    items: list[ContactSummary]
    count: int
    page: int
    page_count: int


@dataclass(frozen=True)
class ConsentStanding:
    """Where a person stands for one purpose; `given` None: never asked."""

    purpose: str
    title: str
    given: bool | None
    basis: str | None
    since: datetime | None


@dataclass(frozen=True)
class LedgerLine:
    """One line of a person's ledger with what lies behind it."""

    sequence: int
    purpose: str
    title: str
    given: bool
    basis: str
    channel: str
    at: datetime
    actor_id: int | None
    text: str | None
    evidence: str
    """What was typed, or one of our own marks (suppressed:…, not_mine); for a list see `file_name` and `row`"""
    file_name: str | None = None
    row: int | None = None
    consented_on: str | None = None


@dataclass(frozen=True)
class ContactRecord:
    """Everything one unit knows of whoever answers a number."""

    id: int
    unit_id: int
    identity_id: int
    first_name: str
    last_name: str
    phone: str
    neighbourhood: str
    gender: str
    birth_year: int | None
    custom: dict[str, Any]
    aliases: tuple[str, ...]
    reassigned_at: datetime | None
    suppressed_at: datetime | None
    created_at: datetime
    consents: tuple[ConsentStanding, ...]
    lines: tuple[LedgerLine, ...]
    """Newest first"""
    broken_at: int | None
    """Sequence of the first ledger line that doesn't fit its chain; None when all do"""

    @property
    def name(self) -> str:
        return full_name(self.first_name, self.last_name)


@dataclass(frozen=True)
class Neighbourhood:
    name: str
    count: int


def full_name(first_name: str, last_name: str) -> str:
    return f"{first_name} {last_name}".strip()


def search_contacts(
    unit_ids: Collection[int],
    *,
    words: str = "",
    neighbourhood: str = "",
    gender: str = "",
    standing: str = "",
    import_id: int | None = None,
    purpose: str = "survey_invitation",
    page: int = 1,
) -> ContactPage:
    """A page of the units' contacts in Persian order. `words` is a whole number in any writing, or beginnings of a name's words."""
    given = and_(ContactConsent.contact_id == Contact.id, ContactConsent.purpose == purpose)
    conditions: list[ColumnElement[bool]] = [Contact.unit_id.in_(unit_ids)]
    if words.strip():
        conditions.append(_matches(words))
    if neighbourhood:
        conditions.append(Contact.neighbourhood == neighbourhood)
    if gender:
        conditions.append(Contact.gender == gender)
    if import_id is not None:
        conditions.append(Contact.import_id == import_id)
    if standing:
        conditions.append(_STANDINGS[standing])
    base = select(Contact.id).join(PhoneIdentity, PhoneIdentity.id == Contact.identity_id).outerjoin(ContactConsent, given).where(*conditions)
    count = db.session.scalar(select(func.count()).select_from(base.subquery())) or 0
    page_count = max(1, -(-count // PAGE_SIZE))
    page = min(max(1, page), page_count)
    rows = db.session.execute(
        select(Contact, PhoneIdentity.phone_cipher, PhoneIdentity.suppressed_at, ContactConsent.given)
        .join(PhoneIdentity, PhoneIdentity.id == Contact.identity_id)
        .outerjoin(ContactConsent, given)
        .where(*conditions)
        .order_by(Contact.sort_key, Contact.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    items = [
        ContactSummary(
            id=contact.id,
            unit_id=contact.unit_id,
            name=full_name(contact.first_name, contact.last_name),
            phone=open_phone(contact.identity_id, cipher),
            neighbourhood=contact.neighbourhood,
            birth_year=contact.birth_year,
            gender=contact.gender,
            is_shared=contact.is_shared,
            standing=_standing(contact, suppressed_at, is_given),
        )
        for contact, cipher, suppressed_at, is_given in rows
    ]
    return ContactPage(items, count, page, page_count)


_STANDINGS: dict[str, ColumnElement[bool]] = {
    "suppressed": PhoneIdentity.suppressed_at.is_not(None),
    "given": and_(PhoneIdentity.suppressed_at.is_(None), Contact.reassigned_at.is_(None), ContactConsent.given.is_(True)),
    "withdrawn": and_(PhoneIdentity.suppressed_at.is_(None), Contact.reassigned_at.is_(None), ContactConsent.given.is_(False)),
    "none": and_(PhoneIdentity.suppressed_at.is_(None), Contact.reassigned_at.is_(None), ContactConsent.given.is_(None)),
    "reassigned": and_(PhoneIdentity.suppressed_at.is_(None), Contact.reassigned_at.is_not(None)),
}
STANDINGS = tuple(_STANDINGS)


def _standing(contact: Contact, suppressed_at: datetime | None, given: bool | None) -> str:
    if suppressed_at is not None:
        return "suppressed"
    if contact.reassigned_at is not None:
        return "reassigned"
    return "none" if given is None else "given" if given else "withdrawn"


def _matches(words: str) -> ColumnElement[bool]:
    phone = persian.parse_phone(words)
    if phone is not None:
        identity_id = find_identity(phone)
        return Contact.identity_id == (identity_id if identity_id is not None else -1)
    parts = [part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in persian.search_key(words).split()]
    names = [(" " + Contact.search_key).like(f"% {part}%") for part in parts]
    aliases = [(" " + ContactAlias.name_key).like(f"% {part}%") for part in parts]
    shared = select(ContactAlias.contact_id).where(*aliases)
    return or_(and_(*names), and_(Contact.is_shared, Contact.id.in_(shared)))


def count_contacts(unit_ids: Collection[int]) -> int:
    """Contacts of these units."""
    return db.session.scalar(select(func.count()).select_from(Contact).where(Contact.unit_id.in_(unit_ids))) or 0


def contact_unit(contact_id: int) -> int | None:
    """The unit a contact belongs to: what rights are checked against before anything else is read."""
    return db.session.scalar(select(Contact.unit_id).where(Contact.id == contact_id))


def contacts_of_identity(identity_id: int) -> list[int]:
    """Every unit's contact with this number."""
    return list(db.session.scalars(select(Contact.id).where(Contact.identity_id == identity_id).order_by(Contact.id)))


def neighbourhoods_of(unit_ids: Collection[int]) -> list[Neighbourhood]:
    """The neighbourhoods people of these units live in, in Persian order, with how many contacts each has."""
    rows = db.session.execute(
        select(Contact.neighbourhood, func.count())
        .where(Contact.unit_id.in_(unit_ids), Contact.neighbourhood != "")
        .group_by(Contact.neighbourhood)
    )
    return sorted((Neighbourhood(name, count) for name, count in rows), key=lambda each: persian.sort_key(each.name))


def list_purposes() -> dict[str, str]:
    """Key → title of every purpose, in the order they are offered."""
    rows = db.session.execute(select(Purpose.key, Purpose.title).order_by(Purpose.position, Purpose.key))
    return {row.key: row.title for row in rows} or dict(PURPOSES)


def get_contact(contact_id: int) -> ContactRecord | None:
    """One person's record with consents and ledger; the chain is verified on the way."""
    session = db.session()
    found = session.execute(
        select(Contact, PhoneIdentity.phone_cipher, PhoneIdentity.suppressed_at)
        .join(PhoneIdentity, PhoneIdentity.id == Contact.identity_id)
        .where(Contact.id == contact_id)
    ).first()
    if found is None:
        return None
    contact, cipher, suppressed_at = found
    titles = list_purposes()
    standings = {row.purpose: row for row in session.scalars(select(ContactConsent).where(ContactConsent.contact_id == contact_id))}
    aliases = session.scalars(select(ContactAlias).where(ContactAlias.contact_id == contact_id).order_by(ContactAlias.id))
    entries = list(
        session.scalars(select(ConsentEntry).where(ConsentEntry.pseudonym == contact.pseudonym).order_by(ConsentEntry.sequence))
    )
    return ContactRecord(
        id=contact.id,
        unit_id=contact.unit_id,
        identity_id=contact.identity_id,
        first_name=contact.first_name,
        last_name=contact.last_name,
        phone=open_phone(contact.identity_id, cipher),
        neighbourhood=contact.neighbourhood,
        gender=contact.gender,
        birth_year=contact.birth_year,
        custom=contact.custom,
        aliases=tuple(full_name(alias.first_name, alias.last_name) for alias in aliases),
        reassigned_at=contact.reassigned_at,
        suppressed_at=suppressed_at,
        created_at=contact.created_at,
        consents=tuple(
            ConsentStanding(
                key,
                title,
                standings[key].given if key in standings else None,
                standings[key].basis if key in standings else None,
                standings[key].since if key in standings else None,
            )
            for key, title in titles.items()
        ),
        lines=tuple(reversed(_lines(session, entries, titles))),
        broken_at=verify_chain([sealed(entry) for entry in entries], vault().ledger_mac),
    )


def sealed(entry: ConsentEntry) -> Sealed:
    """A stored line in the form the ledger's arithmetic takes."""
    line = Line(
        entry.pseudonym,
        entry.sequence,
        entry.purpose,
        entry.given,
        entry.basis,
        entry.text_sha256,
        entry.channel,
        entry.evidence_digest,
        entry.actor_id,
        entry.at,
    )
    return Sealed(line, entry.previous, entry.mac)


def _lines(session: Session, entries: list[ConsentEntry], titles: dict[str, str]) -> list[LedgerLine]:
    if not entries:
        return []
    texts = {
        row.sha256: row.text
        for row in session.execute(
            select(ConsentText.sha256, ConsentText.text).where(ConsentText.sha256.in_({entry.text_sha256 for entry in entries}))
        )
    }
    evidences = {
        row.entry_id: row.evidence
        for row in session.execute(
            select(ConsentEvidence.entry_id, ConsentEvidence.evidence).where(ConsentEvidence.entry_id.in_([entry.id for entry in entries]))
        )
    }
    read = {entry.id: _evidence(entry.channel, evidences.get(entry.id, "")) for entry in entries}
    import_ids = {values["import"] for values in read.values() if values.get("import")}
    imports = {
        row.id: row
        for row in session.execute(
            select(ContactImport.id, ContactImport.file_name, ContactImport.evidence).where(ContactImport.id.in_(import_ids))
        )
    }
    lines = []
    for entry in entries:
        values = read[entry.id]
        source = imports.get(values.get("import") or 0)
        lines.append(
            LedgerLine(
                sequence=entry.sequence,
                purpose=entry.purpose,
                title=titles.get(entry.purpose, entry.purpose),
                given=entry.given,
                basis=entry.basis,
                channel=entry.channel,
                at=entry.at,
                actor_id=entry.actor_id,
                text=texts.get(entry.text_sha256) if entry.given else None,
                evidence=source.evidence if source else values.get("text", ""),
                file_name=source.file_name if source else None,
                row=values.get("row"),
                consented_on=values.get("consented_on"),
            )
        )
    return lines


def _evidence(channel: str, stored: str) -> dict[str, Any]:
    if channel == "import" and stored.startswith("{"):
        found: dict[str, Any] = json.loads(stored)
        return found
    return {"text": stored}
