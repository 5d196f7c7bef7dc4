"""The audit log: every decision of a person, written in the decision's own transaction."""

from __future__ import annotations

from typing import Any, Final

from engage.clock import now
from engage.db import db, in_transaction
from engage.identity.guard import current_actor_id
from engage.identity.models import AuditEntry


class _Current:
    def __repr__(self) -> str:
        return "the person behind this request"


CURRENT: Final = _Current()
"""Stands for the person behind this request; outside of one, for the operator of the machine (None)."""

Actor = int | None | _Current


def who(actor_id: Actor) -> int | None:
    return current_actor_id() if isinstance(actor_id, _Current) else actor_id


def record_audit(
    action: str,
    *,
    unit_id: int | None,
    object_type: str,
    object_id: int | str,
    detail: dict[str, Any] | None = None,
    actor_id: Actor = CURRENT,
) -> None:
    """This decision is in the audit log if and only if the current transaction commits; RuntimeError outside of one.

    `action` is a past-tense name ("campaign_approved") whose sentence the room registers by `register_audit_labels`; `detail` holds the
    values that sentence names: counts, names of things, never a phone number, an answer, a token or what was typed as a password.
    `actor_id` is the person behind the request unless said; None is the system or the operator.
    """
    if not in_transaction():
        raise RuntimeError(f"the audit of {action} outside transaction()")
    db.session.add(
        AuditEntry(
            at=now(),
            actor_id=who(actor_id),
            unit_id=unit_id,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            detail=detail or {},
        )
    )
