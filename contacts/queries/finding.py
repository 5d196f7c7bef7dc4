"""Finding contacts: by name, by whole number, by field; a page at a time in Persian order, or all of them by id."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, and_, cast, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY

from contacts.models import Contact, ContactAlias, ContactConsent, PhoneIdentity
from contacts.queries.identities import find_identity, open_phone
from contacts.rules.reach import Reach
from engage import persian
from engage.clock import today_in_tehran
from engage.db import db

PAGE_SIZE = 25
NAME_WORDS = func.array_to_tsvector(func.string_to_array(Contact.search_key, " "))
"""A name's words, as ix_contact_name_words holds them: any of them is found by its beginning."""


@dataclass(frozen=True)
class ContactSummary:
    """A line of the list. `standing`: given, withdrawn, none (never asked), suppressed, reassigned; for survey invitations.

    Of a person whose number has changed hands nothing is told but that it has.
    """

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
    reach: str = ""
    tag_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class ContactPage:
    """`first` counts the rows before the page from 1, as the address said; `next` and `previous` are ids to go on from, or None."""

    items: list[ContactSummary]
    count: int
    next: int | None = None
    previous: int | None = None


@dataclass(frozen=True)
class SearchFilter:
    """What is looked for; an empty value leaves a field open. It travels as JSON into bulk changes and exports."""

    words: str = ""
    """A whole number in any writing, or beginnings of a name's words in any order"""
    neighbourhood: str = ""
    gender: str = ""
    age_from: int | None = None
    age_to: int | None = None
    """Years in the Jalali calendar; whoever's birth year is unknown is left out as soon as one end is given"""
    language: str = ""
    tag_id: int | None = None
    field: str = ""
    """Key of a unit's own field, together with `value`"""
    value: Any = None
    """As it is stored: text is found by its own spelling, None finds whoever has any value"""
    standing: str = ""
    reach: str = ""
    is_shared: bool = False
    import_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self == SearchFilter()

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None, False) or name == "value"}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> SearchFilter:
        known = {each.name for each in fields(cls)}
        return replace(cls(), **{name: value for name, value in stored.items() if name in known})


STANDINGS = ("given", "withdrawn", "none", "suppressed", "reassigned")
_SHARED_AT_MOST = 10_000
REACHES = (Reach.SUSPECT.value, Reach.UNREACHABLE.value)


def search_contacts(
    unit_ids: Collection[int],
    wanted: SearchFilter | None = None,
    *,
    words: str = "",
    purpose: str = "survey_invitation",
    after: int | None = None,
    before: int | None = None,
) -> ContactPage:
    """A page of the units' contacts in Persian order, beginning behind the contact `after` or ending ahead of `before`."""
    wanted = wanted or SearchFilter(words=words)
    conditions = conditions_of(wanted, purpose)
    count = count_matching(unit_ids, wanted, purpose)
    edge = _edge(unit_ids, after or before)
    is_back = edge is not None and after is None
    ids = _page_ids(unit_ids, conditions, edge, is_back=is_back, is_rare=bool(wanted.words))
    has_more = len(ids) > PAGE_SIZE
    ids = ids[:PAGE_SIZE]
    if is_back:
        ids.reverse()
    items = _summaries(ids, purpose)
    return ContactPage(
        items,
        count,
        next=ids[-1] if ids and (is_back or has_more) else None,
        previous=ids[0] if ids and edge is not None and (has_more or not is_back) else None,
    )


def count_matching(unit_ids: Collection[int], wanted: SearchFilter, purpose: str = "survey_invitation") -> int:
    """How many contacts of these units fit."""
    found = select(func.count()).select_from(Contact).where(Contact.unit_id.in_(unit_ids), *conditions_of(wanted, purpose))
    return db.session.scalar(found) or 0


def count_contacts(unit_ids: Collection[int]) -> int:
    """Contacts of these units; whoever's number has changed hands is none any more."""
    return count_matching(unit_ids, SearchFilter())


def matching_ids(unit_ids: Collection[int], wanted: SearchFilter, *, after_id: int = 0, up_to_id: int | None = None, limit: int = 2_000) -> list[int]:
    """The next `limit` ids of those who fit, in the order of ids: what a long change goes through piece by piece."""
    found = (
        select(Contact.id)
        .where(Contact.unit_id.in_(unit_ids), Contact.id > after_id, *conditions_of(wanted))
        .order_by(Contact.id)
        .limit(limit)
    )
    if up_to_id is not None:
        found = found.where(Contact.id <= up_to_id)
    return list(db.session.scalars(found))


def conditions_of(wanted: SearchFilter, purpose: str = "survey_invitation") -> list[ColumnElement[bool]]:
    """What the filter says, as conditions on `Contact`; the units are the caller's to add."""
    found: list[ColumnElement[bool]] = []
    number = persian.parse_phone(wanted.words) if wanted.words.strip() else None
    if number is not None:
        identity_id = find_identity(number) or -1
        # An officer who looks up a number learns that it has changed hands, and nothing of the person before.
        found.append(or_(Contact.identity_id == identity_id, Contact.former_identity_id == identity_id))
    elif wanted.standing == "reassigned":
        found.append(Contact.identity_id.is_(None))
    else:
        found.append(Contact.identity_id.is_not(None))
    if wanted.words.strip() and number is None:
        found.append(_named(wanted.words))
    if wanted.neighbourhood:
        found.append(Contact.neighbourhood == wanted.neighbourhood)
    if wanted.gender:
        found.append(Contact.gender == wanted.gender)
    if wanted.age_from is not None or wanted.age_to is not None:
        this_year = persian.to_jalali(today_in_tehran())[0]
        if wanted.age_from is not None:
            found.append(Contact.birth_year <= this_year - wanted.age_from)
        if wanted.age_to is not None:
            found.append(Contact.birth_year >= this_year - wanted.age_to)
    if wanted.language:
        found.append(Contact.language == wanted.language)
    if wanted.tag_id is not None:
        # The second condition is the index's own.
        found.append(and_(Contact.tag_ids.op("@>")(cast([wanted.tag_id], ARRAY(Integer))), Contact.tag_ids != cast([], ARRAY(Integer))))
    if wanted.field:
        is_filled = Contact.custom != cast({}, JSONB)
        if wanted.value is None:
            found.append(and_(is_filled, Contact.custom.has_key(wanted.field)))
        else:
            found.append(and_(is_filled, Contact.custom.contains({wanted.field: wanted.value})))
    if wanted.is_shared:
        found.append(Contact.is_shared.is_(True))
    if wanted.import_id is not None:
        found.append(Contact.import_id == wanted.import_id)
    if wanted.reach:
        found.append(Contact.identity_id.in_(select(PhoneIdentity.id).where(PhoneIdentity.reach == wanted.reach)))
    if wanted.standing and wanted.standing != "reassigned":
        found.extend(_standing_conditions(wanted.standing, purpose))
    return found


def _standing_conditions(standing: str, purpose: str) -> list[ColumnElement[bool]]:
    suppressed = select(PhoneIdentity.id).where(PhoneIdentity.suppressed_at.is_not(None))
    if standing == "suppressed":
        return [Contact.identity_id.in_(suppressed)]
    said = select(ContactConsent.contact_id).where(ContactConsent.contact_id == Contact.id, ContactConsent.purpose == purpose)
    stands = {
        "given": said.where(ContactConsent.given).exists(),
        "withdrawn": said.where(~ContactConsent.given).exists(),
        "none": ~said.exists(),
    }[standing]
    return [stands, Contact.identity_id.not_in(suppressed)]


def _named(words: str) -> ColumnElement[bool]:
    parts = persian.search_key(words).split()
    quoted = " & ".join("'" + part.replace("\\", "\\\\").replace("'", "''") + "':*" for part in parts)
    own = NAME_WORDS.op("@@")(cast(literal(quoted, Text), TSQUERY)) if parts else true()
    escaped = [part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in parts]
    named = select(ContactAlias.contact_id).where(*((literal(" ", Text) + ContactAlias.name_key).like(f"% {part}%") for part in escaped))
    # Found first: a condition that may come true in another table would keep both indexes from being used.
    shared = set(db.session.scalars(named.limit(_SHARED_AT_MOST)))
    return or_(own, Contact.id.in_(shared)) if shared else own


def _edge(unit_ids: Collection[int], contact_id: int | None) -> tuple[str, int] | None:
    if contact_id is None:
        return None
    row = db.session.execute(select(Contact.sort_key, Contact.id).where(Contact.id == contact_id, Contact.unit_id.in_(unit_ids))).first()
    return None if row is None else (row.sort_key, row.id)


def _page_ids(
    unit_ids: Collection[int], conditions: list[ColumnElement[bool]], edge: tuple[str, int] | None, *, is_back: bool, is_rare: bool
) -> list[int]:
    """One id more than a page holds. Every unit's people lie in order in an index, so of many units each gives a page and the best of
    them are taken; what few people have (a name) is found first and sorted then."""
    conditions = list(conditions)
    if edge is not None:
        here = tuple_(Contact.sort_key, Contact.id)
        conditions.append(here < edge if is_back else here > edge)

    def ordered(key: Any, contact_id: Any) -> tuple[Any, Any]:
        return (key.desc(), contact_id.desc()) if is_back else (key, contact_id)

    limit = PAGE_SIZE + 1
    base = select(Contact.id, Contact.sort_key).where(*conditions)
    if is_rare or len(unit_ids) == 1:
        return list(db.session.scalars(base.where(Contact.unit_id.in_(unit_ids)).order_by(*ordered(Contact.sort_key, Contact.id)).limit(limit)))
    units = select(func.unnest(cast(list(unit_ids), ARRAY(Integer))).label("unit_id")).subquery("unit")
    first = base.where(Contact.unit_id == units.c.unit_id).order_by(*ordered(Contact.sort_key, Contact.id)).limit(limit).lateral("first")
    merged = select(first.c.id).select_from(units.join(first, true())).order_by(*ordered(first.c.sort_key, first.c.id)).limit(limit)
    return list(db.session.scalars(merged))


def _summaries(ids: list[int], purpose: str) -> list[ContactSummary]:
    number = func.coalesce(Contact.identity_id, Contact.former_identity_id)
    rows = db.session.execute(
        select(Contact, PhoneIdentity.id, PhoneIdentity.phone_cipher, PhoneIdentity.suppressed_at, PhoneIdentity.reach, ContactConsent.given)
        .outerjoin(PhoneIdentity, PhoneIdentity.id == number)
        .outerjoin(ContactConsent, and_(ContactConsent.contact_id == Contact.id, ContactConsent.purpose == purpose))
        .where(Contact.id.in_(ids))
    )
    found = {}
    for contact, identity_id, cipher, suppressed_at, reach, given in rows:
        is_closed = contact.reassigned_at is not None
        found[contact.id] = ContactSummary(
            id=contact.id,
            unit_id=contact.unit_id,
            name="" if is_closed else f"{contact.first_name} {contact.last_name}".strip(),
            phone="" if cipher is None else open_phone(identity_id, cipher),
            neighbourhood="" if is_closed else contact.neighbourhood,
            birth_year=None if is_closed else contact.birth_year,
            gender="" if is_closed else contact.gender,
            is_shared=contact.is_shared and not is_closed,
            standing=standing_of(contact.reassigned_at, suppressed_at, given),
            reach="" if is_closed else reach or "",
            tag_ids=() if is_closed else tuple(contact.tag_ids),
        )
    return [found[contact_id] for contact_id in ids if contact_id in found]


def standing_of(reassigned_at: datetime | None, suppressed_at: datetime | None, given: bool | None) -> str:
    """Where a person stands in one word; what holds for the whole number goes first."""
    if reassigned_at is not None:
        return "reassigned"
    if suppressed_at is not None:
        return "suppressed"
    return "none" if given is None else "given" if given else "withdrawn"


def filter_json(wanted: SearchFilter) -> str:
    """The filter as one hidden value of a form."""
    return json.dumps(wanted.to_json(), ensure_ascii=False, sort_keys=True)
