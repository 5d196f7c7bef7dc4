"""Freeze who a rule finds, once, in one statement; and forget it when it is no longer needed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, literal, select, text

from contacts.models import AudienceMember, AudienceSnapshot
from contacts.queries.audience import AudienceFilter, draw, prepare_for_large_reads
from contacts.rules.segments import to_json
from engage.clock import now
from engage.db import transaction

_MANY = 10_000


def freeze_audience(audience: AudienceFilter, purpose: str) -> tuple[int, int]:
    """Write down everybody who may be written to now, each number once, the sample drawn. (snapshot id, how many).

    Nothing that happens later adds anybody: neither a new contact nor a change of the segment. Who withdraws is left out when the
    snapshot is read.
    """
    with transaction() as session:
        prepare_for_large_reads()
        snapshot = AudienceSnapshot(unit_id=audience.unit_id, purpose=purpose, rule=to_json(audience.rule), created_at=now())
        session.add(snapshot)
        session.flush()
        drawn = draw(audience, purpose).subquery()
        session.execute(
            insert(AudienceMember).from_select(["snapshot_id", "contact_id"], select(literal(snapshot.id), drawn.c.id)),
            execution_options={"synchronize_session": False},
        )
        snapshot.member_count = session.scalar(
            select(func.count()).select_from(AudienceMember).where(AudienceMember.snapshot_id == snapshot.id)
        ) or 0
        session.flush()
        if snapshot.member_count >= _MANY:
            # Else the planner takes an audience it has never seen for one person.
            session.execute(text("ANALYZE audience_member"))
        return snapshot.id, snapshot.member_count


def drop_audience(snapshot_id: int) -> None:
    """The snapshot and its members are gone: the campaign is a draft again."""
    with transaction() as session:
        session.execute(delete(AudienceSnapshot).where(AudienceSnapshot.id == snapshot_id))


def forget_members(snapshot_ids: Sequence[int]) -> int:
    """Only the counts of these snapshots remain. Returns how many members were forgotten; 0 the second time."""
    with transaction() as session:
        gone = session.execute(delete(AudienceMember).where(AudienceMember.snapshot_id.in_(snapshot_ids)))
        return int(gone.rowcount)  # type: ignore[attr-defined]
