"""What units sent, whom they reached and how soon they answered citizens, in a span of time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from campaigns.states import REACHED_GATEWAY
from engage.db import db

_SENT = """
    SELECT c.unit_id, count(DISTINCT c.id), count(*), count(DISTINCT m.identity_id) FILTER (WHERE m.state = 'delivered')
    FROM message m JOIN campaign c ON c.id = m.campaign_id
    WHERE c.unit_id = ANY(:units) AND m.accepted_at >= :first AND m.accepted_at < :last AND m.state = ANY(:reached)
    GROUP BY GROUPING SETS ((c.unit_id), ())
"""
# From the first text of the citizen that nobody had answered yet to the first answer of a person: who asks twice hasn't waited less.
_REPLIED = """
    WITH answered AS (
        SELECT thread.unit_id, reply.created_at - asked.received_at AS waited
        FROM case_reply reply JOIN inbound_case thread ON thread.id = reply.case_id
        CROSS JOIN LATERAL (
            SELECT max(created_at) AS at FROM case_reply
            WHERE case_id = thread.id AND author_id IS NOT NULL AND (created_at, id) < (reply.created_at, reply.id)) earlier
        CROSS JOIN LATERAL (
            SELECT min(received_at) AS received_at FROM inbound_message
            WHERE case_id = thread.id AND received_at <= reply.created_at AND (earlier.at IS NULL OR received_at > earlier.at)) asked
        WHERE thread.unit_id = ANY(:units) AND reply.author_id IS NOT NULL AND reply.created_at >= :first AND reply.created_at < :last
            AND asked.received_at IS NOT NULL)
    SELECT unit_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM waited))
    FROM answered GROUP BY GROUPING SETS ((unit_id), ())
"""


@dataclass(frozen=True)
class UnitSends:
    """A person is a distinct number; `people` are those of whom a text is known to have arrived."""

    campaigns: int
    texts: int
    people: int


@dataclass(frozen=True)
class UnitReplies:
    """Texts of citizens that a person answered, and how long half of them waited at most."""

    count: int
    median_wait: timedelta


def sends_by_unit(unit_ids: Collection[int], first: datetime, last: datetime) -> dict[int | None, UnitSends]:
    """By unit, by the moment the gateway took a text; None for all together, in whom nobody counts twice. Units without any are missing."""
    values = {"units": list(unit_ids), "first": first, "last": last, "reached": [str(state) for state in REACHED_GATEWAY]}
    return {unit_id: UnitSends(*row) for unit_id, *row in db.session.execute(text(_SENT), values) if row[0]}


def replies_by_unit(unit_ids: Collection[int], first: datetime, last: datetime) -> dict[int | None, UnitReplies]:
    """By unit, None for all together; what machines answered doesn't count. Units without any are missing."""
    values = {"units": list(unit_ids), "first": first, "last": last}
    rows = db.session.execute(text(_REPLIED), values)
    return {unit_id: UnitReplies(count, timedelta(seconds=float(wait))) for unit_id, count, wait in rows if count}
