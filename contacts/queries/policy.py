"""What a unit decided about its contact base; where it decided nothing, the nearest unit above that did."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from contacts.models import ContactPolicy
from contacts.queries.fields import units_above
from contacts.rules.consent import PriorRelation
from engage.db import db


@dataclass(frozen=True)
class Policy:
    imports_need_release: bool = False
    prior_relation_receives: PriorRelation = PriorRelation.EVERYTHING
    dispute_hold_count: int = 5
    """0 never holds"""
    upload_days: int = 7
    is_double_opt_in: bool = True
    unit_id: int | None = None
    """The unit that decided this; None where nobody did and the product's own values hold"""


def policy_of(unit_id: int) -> Policy:
    """What holds in this unit."""
    above = units_above(unit_id)
    rows = db.session.scalars(select(ContactPolicy).where(ContactPolicy.unit_id.in_(above)).execution_options(populate_existing=True))
    nearest = max(rows, key=lambda row: above.index(row.unit_id), default=None)
    return Policy() if nearest is None else _policy(nearest)


def own_policy(unit_id: int) -> Policy | None:
    """What this very unit decided, or None where it follows the units above."""
    row = db.session.get(ContactPolicy, unit_id, populate_existing=True)
    return None if row is None else _policy(row)


def _policy(row: ContactPolicy) -> Policy:
    return Policy(
        imports_need_release=row.imports_need_release,
        prior_relation_receives=PriorRelation(row.prior_relation_receives),
        dispute_hold_count=row.dispute_hold_count,
        upload_days=row.upload_days,
        is_double_opt_in=row.is_double_opt_in,
        unit_id=row.unit_id,
    )
