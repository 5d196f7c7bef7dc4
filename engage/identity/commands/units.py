"""Making and changing units."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from engage import persian
from engage.clock import now
from engage.db import db, transaction
from engage.identity import rules
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.commands.rights import check_unit_right, locked_unit
from engage.identity.models import Unit
from engage.identity.rules import Permission
from engage.refusal import Refused

RECIPIENTS = 500
COST = 1_000_000


def create_unit(
    *,
    parent_id: int | None,
    kind: str,
    name: str,
    sms_name: str,
    slug: str,
    approval_recipients: int = RECIPIENTS,
    approval_cost: int = COST,
    actor_id: Actor = CURRENT,
) -> int:
    """The id of a new unit below `parent_id` (None: a municipality, by the operator alone). `approval_cost` in rials.

    Refused: "not_in_your_units", "unit_missing", "unit_slug_taken" and those of `rules.check_unit`.
    """
    actor = who(actor_id)
    name, sms_name = persian.normalise(name), persian.normalise(sms_name)
    slug = slug.strip().lower()
    with transaction() as session:
        if parent_id is None:
            if actor is not None:
                raise Refused("not_in_your_units")
            parent = None
        else:
            check_unit_right(actor, Permission.UNITS_MANAGE, parent_id)
            parent = locked_unit(parent_id)
        rules.check_unit(
            kind,
            parent.kind if parent else None,
            slug=slug,
            name=name,
            sms_name=sms_name,
            recipients=approval_recipients,
            cost=approval_cost,
        )
        if session.scalar(select(Unit.id).where(Unit.slug == slug)):
            raise Refused("unit_slug_taken")
        unit = Unit(
            parent_id=parent_id,
            path=f"?{secrets.token_hex(8)}",
            slug=slug,
            kind=kind,
            name=name,
            sms_name=sms_name,
            approval_recipients=approval_recipients,
            approval_cost=approval_cost,
            created_at=now(),
        )
        session.add(unit)
        session.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        session.flush()
        record_audit("unit_created", unit_id=unit.id, object_type="unit", object_id=unit.id, detail={"name": name}, actor_id=actor)
        return unit.id


def update_unit(unit_id: int, *, name: str, sms_name: str, approval_recipients: int, approval_cost: int, actor_id: Actor = CURRENT) -> None:
    """The unit has these values; its kind, place and public id stay. Refused as `create_unit`."""
    actor = who(actor_id)
    name, sms_name = persian.normalise(name), persian.normalise(sms_name)
    with transaction():
        check_unit_right(actor, Permission.UNITS_MANAGE, unit_id)
        unit = locked_unit(unit_id)
        rules.check_unit_texts(name=name, sms_name=sms_name, recipients=approval_recipients, cost=approval_cost)
        wanted = {"name": name, "sms_name": sms_name, "approval_recipients": approval_recipients, "approval_cost": approval_cost}
        before = {key: getattr(unit, key) for key, value in wanted.items() if getattr(unit, key) != value}
        if not before:
            return
        for key in before:
            setattr(unit, key, wanted[key])
        db.session.flush()
        record_audit(
            "unit_changed",
            unit_id=unit_id,
            object_type="unit",
            object_id=unit_id,
            detail={"name": name, "before": before, "after": {key: wanted[key] for key in before}},
            actor_id=actor,
        )
