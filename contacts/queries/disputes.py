"""Objections to consent: what they are about, how many a list has drawn, and the record that is printed for whoever objects."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from contacts.ledger import verify_chain
from contacts.models import ConsentDispute, ConsentEntry, Contact, ContactConsent, ContactImport, LedgerCheckpoint
from contacts.queries.people import LedgerLine, full_name, get_contact, sealed
from engage.db import db
from engage.identity.queries import user_names
from engage.vault import vault


@dataclass(frozen=True)
class DisputedList:
    """A list of people some of whom object to the consent it brought."""

    import_id: int
    slug: str
    unit_id: int
    file_name: str
    row_count: int
    dispute_count: int
    """People, not objections"""
    newest_at: datetime
    held_at: datetime | None
    hold_ended_at: datetime | None
    standing_count: int
    """Consents it brought that still stand"""


@dataclass(frozen=True)
class Objection:
    """One objection, for the list of them."""

    id: int
    contact_id: int | None
    """None once the person was erased"""
    name: str
    """"" for whoever is erased, or whose number has changed hands"""
    file_name: str | None
    channel: str
    note: str
    at: datetime
    actor_id: int | None


@dataclass(frozen=True)
class LineProof:
    """One ledger line with what proves that it was not changed since."""

    entry_id: int
    line: LedgerLine
    actor_name: str
    mac: str
    previous: str
    """Both in hex"""
    checkpoint_id: int | None
    """The seal it lies under; None until the next one is made"""
    root: str


@dataclass(frozen=True)
class ConsentRecord:
    """Everything that can be shown to somebody who asks on what ground they were texted."""

    contact_id: int
    unit_id: int
    name: str
    phone: str
    suppressed_at: datetime | None
    is_intact: bool
    """Whether the person's chain is as it was written"""
    lines: tuple[LineProof, ...]
    """Newest first"""
    dispute_count: int
    disputed_at: datetime | None


def dispute_counts(import_ids: Collection[int]) -> dict[int, int]:
    """List → how many people object to the consent it brought; lists without any are left out."""
    rows = db.session.execute(
        select(ConsentDispute.import_id, func.count(func.distinct(func.coalesce(ConsentDispute.contact_id, -ConsentDispute.id))))
        .where(ConsentDispute.import_id.in_(import_ids))
        .group_by(ConsentDispute.import_id)
    )
    return {import_id: count for import_id, count in rows if import_id is not None}


def disputed_lists(unit_ids: Collection[int]) -> list[DisputedList]:
    """The units' lists with objections, held ones first, then the one with the newest objection."""
    rows = db.session.execute(
        select(
            ContactImport,
            func.count(func.distinct(func.coalesce(ConsentDispute.contact_id, -ConsentDispute.id))),
            func.max(ConsentDispute.at),
        )
        .join(ConsentDispute, ConsentDispute.import_id == ContactImport.id)
        .where(ContactImport.unit_id.in_(unit_ids))
        .group_by(ContactImport.id)
        .execution_options(populate_existing=True)
    ).all()
    standing = _standing_counts([row[0].id for row in rows])
    lists = [
        DisputedList(
            import_id=found.id,
            slug=found.slug,
            unit_id=found.unit_id,
            file_name=found.file_name,
            row_count=found.row_count,
            dispute_count=count,
            newest_at=newest,
            held_at=found.held_at,
            hold_ended_at=found.hold_ended_at,
            standing_count=standing.get(found.id, 0),
        )
        for found, count, newest in rows
    ]
    return sorted(lists, key=lambda each: (each.held_at is None, -each.newest_at.timestamp()))


def held_lists(unit_ids: Collection[int]) -> list[DisputedList]:
    """Lists that wait for an admin: held, and neither lifted nor ended."""
    return [each for each in disputed_lists(unit_ids) if each.held_at is not None and each.hold_ended_at is None]


def disputed_list(import_id: int) -> DisputedList | None:
    """One list with its objections; None when there is no such list, or nobody objects."""
    unit_id = db.session.scalar(select(ContactImport.unit_id).where(ContactImport.id == import_id))
    found = [] if unit_id is None else disputed_lists([unit_id])
    return next((each for each in found if each.import_id == import_id), None)


def objections(unit_ids: Collection[int], *, import_id: int | None = None, limit: int = 200) -> list[Objection]:
    """The units' objections, newest first."""
    statement = (
        select(ConsentDispute, ContactImport.file_name, Contact.first_name, Contact.last_name)
        .outerjoin(ContactImport, ContactImport.id == ConsentDispute.import_id)
        .outerjoin(Contact, and_(Contact.id == ConsentDispute.contact_id, Contact.unit_id.in_(unit_ids), Contact.identity_id.is_not(None)))
        .where(ConsentDispute.unit_id.in_(unit_ids))
        .order_by(ConsentDispute.id.desc())
        .limit(limit)
    )
    if import_id is not None:
        statement = statement.where(ConsentDispute.import_id == import_id)
    return [
        Objection(row.id, row.contact_id, full_name(first or "", last or ""), file_name, row.channel, row.note, row.at, row.actor_id)
        for row, file_name, first, last in db.session.execute(statement)
    ]


def consent_record(contact_id: int) -> ConsentRecord | None:
    """What the ledger says of one contact, with its proof; None when there is no such contact."""
    contact = get_contact(contact_id)
    if contact is None:
        return None
    entries = list(
        db.session.scalars(
            select(ConsentEntry)
            .join(Contact, Contact.pseudonym == ConsentEntry.pseudonym)
            .where(Contact.id == contact_id)
            .order_by(ConsentEntry.sequence.desc())
        )
    )
    names = user_names({entry.actor_id for entry in entries if entry.actor_id})
    proofs = []
    for entry, line in zip(entries, contact.lines, strict=True):
        seal = _seal_over(entry)
        proofs.append(
            LineProof(
                entry_id=entry.id,
                line=line,
                actor_name=names.get(entry.actor_id or 0, ""),
                mac=entry.mac.hex(),
                previous=entry.previous.hex(),
                checkpoint_id=seal.id if seal else None,
                root=seal.root.hex() if seal else "",
            )
        )
    disputes = db.session.execute(select(func.count(), func.max(ConsentDispute.at)).where(ConsentDispute.contact_id == contact_id)).one()
    return ConsentRecord(
        contact_id=contact.id,
        unit_id=contact.unit_id,
        name=contact.name,
        phone=contact.phone,
        suppressed_at=contact.suppressed_at,
        is_intact=verify_chain([sealed(entry) for entry in reversed(entries)], vault().ledger_mac) is None,
        lines=tuple(proofs),
        dispute_count=disputes[0],
        disputed_at=disputes[1],
    )


def _seal_over(entry: ConsentEntry) -> LedgerCheckpoint | None:
    """The checkpoint a line lies under: of the newest epoch that begins before the line, the one with its transaction."""
    epoch = (
        select(LedgerCheckpoint.epoch)
        .where(LedgerCheckpoint.after_id < entry.id)
        .order_by(LedgerCheckpoint.epoch.desc())
        .limit(1)
        .scalar_subquery()
    )
    return db.session.scalar(
        select(LedgerCheckpoint).where(
            LedgerCheckpoint.epoch == epoch,
            LedgerCheckpoint.from_xid <= entry.written_in,
            LedgerCheckpoint.to_xid > entry.written_in,
        )
    )


def _standing_counts(import_ids: Collection[int]) -> dict[int, int]:
    rows = db.session.execute(
        select(ContactConsent.import_id, func.count())
        .where(ContactConsent.import_id.in_(import_ids), ContactConsent.given)
        .group_by(ContactConsent.import_id)
    )
    return {import_id: count for import_id, count in rows if import_id is not None}
