"""Time limits, and whom they touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from contacts.models import CustomField, RetentionRule
from contacts.queries.fields import fields_of
from contacts.queries.people import list_purposes
from contacts.rules.retention import CUSTOM, Limit, Subject, cutoff, limits_in_force
from engage.db import db
from engage.identity.queries import subtree_unit_ids, units_tree

_LAST_SAID = "GREATEST(person.updated_at, (SELECT max(since) FROM contact_consent WHERE contact_id = person.id AND given))"

_FILLED = {
    "first_name": "person.first_name <> ''",
    "last_name": "person.last_name <> ''",
    "neighbourhood": "person.neighbourhood <> ''",
    "gender": "person.gender <> ''",
    "birth_year": "person.birth_year IS NOT NULL",
    "language": "person.language <> ''",
}


@dataclass(frozen=True)
class Touched:
    """How many people a limit touches now, and how many it will at the next run."""

    now: int
    next_run: int


@dataclass(frozen=True)
class LimitRecord:
    """A time limit as it is shown. `unit_count`: in so many units it is the nearest."""

    id: int
    limit: Limit
    unit_count: int
    touched: Touched


def who_is_due(limit: Limit) -> tuple[str, dict[str, Any]]:
    """SQL that is true of the contacts `person` a limit touches (parameter `cutoff`), and its other parameters."""
    match limit.subject:
        case Subject.PURPOSE:
            return (
                "EXISTS (SELECT 1 FROM contact_consent WHERE contact_id = person.id AND purpose = :key AND given AND since <= :cutoff)",
                {"key": limit.key},
            )
        case Subject.PERSON:
            return (
                "NOT EXISTS (SELECT 1 FROM contact_consent WHERE contact_id = person.id AND given)"
                " AND COALESCE((SELECT max(since) FROM contact_consent WHERE contact_id = person.id), person.created_at) <= :cutoff",
                {},
            )
    if limit.key == "notes":
        return "EXISTS (SELECT 1 FROM contact_note WHERE contact_id = person.id AND at <= :cutoff)", {}
    if limit.key.startswith(CUSTOM):
        return f"person.custom <> '{{}}' AND person.custom ? :key AND {_LAST_SAID} <= :cutoff", {"key": limit.key.removeprefix(CUSTOM)}
    filled = _FILLED[limit.key]
    if limit.key in ("first_name", "last_name"):
        filled = f"({filled} OR EXISTS (SELECT 1 FROM contact_alias alias WHERE alias.contact_id = person.id AND alias.{limit.key} <> ''))"
    return f"{filled} AND {_LAST_SAID} <= :cutoff", {}


def limits() -> list[tuple[int, Limit]]:
    """Every limit of every unit with its id."""
    rows = db.session.execute(
        select(RetentionRule.id, RetentionRule.unit_id, RetentionRule.subject, RetentionRule.key, RetentionRule.months).order_by(RetentionRule.id)
    )
    return [(row.id, Limit(row.unit_id, Subject(row.subject), row.key, row.months)) for row in rows]


def unit_paths() -> dict[int, str]:
    return {node.id: node.path for node in units_tree()}


def limit_records(unit_ids: Iterable[int], at: datetime, next_run: datetime) -> list[LimitRecord]:
    """The limits these units set, with whom they touch within them."""
    wanted = frozenset(unit_ids)
    stored = limits()
    held = limits_in_force((limit for _, limit in stored), unit_paths())
    return [
        LimitRecord(id, limit, len(held.get(limit, ())), count_touched(limit, held.get(limit, ()), at, next_run))
        for id, limit in stored
        if limit.unit_id in wanted
    ]


def limits_from_above(unit_id: int) -> list[Limit]:
    """The limits units above this one set that hold here."""
    held = limits_in_force((limit for _, limit in limits()), unit_paths())
    return [limit for limit, units in held.items() if unit_id in units and limit.unit_id != unit_id]


def preview_limit(proposed: Limit, at: datetime, next_run: datetime) -> Touched:
    """Whom a limit would touch if it were set now."""
    others = [limit for _, limit in limits() if (limit.unit_id, *limit.about) != (proposed.unit_id, *proposed.about)]
    held = limits_in_force([*others, proposed], unit_paths())
    return count_touched(proposed, held.get(proposed, ()), at, next_run)


def count_touched(limit: Limit, unit_ids: Sequence[int], at: datetime, next_run: datetime) -> Touched:
    condition, values = who_is_due(limit)
    statement = text(f"SELECT count(*) FROM contact person WHERE person.unit_id = ANY(:units) AND {condition}")

    def count(moment: datetime) -> int:
        found = db.session.scalar(statement, {**values, "units": list(unit_ids), "cutoff": cutoff(moment, limit.months)})
        return int(found or 0)

    return Touched(count(at), count(next_run))


def custom_keys(unit_id: int) -> dict[str, str]:
    """Key → title of the fields the unit's people may have: its own, those from above and those of units below, archived ones too."""
    below = db.session.execute(
        select(CustomField.key, CustomField.title).where(CustomField.unit_id.in_(subtree_unit_ids(unit_id))).order_by(CustomField.id)
    )
    return {row.key: row.title for row in below} | {field.key: field.title for field in fields_of(unit_id, archived=True)}


def purpose_titles() -> dict[str, str]:
    return list_purposes()
