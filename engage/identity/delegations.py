"""Reads of delegations: who may approve in whose name, where, and on which days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engage.clock import TEHRAN, now
from engage.db import db
from engage.identity.models import Delegation, RoleGrant, Unit, User
from engage.identity.queries import may_user
from engage.identity.rules import Permission


@dataclass(frozen=True)
class DelegationView:
    """One delegation with the names a page shows; the days are Gregorian, both included."""

    id: int
    user_id: int
    user_name: str
    delegate_id: int
    delegate_name: str
    unit_id: int
    unit_name: str
    first_day: date
    last_day: date

    @property
    def is_current(self) -> bool:
        return self.first_day <= today() <= self.last_day


def today() -> date:
    """Tehran's."""
    return now().astimezone(TEHRAN).date()


def list_delegations(unit_ids: Collection[int], *, user_id: int | None = None) -> list[DelegationView]:
    """Those of these units that aren't over or revoked, the earliest first; only the user's own if given."""
    manager, delegate = aliased(User), aliased(User)
    rows = (
        select(
            Delegation.id,
            manager.id,
            manager.name,
            delegate.id,
            delegate.name,
            Unit.id,
            Unit.name,
            Delegation.first_day,
            Delegation.last_day,
        )
        .join(manager, manager.id == Delegation.user_id)
        .join(delegate, delegate.id == Delegation.delegate_id)
        .join(Unit, Unit.id == Delegation.unit_id)
        .where(Delegation.unit_id.in_(unit_ids), Delegation.revoked_at.is_(None), Delegation.last_day >= today())
        .order_by(Delegation.first_day, Delegation.id)
    )
    if user_id is not None:
        rows = rows.where(Delegation.user_id == user_id)
    return [DelegationView(*row) for row in db.session.execute(rows)]


def find_delegation(delegation_id: int) -> DelegationView | None:
    """The delegation, unless it is over or revoked."""
    unit_id = db.session.scalar(select(Delegation.unit_id).where(Delegation.id == delegation_id))
    found = [] if unit_id is None else list_delegations([unit_id])
    return next((each for each in found if each.id == delegation_id), None)


def delegators_of(user_id: int, unit_id: int) -> tuple[int, ...]:
    """Managers in whose name this user may approve in the unit today: who still hold that right there themselves."""
    covering = aliased(Unit)
    ids = db.session.scalars(
        select(Delegation.user_id)
        .distinct()
        .join(covering, covering.id == Delegation.unit_id)
        .join(Unit, func.starts_with(Unit.path, covering.path))
        .join(User, User.id == Delegation.delegate_id)
        .where(
            Delegation.delegate_id == user_id,
            User.active,
            Unit.id == unit_id,
            Delegation.revoked_at.is_(None),
            Delegation.first_day <= today(),
            Delegation.last_day >= today(),
        )
        .order_by(Delegation.user_id)
    )
    return tuple(manager for manager in ids if may_user(manager, Permission.CAMPAIGNS_APPROVE, unit_id))


def delegated_unit_ids(user_id: int) -> frozenset[int]:
    """Units in which this user may approve in somebody's name today."""
    covering = aliased(Unit)
    rows = db.session.execute(
        select(Delegation.user_id, Unit.id)
        .join(covering, covering.id == Delegation.unit_id)
        .join(Unit, func.starts_with(Unit.path, covering.path))
        .where(
            Delegation.delegate_id == user_id,
            Delegation.revoked_at.is_(None),
            Delegation.first_day <= today(),
            Delegation.last_day >= today(),
        )
    ).all()
    return frozenset(unit_id for manager, unit_id in rows if may_user(manager, Permission.CAMPAIGNS_APPROVE, unit_id))


def possible_delegates(unit_id: int, *, of: int) -> list[tuple[int, str]]:
    """(id, name) of the active users with a role in the unit or below it, except the manager themselves."""
    top = aliased(Unit)
    rows = db.session.execute(
        select(User.id, User.name)
        .distinct()
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .join(top, func.starts_with(Unit.path, top.path))
        .where(top.id == unit_id, User.active, User.id != of)
        .order_by(User.name)
    )
    return [(row.id, row.name) for row in rows]
