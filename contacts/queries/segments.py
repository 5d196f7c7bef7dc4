"""Saved segments: lists, one of them, how many people a rule finds and who some of them are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from contacts.models import PhoneIdentity, Segment
from contacts.queries.audience import AudienceFilter, prepare_for_large_reads
from contacts.queries.identities import open_phone
from contacts.rules.segments import Group, from_json
from contacts.segments.compile import criteria_of, rule_condition
from contacts.segments.criteria import PERSON, Scope
from contacts.segments.words import read_aloud
from engage.db import db

PREVIEW_SIZE = 10


@dataclass(frozen=True)
class SegmentRecord:
    """One saved segment."""

    id: int
    slug: str
    unit_id: int
    title: str
    rule: Group
    is_shared: bool
    author_id: int | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True)
class PreviewPerson:
    """Somebody the rule finds, as a preview shows them."""

    first_name: str
    family_initial: str
    phone: str
    """E.164; mask it on screen"""
    neighbourhood: str
    birth_year: int | None


def segment_unit(slug: str, user_id: int | None) -> int | None:
    """The unit of a segment this person sees: what rights are checked against before its rule is read."""
    return db.session.scalar(select(Segment.unit_id).where(Segment.slug == slug, _seen_by(user_id)))


def get_segment(slug: str, user_id: int | None) -> SegmentRecord | None:
    """The segment, if it is shared or this person's own."""
    found = db.session.scalar(select(Segment).where(Segment.slug == slug, _seen_by(user_id)))
    return None if found is None else _record(found)


def list_segments(unit_ids: Collection[int], user_id: int | None, *, archived: bool = False) -> list[SegmentRecord]:
    """The segments of these units that this person sees, those changed last first."""
    rows = db.session.scalars(
        select(Segment)
        .where(
            Segment.unit_id.in_(unit_ids),
            _seen_by(user_id),
            Segment.archived_at.is_not(None) if archived else Segment.archived_at.is_(None),
        )
        .order_by(Segment.updated_at.desc(), Segment.id.desc())
        .limit(500)
    )
    return [_record(row) for row in rows]


def _seen_by(user_id: int | None) -> ColumnElement[bool]:
    shared = Segment.is_shared.is_(True)
    return or_(shared, Segment.author_id == user_id) if user_id is not None else shared


def _record(row: Segment) -> SegmentRecord:
    return SegmentRecord(
        row.id,
        row.slug,
        row.unit_id,
        row.title,
        from_json(row.rule),
        row.is_shared,
        row.author_id,
        row.created_at,
        row.updated_at,
        row.archived_at,
    )


def with_current_rule(audience: AudienceFilter) -> AudienceFilter:
    """The audience with its segment's rule as it is now; as it stands where it names none, or one that is gone."""
    if audience.segment is None:
        return audience
    rule = db.session.scalar(
        select(Segment.rule).where(Segment.slug == audience.segment, Segment.unit_id == audience.unit_id, Segment.archived_at.is_(None))
    )
    return audience if rule is None else replace(audience, rule=from_json(rule))


def count_people(rule: Group, scope: Scope) -> int:
    """Contacts the rule finds, whether or not they may be written to. Refused when the rule can't be read."""
    prepare_for_large_reads()
    return db.session.scalar(select(func.count()).select_from(PERSON).where(rule_condition(rule, scope))) or 0


def preview_people(rule: Group, scope: Scope, limit: int = PREVIEW_SIZE) -> list[PreviewPerson]:
    """Some of the people the rule finds; nothing in it says whether they may be written to."""
    prepare_for_large_reads()
    rows = db.session.execute(
        select(PERSON.first_name, PERSON.last_name, PERSON.identity_id, PhoneIdentity.phone_cipher, PERSON.neighbourhood, PERSON.birth_year)
        .join(PhoneIdentity, PhoneIdentity.id == PERSON.identity_id)
        .where(rule_condition(rule, scope))
        .limit(limit)
    )
    return [
        PreviewPerson(row.first_name, row.last_name[:1], open_phone(row.identity_id, row.phone_cipher), row.neighbourhood, row.birth_year)
        for row in rows
    ]


def say_rule(rule: Group, scope: Scope) -> str:
    """The rule as a sentence without its full stop."""
    return read_aloud(rule, scope, criteria_of(scope))
