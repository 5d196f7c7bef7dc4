"""The one way a single line gets into the consent ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.ledger import GENESIS, NO_TEXT, Line, digest_evidence, seal
from contacts.models import ConsentEntry, ConsentEvidence, Contact, ContactConsent
from contacts.rules.consent import Basis, Channel
from engage.clock import now
from engage.vault import vault


@dataclass(frozen=True)
class Statement:
    """What is to be written: who stands behind it and what proves it."""

    purpose: str
    given: bool
    basis: Basis
    channel: Channel
    evidence: str
    actor_id: int | None = None
    text_sha256: bytes = NO_TEXT
    import_id: int | None = None
    """The list that brings a given consent"""


def lock_person(session: Session, contact_id: int) -> Contact | None:
    """The contact, locked until the transaction ends: chains grow one line at a time."""
    return session.scalar(select(Contact).where(Contact.id == contact_id).with_for_update().execution_options(populate_existing=True))


def append_line(session: Session, contact: Contact, statement: Statement) -> int:
    """Append to the chain of a locked person and move their standing with it; returns the line's id."""
    top = session.execute(
        select(ConsentEntry.sequence, ConsentEntry.mac)
        .where(ConsentEntry.pseudonym == contact.pseudonym)
        .order_by(ConsentEntry.sequence.desc())
        .limit(1)
    ).first()
    sequence, previous = (top.sequence + 1, top.mac) if top else (1, GENESIS)
    salt = os.urandom(16)
    at = now()
    line = Line(
        contact.pseudonym,
        sequence,
        statement.purpose,
        statement.given,
        statement.basis,
        statement.text_sha256,
        statement.channel,
        digest_evidence(salt, statement.evidence),
        statement.actor_id,
        at,
    )
    entry = ConsentEntry(
        pseudonym=line.pseudonym,
        sequence=sequence,
        purpose=line.purpose,
        given=line.given,
        basis=str(line.basis),
        text_sha256=line.text_sha256,
        channel=str(line.channel),
        evidence_digest=line.evidence_digest,
        actor_id=line.actor_id,
        at=at,
        previous=previous,
        mac=seal(vault().ledger_mac, previous, line),
    )
    session.add(entry)
    session.flush()
    session.add(ConsentEvidence(entry_id=entry.id, contact_id=contact.id, salt=salt, evidence=statement.evidence))
    standing = {
        "given": statement.given,
        "basis": str(statement.basis),
        "since": at,
        "import_id": statement.import_id if statement.given else None,
    }
    session.execute(
        insert(ContactConsent)
        .values(contact_id=contact.id, purpose=statement.purpose, **standing)
        .on_conflict_do_update(index_elements=["contact_id", "purpose"], set_=standing)
    )
    session.flush()
    return int(entry.id)


def text_behind(session: Session, contact: Contact, purpose: str) -> bytes:
    """SHA-256 of the words this person last agreed to for a purpose: what a withdrawal takes back."""
    found = session.scalar(
        select(ConsentEntry.text_sha256)
        .where(ConsentEntry.pseudonym == contact.pseudonym, ConsentEntry.purpose == purpose, ConsentEntry.given)
        .order_by(ConsentEntry.sequence.desc())
        .limit(1)
    )
    return found or NO_TEXT
