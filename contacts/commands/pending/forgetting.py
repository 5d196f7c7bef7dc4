"""Sign-ups that nobody confirmed are gone when their time is over."""

from __future__ import annotations

from sqlalchemy import delete, select

from contacts.commands.pending.waiting import count
from contacts.models import PendingConsent
from engage.clock import now
from engage.db import transaction
from engage.vault import vault


def delete_unanswered() -> int:
    """Whoever didn't answer in time is deleted, number and name, and only counted. Returns how many."""
    done = 0
    while True:
        with transaction() as session:
            rows = session.scalars(
                select(PendingConsent)
                .where(PendingConsent.expires_at <= now())
                .order_by(PendingConsent.id)
                .limit(500)
                .with_for_update(skip_locked=True)
                .execution_options(populate_existing=True)
            ).all()
            for row in rows:
                count(session, row.unit_id, row.page_id or 0, expired=1)
                session.delete(row)
            session.flush()
        done += len(rows)
        if not rows:
            return done


def forget_pendings_of(e164: str) -> int:
    """Nothing of this number waits any more; part of an erasure."""
    with transaction() as session:
        done = session.execute(delete(PendingConsent).where(PendingConsent.blind_index.in_(vault().blind_indexes(e164))))
        return int(done.rowcount)  # type: ignore[attr-defined]
