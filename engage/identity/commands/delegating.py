"""A manager's delegate: named for some days, and taken back."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.delegations import possible_delegates, today
from engage.identity.models import Delegation
from engage.identity.notices import close_notices, notify_user
from engage.identity.queries import may_user, require_unit, user_name
from engage.identity.rules import Permission
from engage.persian import format_jalali
from engage.refusal import Refused

LONGEST = timedelta(days=92)
"""A season's absence; whoever is away longer is replaced."""


def name_delegate(user_id: int, delegate_id: int, unit_id: int, first_day: date, last_day: date, *, actor_id: Actor = CURRENT) -> int:
    """The delegate may approve in the manager's name in the unit and below it, on these days. The delegation's id.

    Refused: "delegation_not_yours" (only a manager of the unit, and for themselves), "delegate_unfit" (nobody of the unit's people, or the
    manager), "delegation_days_invalid" (in the past, the wrong way round, or longer than a season).
    """
    actor = who(actor_id)
    if actor is not None and actor != user_id or not may_user(user_id, Permission.CAMPAIGNS_APPROVE, unit_id):
        raise Refused("delegation_not_yours")
    if delegate_id not in dict(possible_delegates(unit_id, of=user_id)):
        raise Refused("delegate_unfit")
    if not today() <= last_day or not first_day <= last_day or last_day - first_day > LONGEST:
        raise Refused("delegation_days_invalid", most=LONGEST.days)
    with transaction() as session:
        delegation = Delegation(
            user_id=user_id, delegate_id=delegate_id, unit_id=unit_id, first_day=first_day, last_day=last_day, created_at=now()
        )
        session.add(delegation)
        session.flush()
        _record("delegate_named", delegation, actor)
        notify_user(
            delegate_id,
            "delegate_named",
            cause=_cause(delegation.id),
            params={
                "manager": user_id,
                "unit": require_unit(unit_id).name,
                "first_day": format_jalali(first_day),
                "last_day": format_jalali(last_day),
            },
            path="/console/settings/delegations",
            text=True,
            unit_id=unit_id,
        )
        return delegation.id


def revoke_delegation(delegation_id: int, *, actor_id: Actor = CURRENT) -> None:
    """It ends now; a second time changes nothing. Refused("delegation_not_yours") for anybody but its manager and the unit's administrators."""
    actor = who(actor_id)
    with transaction() as session:
        delegation = session.scalar(select(Delegation).where(Delegation.id == delegation_id).with_for_update())
        if delegation is None:
            raise Refused("delegation_not_yours")
        if actor is not None and actor != delegation.user_id and not may_user(actor, Permission.USERS_MANAGE, delegation.unit_id):
            raise Refused("delegation_not_yours")
        if delegation.revoked_at is not None:
            return
        delegation.revoked_at = now()
        session.flush()
        _record("delegation_revoked", delegation, actor)
        close_notices(_cause(delegation_id))


def _cause(delegation_id: int) -> str:
    return f"delegation:{delegation_id}"


def _record(action: str, delegation: Delegation, actor: int | None) -> None:
    record_audit(
        action,
        unit_id=delegation.unit_id,
        object_type="delegation",
        object_id=delegation.id,
        detail={
            "name": user_name(delegation.user_id),
            "delegate": user_name(delegation.delegate_id),
            "first_day": format_jalali(delegation.first_day),
            "last_day": format_jalali(delegation.last_day),
        },
        actor_id=actor,
    )
