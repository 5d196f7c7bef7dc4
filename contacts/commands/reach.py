"""Numbers at which texts no longer arrive: noted from what became of texts, cleared by an officer who checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select, text

from contacts.commands.appending import lock_person
from contacts.models import PhoneIdentity
from contacts.rules.reach import Outcome, Reach, reach_of, run_of
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.refusal import Refused

_WRITE = """
    UPDATE phone_identity number SET failing_count = run.count, failing_since = run.since, reach = run.reach
    FROM unnest(CAST(:ids AS bigint[]), CAST(:counts AS smallint[]), CAST(:sinces AS timestamptz[]), CAST(:reaches AS text[]))
         AS run(id, count, since, reach)
    WHERE number.id = run.id
"""


def record_outcomes(outcomes: Mapping[int, Iterable[Outcome]]) -> int:
    """What became of the latest texts to these numbers (identity → all its latest outcomes, not only the new ones) decides their reach
    anew; returns how many changed. Told twice, it changes nothing the second time."""
    with transaction() as session:
        rows = session.execute(
            select(PhoneIdentity.id, PhoneIdentity.failing_count, PhoneIdentity.failing_since, PhoneIdentity.reach, PhoneIdentity.reach_checked_at)
            .where(PhoneIdentity.id.in_(list(outcomes)))
            .order_by(PhoneIdentity.id)
            .with_for_update()
        ).all()
        changed: list[tuple[int, int, datetime | None, str]] = []
        for row in rows:
            run = run_of(outcomes[row.id], row.reach_checked_at)
            after = (run.count, run.since, reach_of(run).value)
            if after != (row.failing_count, row.failing_since, row.reach):
                changed.append((row.id, *after))
        if changed:
            ids, counts, sinces, reaches = (list(column) for column in zip(*changed, strict=True))
            session.execute(text(_WRITE), {"ids": ids, "counts": counts, "sinces": sinces, "reaches": reaches})
    return len(changed)


def trust_number(contact_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """An officer checked the contact's number: what failed until now counts no more, and texts go to it again. False when there was
    nothing against it. Refused: contact_missing, number_reassigned."""
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        if contact.reassigned_at is not None:
            raise Refused("number_reassigned")
        number = session.get_one(PhoneIdentity, contact.identity_id, with_for_update=True, populate_existing=True)
        if number.reach == Reach.REACHED and number.failing_count == 0:
            return False
        number.reach, number.failing_count, number.failing_since, number.reach_checked_at = Reach.REACHED.value, 0, None, now()
        record_audit("number_checked", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=actor_id)
    return True
