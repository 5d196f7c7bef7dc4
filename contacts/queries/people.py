"""Contacts: lists, search, one person's page."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
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
from contacts.queries.identities import open_phone
from contacts.rules.purposes import PURPOSES
from engage import persian
from engage.db import db
from engage.vault import vault


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
    identity_id: int | None
    """None: the number has changed hands, and nothing of the person before is told"""
    first_name: str
    last_name: str
    phone: str
    neighbourhood: str
    gender: str
    birth_year: int | None
    language: str
    custom: dict[str, Any]
    tag_ids: tuple[int, ...]
    aliases: tuple[str, ...]
    reassigned_at: datetime | None
    suppressed_at: datetime | None
    reach: str
    """`contacts.rules.reach.Reach`"""
    failing_count: int
    failing_since: datetime | None
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


def contact_unit(contact_id: int) -> int | None:
    """The unit a contact belongs to: what rights are checked against before anything else is read."""
    return db.session.scalar(select(Contact.unit_id).where(Contact.id == contact_id))


def open_ids(unit_ids: Collection[int], contact_ids: Collection[int]) -> list[int]:
    """Those of the contacts that belong to these units and whose number is still theirs, by id."""
    return list(
        db.session.scalars(
            select(Contact.id)
            .where(Contact.id.in_(list(contact_ids)), Contact.unit_id.in_(list(unit_ids)), Contact.identity_id.is_not(None))
            .order_by(Contact.id)
        )
    )


def contacts_of_identity(identity_id: int) -> list[int]:
    """Every unit's contact with this number."""
    return list(db.session.scalars(select(Contact.id).where(Contact.identity_id == identity_id).order_by(Contact.id)))


def neighbourhoods_of(unit_ids: Collection[int]) -> list[Neighbourhood]:
    """The neighbourhoods people of these units live in, in Persian order, with how many contacts each has."""
    rows = db.session.execute(
        select(Contact.neighbourhood, func.count())
        .where(Contact.unit_id.in_(unit_ids), Contact.neighbourhood != "", Contact.identity_id.is_not(None))
        .group_by(Contact.neighbourhood)
    )
    return sorted((Neighbourhood(name, count) for name, count in rows), key=lambda each: persian.sort_key(each.name))


# Leaps from one name to the next in the index, instead of reading every contact.
_NAMES = """
    SELECT DISTINCT place.name FROM unnest(CAST(:units AS integer[])) unit(id) CROSS JOIN LATERAL (
        WITH RECURSIVE leap AS (
            (SELECT neighbourhood AS name FROM contact WHERE unit_id = unit.id AND neighbourhood > '' ORDER BY neighbourhood LIMIT 1)
            UNION ALL
            SELECT (SELECT neighbourhood FROM contact WHERE unit_id = unit.id AND neighbourhood > leap.name ORDER BY neighbourhood LIMIT 1)
            FROM leap WHERE leap.name IS NOT NULL
        ) SELECT name FROM leap WHERE name IS NOT NULL) place
"""


def neighbourhood_names(unit_ids: Collection[int]) -> list[str]:
    """The names alone, in Persian order: milliseconds, however many contacts there are."""
    return sorted(db.session.scalars(text(_NAMES), {"units": list(unit_ids)}), key=persian.sort_key)


def list_purposes() -> dict[str, str]:
    """Key → title of every purpose, in the order they are offered."""
    rows = db.session.execute(select(Purpose.key, Purpose.title).order_by(Purpose.position, Purpose.key))
    return {row.key: row.title for row in rows} or dict(PURPOSES)


def get_contact(contact_id: int) -> ContactRecord | None:
    """One person's record with consents and ledger; the chain is verified on the way. Of somebody whose number has changed hands
    only that it has."""
    session = db.session()
    found = session.execute(
        select(Contact, PhoneIdentity)
        .outerjoin(PhoneIdentity, PhoneIdentity.id == Contact.identity_id)
        .where(Contact.id == contact_id)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    contact, number = found
    if contact.reassigned_at is not None or number is None:
        return _closed(contact)
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
        phone=open_phone(number.id, number.phone_cipher),
        neighbourhood=contact.neighbourhood,
        gender=contact.gender,
        birth_year=contact.birth_year,
        language=contact.language,
        custom=contact.custom,
        tag_ids=tuple(contact.tag_ids),
        aliases=tuple(full_name(alias.first_name, alias.last_name) for alias in aliases),
        reassigned_at=None,
        suppressed_at=number.suppressed_at,
        reach=number.reach,
        failing_count=number.failing_count,
        failing_since=number.failing_since,
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


def _closed(contact: Contact) -> ContactRecord:
    return ContactRecord(
        id=contact.id,
        unit_id=contact.unit_id,
        identity_id=None,
        first_name="",
        last_name="",
        phone="",
        neighbourhood="",
        gender="",
        birth_year=None,
        language="",
        custom={},
        tag_ids=(),
        aliases=(),
        reassigned_at=contact.reassigned_at,
        suppressed_at=None,
        reach="",
        failing_count=0,
        failing_since=None,
        created_at=contact.created_at,
        consents=(),
        lines=(),
        broken_at=None,
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
