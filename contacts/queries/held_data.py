"""Everything held about the holder of a number, by every unit: what a citizen sees, exports, corrects and erases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from contacts.models import Contact, PendingConsent, Suppression
from contacts.queries.fields import fields_of
from contacts.queries.identities import find_identity
from contacts.queries.people import ConsentStanding, ContactRecord, LedgerLine, get_contact
from contacts.queries.sign_up_pages import OfferedPurpose, offered_purposes, worded_purposes
from contacts.queries.tags import notes_of, tags_by_id
from contacts.queries.timeline import TimelineItem, timeline_of
from contacts.rules.custom_values import CustomKind, CustomValue, show_value, write_value
from engage.clock import now
from engage.db import db
from engage.identity.queries import get_unit
from engage.vault import vault


@dataclass(frozen=True)
class Preference:
    """One purpose as a person finds it on the page: the words beside it, and whether it stands."""

    purpose: OfferedPurpose
    stands: bool
    basis: str | None
    since: datetime | None


@dataclass(frozen=True)
class HeldNote:
    at: datetime
    text: str


@dataclass(frozen=True)
class HeldField:
    """One of the unit's own fields, with what it holds of the person (None: nothing)."""

    key: str
    title: str
    kind: CustomKind
    options: tuple[str, ...]
    value: CustomValue | None

    @property
    def shown(self) -> str:
        return show_value(self.kind, self.value)

    @property
    def written(self) -> str:
        """As it stands in a form field"""
        return write_value(self.kind, self.value)


@dataclass(frozen=True)
class HeldContact:
    """What one unit holds. Nothing of a former holder of the number is in it."""

    id: int
    unit_id: int
    unit_slug: str
    unit_name: str
    first_name: str
    last_name: str
    neighbourhood: str
    gender: str
    birth_year: int | None
    language: str
    fields: tuple[HeldField, ...]
    """The unit's own fields in their order, also those that hold nothing"""
    tags: tuple[str, ...]
    further_names: tuple[str, ...]
    notes: tuple[HeldNote, ...]
    preferences: tuple[Preference, ...]
    consents: tuple[ConsentStanding, ...]
    lines: tuple[LedgerLine, ...]
    """Newest first"""
    lists: tuple[str, ...]
    """Files that brought something of it"""
    events: tuple[TimelineItem, ...]
    """Texts and what followed, newest first"""
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class HeldPending:
    """A request that waits for the person's confirmation."""

    unit_name: str
    topics: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class HeldData:
    """Everything held under one number."""

    e164: str
    stopped_since: datetime | None
    contacts: tuple[HeldContact, ...]
    pendings: tuple[HeldPending, ...]

    def contact_in(self, unit_slug: str) -> HeldContact | None:
        return next((each for each in self.contacts if each.unit_slug == unit_slug), None)


def held_about(e164: str) -> HeldData:
    """What every unit holds under this number now, in the order it came to know it."""
    identity_id = find_identity(e164)
    found: list[HeldContact] = []
    if identity_id is not None:
        ids = db.session.scalars(
            select(Contact.id)
            .where(Contact.identity_id == identity_id, Contact.reassigned_at.is_(None))
            .order_by(Contact.created_at, Contact.id)
        ).all()
        offered = offered_purposes()
        for contact_id in ids:
            record = get_contact(contact_id)
            if record is not None and record.identity_id == identity_id:
                found.append(_held(record, identity_id, offered))
    return HeldData(e164, _stopped_since(e164), tuple(found), _pendings(e164))


def preferences_of(contact_id: int) -> tuple[Preference, ...]:
    """The purposes that are offered, and any other that still stands, each with the words beside it."""
    record = get_contact(contact_id)
    return () if record is None else _preferences(record, offered_purposes())


def _held(record: ContactRecord, identity_id: int, offered: tuple[OfferedPurpose, ...]) -> HeldContact:
    unit = get_unit(record.unit_id)
    tags = tags_by_id(record.tag_ids)
    # Consents are told with their proof elsewhere; of changes not which officer made them.
    events = [
        replace(each, meta="") if each.kind == "change" else each
        for each in timeline_of(record.id, identity_id)
        if each.kind != "consent" and each.at >= record.created_at
    ]
    return HeldContact(
        id=record.id,
        unit_id=record.unit_id,
        unit_slug=unit.slug if unit else "",
        unit_name=unit.name if unit else "",
        first_name=record.first_name,
        last_name=record.last_name,
        neighbourhood=record.neighbourhood,
        gender=record.gender,
        birth_year=record.birth_year,
        language=record.language,
        fields=_fields(record),
        tags=tuple(tags[tag_id].name for tag_id in record.tag_ids if tag_id in tags),
        further_names=record.aliases,
        notes=tuple(HeldNote(note.at, note.text) for note in notes_of(record.id)),
        preferences=_preferences(record, offered),
        consents=record.consents,
        lines=record.lines,
        lists=tuple(dict.fromkeys(line.file_name for line in record.lines if line.file_name)),
        events=tuple(events),
        created_at=record.created_at,
    )


def _fields(record: ContactRecord) -> tuple[HeldField, ...]:
    known = fields_of(record.unit_id, archived=True)
    # A field no longer offered is told as long as it holds something, and so is a value whose field is gone.
    found = [
        HeldField(each.key, each.title, each.kind, each.options, record.custom.get(each.key))
        for each in known
        if each.archived_at is None or each.key in record.custom
    ]
    gone = set(record.custom) - {each.key for each in known}
    return (*found, *(HeldField(key, key, CustomKind.TEXT, (), record.custom[key]) for key in sorted(gone)))


def _preferences(record: ContactRecord, offered: tuple[OfferedPurpose, ...]) -> tuple[Preference, ...]:
    standings = {each.purpose: each for each in record.consents}
    newest_words = {line.purpose: line.text for line in reversed(record.lines) if line.given and line.text}
    known = {each.key for each in offered}
    retired = [
        OfferedPurpose(each.purpose, each.title, newest_words.get(each.purpose) or each.title, b"")
        for each in record.consents
        if each.given and each.purpose not in known
    ]
    found = []
    for purpose in (*offered, *retired):
        standing = standings.get(purpose.key)
        stands = standing is not None and bool(standing.given)
        found.append(Preference(purpose, stands, standing.basis if standing else None, standing.since if standing else None))
    return tuple(found)


def _stopped_since(e164: str) -> datetime | None:
    return db.session.scalar(
        select(Suppression.since).where(Suppression.number_hash.in_(vault().suppression_hashes(e164))).order_by(Suppression.since).limit(1)
    )


def _pendings(e164: str) -> tuple[HeldPending, ...]:
    rows = db.session.scalars(
        select(PendingConsent)
        .where(PendingConsent.blind_index.in_(vault().blind_indexes(e164)), PendingConsent.expires_at > now())
        .order_by(PendingConsent.id)
    )
    found = []
    for row in rows:
        unit = get_unit(row.unit_id)
        topics = tuple(each.title for each in worded_purposes(row.purposes, row.text_sha256s))
        found.append(HeldPending(unit.name if unit else "", topics, row.created_at, row.expires_at))
    return tuple(found)
