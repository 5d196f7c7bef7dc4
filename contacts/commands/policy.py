"""What a unit decides about its contact base."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy.dialects.postgresql import insert

from contacts.models import ContactPolicy
from contacts.queries.policy import Policy, own_policy
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.identity.queries import require_unit
from engage.refusal import Refused

UPLOAD_DAYS_MOST = 90
DISPUTES_MOST = 1_000


def set_policy(unit_id: int, policy: Policy, *, actor_id: Actor = CURRENT) -> bool:
    """The unit follows this policy, and so does everything below it that has none of its own. False when it did so before.

    Refused: unit_missing, policy_days_wrong (limit), policy_disputes_wrong (limit).
    """
    if not 1 <= policy.upload_days <= UPLOAD_DAYS_MOST:
        raise Refused("policy_days_wrong", limit=UPLOAD_DAYS_MOST)
    if not 0 <= policy.dispute_hold_count <= DISPUTES_MOST:
        raise Refused("policy_disputes_wrong", limit=DISPUTES_MOST)
    with transaction() as session:
        require_unit(unit_id)
        values = {**asdict(policy), "prior_relation_receives": str(policy.prior_relation_receives)}
        del values["unit_id"]
        before = own_policy(unit_id)
        known = {**asdict(before), "prior_relation_receives": str(before.prior_relation_receives)} if before else {}
        changed = [name for name, value in values.items() if known.get(name) != value]
        if not changed:
            return False
        session.execute(
            insert(ContactPolicy).values(unit_id=unit_id, **values).on_conflict_do_update(index_elements=["unit_id"], set_=values)
        )
        record_audit(
            "contact_policy_set",
            unit_id=unit_id,
            object_type="contact_policy",
            object_id=unit_id,
            detail={**values, "changed": changed},
            actor_id=actor_id,
        )
        return True


def follow_policy_above(unit_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """The unit has no policy of its own any more. False when it had none."""
    with transaction() as session:
        row = session.get(ContactPolicy, unit_id, with_for_update=True, populate_existing=True)
        if row is None:
            return False
        session.delete(row)
        record_audit("contact_policy_dropped", unit_id=unit_id, object_type="contact_policy", object_id=unit_id, actor_id=actor_id)
        return True
