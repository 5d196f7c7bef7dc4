"""Who a campaign may write to: counted for the composer, frozen when approval is asked for, read in chunks for sending."""

from __future__ import annotations

import re
import sys
from array import array
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import array as sql_array
from sqlalchemy.orm import aliased

from contacts.models import AudienceMember, ContactConsent, PhoneIdentity
from contacts.queries.sendable import NOT_SENDABLE
from contacts.rules.sampling import Sample, allocate
from contacts.rules.segments import EVERYONE, Group, from_json, to_json
from contacts.segments.compile import rule_condition
from contacts.segments.criteria import PERSON, Scope, scope_of
from contacts.segments.exclusions import audience_exclusions, recent_answerers
from engage.db import db


@dataclass(frozen=True)
class AudienceFilter:
    """The people of a unit's subtree whom a rule finds, or a sample of those who may be written to."""

    unit_id: int
    rule: Group = EVERYONE
    sample: Sample | None = None
    segment: str | None = None
    """Public id of the saved segment the rule was taken from"""
    asks_permission: bool = False
    """Only people without documented consent, to ask them for it"""
    with_legal_basis: bool = False
    """A law lets a safety alert go to numbers that opted out, too"""
    answered_within: int | None = None
    """Whoever answered any survey in so many days is left in peace"""

    def to_json(self) -> dict[str, Any]:
        return {
            "unit_id": self.unit_id,
            "rule": to_json(self.rule),
            "sample": self.sample.to_json() if self.sample else None,
            "segment": self.segment,
            "asks_permission": self.asks_permission,
        } | ({"with_legal_basis": True} if self.with_legal_basis else {}) | (
            {"answered_within": self.answered_within} if self.answered_within else {}
        )

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> AudienceFilter:
        return cls(
            unit_id=int(stored["unit_id"]),
            rule=from_json(stored["rule"]),
            sample=Sample.from_json(stored["sample"]) if stored.get("sample") else None,
            segment=stored.get("segment"),
            asks_permission=bool(stored.get("asks_permission")),
            with_legal_basis=bool(stored.get("with_legal_basis")),
            answered_within=stored.get("answered_within"),
        )


REASONS = ("answered_lately", "frequency_cap", "invalid_number", "unreachable", "prior_relation", "list_held", "no_consent", "reassigned", "suppressed")
"""Why a number isn't written to; of several contacts with one number, the one whose reason comes first here speaks for it."""


@dataclass(frozen=True)
class AudienceCount:
    """Distinct numbers. `total` is the sum of `eligible` and the reasons: a number is counted under the first that holds."""

    total: int
    eligible: int
    suppressed: int = 0
    no_consent: int = 0
    reassigned: int = 0
    held: int = 0
    """The list that brought the consent is held back after disputes"""
    prior_relation: int = 0
    """Without documented consent, and the unit's policy doesn't let them have this text"""
    unreachable: int = 0
    frequency_cap: int = 0
    answered_lately: int = 0
    invalid_number: int = 0
    """The gateway says there is no such number"""
    unsendable: int | None = None
    """In counts that hide it: what is known of the number alone, in one figure rounded to tens, and `eligible` as far as it follows"""
    recipients: int = 0
    """Of the eligible, those who are drawn when there is a sample; else all of them"""

    def hiding_other_units(self) -> AudienceCount:
        """As an officer may see it: suppression, reach and the cap also come from other units' texts, so they appear as one figure
        rounded to tens, and no difference gives the exact one away."""
        hidden = self.suppressed + self.unreachable + self.frequency_cap + self.answered_lately + self.invalid_number
        own = self.no_consent + self.reassigned + self.held + self.prior_relation
        told = (hidden + 5) // 10 * 10
        if told > self.total - own:
            told = hidden // 10 * 10
        eligible = self.total - own - told
        drawn = min(self.recipients, eligible) if self.recipients < self.eligible else eligible
        gone = dict.fromkeys(("suppressed", "unreachable", "frequency_cap", "answered_lately", "invalid_number"), 0)
        return replace(self, eligible=eligible, unsendable=told, recipients=drawn, **gone)


@dataclass(frozen=True)
class Recipient:
    contact_id: int
    identity_id: int
    first_name: str
    last_name: str
    neighbourhood: str


# Of all numbers only those with something against them, which partial indexes list: the rest need no join.
_NUMBER = (
    select(PhoneIdentity.id, PhoneIdentity.suppressed_at, PhoneIdentity.reach)
    .where(PhoneIdentity.suppressed_at.is_not(None) | (PhoneIdentity.reach != ""))
    .subquery("number")
)
_CONSENT = aliased(ContactConsent, name="consent")
_NOT_SENDABLE = re.sub(r"%\((\w+)\)s", r":\1", NOT_SENDABLE)


def _reason(
    *, asks_permission: bool, with_legal_basis: bool, now_only: bool = True, answered_within: int | None = None
) -> ColumnElement[Any]:
    """Why `PERSON` isn't written to, as a code, or null: what the claim checks, and with `now_only` what would stop it today."""
    checked = text(_NOT_SENDABLE).bindparams(asks_permission=asks_permission, with_legal_basis=with_legal_basis)
    if not now_only:
        return func.coalesce(checked)
    more = [case((_NUMBER.c.reach == "unreachable", "unreachable"))]
    more += [case((PERSON.identity_id.in_(numbers), code)) for code, numbers in audience_exclusions()]
    answerers = recent_answerers(answered_within) if answered_within else None
    if answerers is not None:
        more.append(case((PERSON.identity_id.in_(answerers), "answered_lately")))
    return func.coalesce(checked, *more)


def _reason_today(audience: AudienceFilter) -> ColumnElement[Any]:
    return _reason(
        asks_permission=audience.asks_permission, with_legal_basis=audience.with_legal_basis, answered_within=audience.answered_within
    )


def _people(audience: AudienceFilter, purpose: str, scope: Scope, *columns: Any) -> Select[Any]:
    """Contacts the rule finds, with what the reasons need beside them."""
    found = (
        select(*columns)
        .select_from(PERSON)
        .outerjoin(_NUMBER, _NUMBER.c.id == PERSON.identity_id)
        .outerjoin(_CONSENT, and_(_CONSENT.contact_id == PERSON.id, _CONSENT.purpose == purpose))
        .where(rule_condition(audience.rule, scope))
    )
    return found.where(_CONSENT.basis == "prior_relation") if audience.asks_permission else found


def count_audience(audience: AudienceFilter, purpose: str) -> AudienceCount:
    """How many distinct numbers the rule finds, and why some of them may not be written to. Refused when the rule can't be read."""
    scope = scope_of(audience.unit_id)
    reason = _reason_today(audience)
    prepare_for_large_reads()
    if len(scope.unit_ids) == 1:
        # A unit knows a number once, so its contacts are the numbers.
        numbers = _people(audience, purpose, scope, reason.label("reason")).subquery()
        rows = db.session.execute(select(numbers.c.reason, func.count()).group_by(numbers.c.reason)).all()
        by_reason = {row[0]: row[1] for row in rows}
    else:
        nearness = func.coalesce(func.array_position(sql_array(REASONS), reason), case((reason.is_(None), 0), else_=len(REASONS)))
        numbers = _people(audience, purpose, scope, func.min(nearness).label("nearness")).group_by(PERSON.identity_id).subquery()
        rows = db.session.execute(select(numbers.c.nearness, func.count()).group_by(numbers.c.nearness)).all()
        by_reason = {REASONS[row[0] - 1] if row[0] else None: row[1] for row in rows}
    eligible = by_reason.get(None, 0)
    return AudienceCount(
        total=sum(by_reason.values()),
        eligible=eligible,
        suppressed=by_reason.get("suppressed", 0),
        no_consent=by_reason.get("no_consent", 0),
        reassigned=by_reason.get("reassigned", 0),
        held=by_reason.get("list_held", 0),
        prior_relation=by_reason.get("prior_relation", 0),
        unreachable=by_reason.get("unreachable", 0),
        frequency_cap=by_reason.get("frequency_cap", 0),
        answered_lately=by_reason.get("answered_lately", 0),
        invalid_number=by_reason.get("invalid_number", 0),
        recipients=min(eligible, audience.sample.size) if audience.sample else eligible,
    )


def audience_chunk(audience: AudienceFilter, purpose: str, after_contact_id: int = 0, limit: int = 5_000) -> list[Recipient]:
    """The next `limit` people who may be written to now, by contact id; each number once. [] at the end.

    What a campaign was approved for is read by `frozen_chunk`.
    """
    prepare_for_large_reads()
    drawn = draw(audience, purpose).subquery()
    rows = db.session.execute(
        select(PERSON.id, PERSON.identity_id, PERSON.first_name, PERSON.last_name, PERSON.neighbourhood)
        .join(drawn, drawn.c.id == PERSON.id)
        .where(PERSON.id > after_contact_id)
        .order_by(PERSON.id)
        .limit(limit)
    )
    return [Recipient(*row) for row in rows]


@dataclass(frozen=True)
class FrozenChunk:
    """Part of a frozen audience: whom its members are, by contact id, and where the next part begins."""

    contact_ids: list[int]
    identity_ids: list[int]
    names: list[tuple[str, str]] | None
    """(first name, neighbourhood) of each, where they were asked for"""
    last: int | None
    """The last member looked at; None when there are no more"""


def frozen_chunk(
    snapshot_id: int,
    purpose: str,
    *,
    asks_permission: bool = False,
    with_legal_basis: bool = False,
    with_names: bool = True,
    after_contact_id: int = 0,
    limit: int = 5_000,
) -> FrozenChunk:
    """Those of the next `limit` members of a frozen audience who may still be written to."""
    members = (
        select(AudienceMember.contact_id)
        .where(AudienceMember.snapshot_id == snapshot_id, AudienceMember.contact_id > after_contact_id)
        .order_by(AudienceMember.contact_id)
        .limit(limit)
        .subquery()
    )
    count, last = db.session.execute(select(func.count(), func.max(members.c.contact_id)).select_from(members)).one()
    if not count:
        return FrozenChunk([], [], [] if with_names else None, None)
    span = (after_contact_id + 1, last)
    # Both tables are told where the chunk begins and ends: then each is read in one go, not searched person by person.
    found = (
        select(PERSON.id, PERSON.identity_id, *((PERSON.first_name, PERSON.neighbourhood) if with_names else ()))
        .select_from(AudienceMember)
        .join(PERSON, PERSON.id == AudienceMember.contact_id)
        .outerjoin(_NUMBER, _NUMBER.c.id == PERSON.identity_id)
        .outerjoin(
            _CONSENT, and_(_CONSENT.contact_id == PERSON.id, _CONSENT.purpose == purpose, _CONSENT.contact_id.between(*span))
        )
        .where(
            AudienceMember.snapshot_id == snapshot_id,
            AudienceMember.contact_id.between(*span),
            PERSON.id.between(*span),
            PERSON.identity_id.is_not(None),
            _reason(asks_permission=asks_permission, with_legal_basis=with_legal_basis, now_only=False).is_(None),
        )
        .order_by(AudienceMember.contact_id)
    )
    after = last if count == limit else None
    if with_names:
        rows = db.session.execute(found).all()
        return FrozenChunk([row[0] for row in rows], [row[1] for row in rows], [(row[2], row[3]) for row in rows], after)
    # A million rows of two numbers each: as two columns of bytes they cost next to nothing to read.
    people = found.subquery()
    packed = db.session.execute(
        select(
            func.string_agg(func.int8send(people.c.id), aggregate_order_by(_NOTHING, people.c.id)),
            func.string_agg(func.int8send(people.c.identity_id), aggregate_order_by(_NOTHING, people.c.id)),
        )
    ).one()
    return FrozenChunk(_unpacked(packed[0]), _unpacked(packed[1]), None, after)


_NOTHING: ColumnElement[Any] = literal_column("''::bytea")


def _unpacked(column: bytes | None) -> list[int]:
    numbers = array("q", column or b"")
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tolist()


def draw(audience: AudienceFilter, purpose: str) -> Select[Any]:
    """Select of (id, identity_id, neighbourhood) of the contacts to write to: each number once, the oldest eligible contact standing
    for it, the sample drawn."""
    scope = scope_of(audience.unit_id)
    eligible = _people(audience, purpose, scope, PERSON.id, PERSON.identity_id, PERSON.neighbourhood).where(
        _reason_today(audience).is_(None)
    )
    if len(scope.unit_ids) > 1:
        eligible = eligible.distinct(PERSON.identity_id).order_by(PERSON.identity_id, PERSON.id)
    sample = audience.sample
    if sample is None:
        return eligible
    everyone = eligible.subquery()
    rank = _rank(sample.seed, everyone.c.identity_id)
    if not sample.by_neighbourhood:
        return select(everyone.c.id, everyone.c.identity_id, everyone.c.neighbourhood).order_by(rank).limit(sample.size)
    strata = {
        row[0]: row[1]
        for row in db.session.execute(select(everyone.c.neighbourhood, func.count()).group_by(everyone.c.neighbourhood))
    }
    shares = allocate(strata, sample.size, each_at_least_one=sample.each_at_least_one)
    place = func.row_number().over(partition_by=everyone.c.neighbourhood, order_by=rank).label("place")
    ranked = select(everyone.c.id, everyone.c.identity_id, everyone.c.neighbourhood, place).subquery()
    share = case(shares, value=ranked.c.neighbourhood, else_=0) if shares else 0
    return select(ranked.c.id, ranked.c.identity_id, ranked.c.neighbourhood).where(ranked.c.place <= share)


def _rank(seed: int, identity_id: Any) -> ColumnElement[Any]:
    """`contacts.rules.sampling.rank` in SQL."""
    return func.sha256(func.convert_to(func.concat(f"{seed}:", identity_id), "UTF8"))


def prepare_for_large_reads() -> None:
    """For the rest of this transaction, hashes of a large base stay in memory, and no time goes into compiling a statement."""
    db.session.execute(text("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"))
