"""What an administrator may do to units and people: inside the own subtree, never to the own rights. The operator may all."""

from __future__ import annotations

from sqlalchemy import select

from engage.db import db
from engage.identity.models import RoleGrant, Unit, User
from engage.identity.queries import permitted_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused


def check_unit_right(actor_id: int | None, permission: Permission, unit_id: int) -> None:
    """Refused("not_in_your_units") unless the actor holds this permission in the unit."""
    if actor_id is not None and unit_id not in permitted_unit_ids(actor_id, permission):
        raise Refused("not_in_your_units")


def check_user_right(actor_id: int | None, user: User) -> None:
    """Refused unless every right this user holds lies within the actor's own units: whoever could set the password of someone above
    them could become them. Refused: "own_account", "not_in_your_units"."""
    if actor_id is None:
        return
    if user.id == actor_id:
        raise Refused("own_account")
    mine = permitted_unit_ids(actor_id, Permission.USERS_MANAGE)
    theirs = set(db.session.scalars(select(RoleGrant.unit_id).where(RoleGrant.user_id == user.id)))
    if not theirs <= mine:
        raise Refused("not_in_your_units")


def locked_user(user_id: int) -> User:
    """The user's row, locked until the transaction ends. Refused("user_missing")."""
    user = db.session.scalar(select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True))
    if user is None:
        raise Refused("user_missing")
    return user


def locked_unit(unit_id: int) -> Unit:
    """The unit's row, locked until the transaction ends. Refused("unit_missing")."""
    unit = db.session.scalar(select(Unit).where(Unit.id == unit_id).with_for_update().execution_options(populate_existing=True))
    if unit is None:
        raise Refused("unit_missing")
    return unit


def home_unit_id(user_id: int) -> int | None:
    """The unit in whose audit log this user's own doings stand: the highest one of their rights."""
    return db.session.scalar(
        select(Unit.id).join(RoleGrant, RoleGrant.unit_id == Unit.id).where(RoleGrant.user_id == user_id).order_by(Unit.path).limit(1)
    )
