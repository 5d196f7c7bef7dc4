"""Reads: units, users, who may do what where, and the audit log's people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from engage import persian
from engage.db import db
from engage.identity import rules
from engage.identity.models import AuditEntry, RoleGrant, Unit, User
from engage.identity.rules import Permission, Role
from engage.refusal import Refused


@dataclass(frozen=True)
class UnitNode:
    """A unit in its tree, with the roles the asker holds there (their own there or from above)."""

    id: int
    parent_id: int | None
    path: str
    slug: str
    kind: str
    name: str
    sms_name: str
    approval_recipients: int
    approval_cost: int
    depth: int = 0
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class GrantSummary:
    id: int
    role: Role
    unit_id: int
    unit_name: str


@dataclass(frozen=True)
class UserSummary:
    id: int
    email: str
    name: str
    active: bool
    is_demo: bool
    has_second_factor: bool
    has_phone: bool
    """Whether they have confirmed a number of their own; the number is nobody else's business."""
    must_change_password: bool
    created_at: datetime
    grants: tuple[GrantSummary, ...]


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Persian order in which «منطقهٔ ۲» comes before «منطقهٔ ۱۰»."""
    parts = re.split(r"([0-9]+)", persian.to_latin_digits(name))
    return tuple((int(part), "") if part.isdigit() else (-1, persian.sort_key(part)) for part in parts)


def _in_tree_order(nodes: Iterable[UnitNode]) -> tuple[UnitNode, ...]:
    by_id = {node.id: node for node in nodes}
    children: dict[int | None, list[UnitNode]] = {}
    for node in by_id.values():
        children.setdefault(node.parent_id if node.parent_id in by_id else None, []).append(node)
    ordered: list[UnitNode] = []

    def walk(parent: int | None, depth: int) -> None:
        for node in sorted(children.get(parent, ()), key=lambda each: _natural(each.name)):
            ordered.append(replace(node, depth=depth))
            walk(node.id, depth + 1)

    walk(None, 0)
    return tuple(ordered)


_COLUMNS = (
    Unit.id,
    Unit.parent_id,
    Unit.path,
    Unit.slug,
    Unit.kind,
    Unit.name,
    Unit.sms_name,
    Unit.approval_recipients,
    Unit.approval_cost,
)


def units_of_user(user_id: int) -> tuple[UnitNode, ...]:
    """Every unit in the subtrees of the user's grants with the roles held there, in tree order. One statement."""
    granted = aliased(Unit)
    rows = db.session.execute(
        select(*_COLUMNS, func.array_agg(RoleGrant.role.distinct()))
        .join(granted, func.starts_with(Unit.path, granted.path))
        .join(RoleGrant, RoleGrant.unit_id == granted.id)
        .where(RoleGrant.user_id == user_id)
        .group_by(Unit.id)
    )
    return _in_tree_order(replace(UnitNode(*row[:-1]), roles=frozenset(Role(role) for role in row[-1])) for row in rows)


def units_tree() -> tuple[UnitNode, ...]:
    """All units, parents before children, siblings in Persian order; `depth` counts from 0."""
    return _in_tree_order(UnitNode(*row) for row in db.session.execute(select(*_COLUMNS)))


def get_unit(unit_id: int) -> UnitNode | None:
    row = db.session.execute(select(*_COLUMNS).where(Unit.id == unit_id)).first()
    return UnitNode(*row) if row else None


def require_unit(unit_id: int) -> UnitNode:
    """The unit; Refused("unit_missing") when there is none."""
    unit = get_unit(unit_id)
    if unit is None:
        raise Refused("unit_missing")
    return unit


def find_unit(slug: str) -> UnitNode | None:
    """The unit of this public id."""
    row = db.session.execute(select(*_COLUMNS).where(Unit.slug == slug)).first()
    return UnitNode(*row) if row else None


def subtree_unit_ids(unit_id: int) -> frozenset[int]:
    """The unit and all units below it."""
    top = aliased(Unit)
    rows = db.session.scalars(select(Unit.id).join(top, func.starts_with(Unit.path, top.path)).where(top.id == unit_id))
    return frozenset(rows)


def permitted_unit_ids(user_id: int, permission: Permission) -> frozenset[int]:
    """Units where this user may do this: for the command line and jobs; pages ask `engage.identity.guard`. A closed account may nothing."""
    if not db.session.scalar(select(User.active).where(User.id == user_id)):
        return frozenset()
    return frozenset(node.id for node in units_of_user(user_id) if rules.may(node.roles, permission))


def may_user(user_id: int, permission: Permission, unit_id: int) -> bool:
    return unit_id in permitted_unit_ids(user_id, permission)


def find_user_id(email: str) -> int | None:
    """The active user of this address."""
    return db.session.scalar(select(User.id).where(User.email == rules.normalise_email(email), User.active))


def user_name(user_id: int | None) -> str | None:
    return None if user_id is None else db.session.scalar(select(User.name).where(User.id == user_id))


def user_names(user_ids: Iterable[int]) -> dict[int, str]:
    wanted = set(user_ids)
    if not wanted:
        return {}
    return {row.id: row.name for row in db.session.execute(select(User.id, User.name).where(User.id.in_(wanted)))}


def get_user(user_id: int) -> UserSummary | None:
    found = _summaries([user_id])
    return found[0] if found else None


def list_users(unit_ids: Iterable[int] | None = None, *, active: bool | None = None) -> tuple[UserSummary, ...]:
    """Users with a grant in any of these units (all users if None), in Persian order of their names."""
    statement = select(User.id)
    if unit_ids is not None:
        statement = statement.where(User.id.in_(select(RoleGrant.user_id).where(RoleGrant.unit_id.in_(set(unit_ids)))))
    if active is not None:
        statement = statement.where(User.active.is_(active))
    return tuple(sorted(_summaries(list(db.session.scalars(statement))), key=lambda user: (not user.active, _natural(user.name))))


def managers_of(unit_id: int, permission: Permission) -> tuple[UserSummary, ...]:
    """Active users who may do this in the unit: whom an approval waits for."""
    unit = get_unit(unit_id)
    if unit is None:
        return ()
    above = [int(part) for part in unit.path.strip("/").split("/")]
    roles = [role for role in Role if rules.may([role], permission)]
    ids = db.session.scalars(
        select(User.id).distinct().join(RoleGrant).where(User.active, RoleGrant.unit_id.in_(above), RoleGrant.role.in_(roles))
    )
    return tuple(sorted(_summaries(list(ids)), key=lambda user: _natural(user.name)))


def _summaries(user_ids: list[int]) -> list[UserSummary]:
    if not user_ids:
        return []
    grants: dict[int, list[GrantSummary]] = {}
    rows = db.session.execute(
        select(RoleGrant.user_id, RoleGrant.id, RoleGrant.role, Unit.id, Unit.name)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .where(RoleGrant.user_id.in_(user_ids))
        .order_by(Unit.path, RoleGrant.role)
    )
    for user_id, grant_id, role, unit_id, unit_name in rows:
        grants.setdefault(user_id, []).append(GrantSummary(grant_id, Role(role), unit_id, unit_name))
    people = db.session.execute(
        select(
            User.id,
            User.email,
            User.name,
            User.active,
            User.is_demo,
            User.totp_secret.is_not(None),
            User.phone_confirmed_at.is_not(None),
            User.must_change_password,
            User.created_at,
        ).where(User.id.in_(user_ids))
    )
    return [UserSummary(*row._tuple(), tuple(grants.get(row[0], ()))) for row in people]


@dataclass(frozen=True)
class LastAudit:
    """The newest entry about something."""

    actor_id: int | None
    at: datetime
    detail: dict[str, Any]


def last_audit(object_type: str, object_id: int | str, actions: Collection[str]) -> LastAudit | None:
    """The newest entry of the audit log with one of these actions about this thing."""
    wanted = (AuditEntry.object_type == object_type, AuditEntry.object_id == str(object_id), AuditEntry.action.in_(list(actions)))
    row = db.session.execute(
        select(AuditEntry.actor_id, AuditEntry.at, AuditEntry.detail).where(*wanted).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    return None if row is None else LastAudit(*row)
