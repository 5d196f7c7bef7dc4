"""What earlier campaigns brought: how many of those a text reached answered, and how soon."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text

from campaigns.kinds import kinds_where
from campaigns.planning import ASSUMED_CURVE, PastCampaign
from engage.clock import now
from engage.db import db
from surveys.queries.sendable import SENDABLE_JOIN, TOOK_PART

_LAST = """
    WITH past AS (
        SELECT id, finished_at FROM campaign
        WHERE state IN ('settling', 'finished') AND kind = ANY(:inviting) AND unit_id = ANY(:units) AND started_at IS NOT NULL
        ORDER BY started_at DESC LIMIT 12
    )
"""
_RATES = f"""
    {_LAST}
    SELECT past.id, max(past.finished_at), count(DISTINCT m.identity_id) FILTER (WHERE m.state = 'delivered'),
           count(DISTINCT m.identity_id) FILTER (WHERE {TOOK_PART})
    FROM past JOIN message m ON m.campaign_id = past.id {SENDABLE_JOIN} GROUP BY past.id
"""
# Of campaigns that took no reminder the answers' times are those of one text alone.
_CURVE = f"""
    {_LAST}, firsts AS (
        SELECT m.invitation_id, m.accepted_at FROM past JOIN message m ON m.campaign_id = past.id JOIN wave w ON w.id = m.wave_id
        WHERE w.number = 1 AND m.accepted_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM wave later WHERE later.campaign_id = past.id AND later.number > 1)
    )
    SELECT extract(epoch FROM r.submitted_at - firsts.accepted_at) / 3600
    FROM firsts JOIN response r ON r.invitation_id = firsts.invitation_id
    WHERE r.submitted_at > firsts.accepted_at AND NOT r.is_partial LIMIT 20000
"""
FEWEST_TIMES = 100


def past_campaigns(unit_ids: Collection[int]) -> list[PastCampaign]:
    """The last twelve invitations of these units; two statements at most are asked of them, so that a page can wait for it."""
    moment = now()
    rows = db.session.execute(text(_RATES), {"units": list(unit_ids), "inviting": list(kinds_where(invites=True))})
    return [PastCampaign(delivered, answered, _age(finished, moment)) for _id, finished, delivered, answered in rows]


def answer_curve(unit_ids: Collection[int]) -> tuple[tuple[float, float], ...]:
    """(hours, share of the answers come by then) of earlier campaigns without reminders; the assumed one where too little is known."""
    rows = db.session.execute(text(_CURVE), {"units": list(unit_ids), "inviting": list(kinds_where(invites=True))})
    hours = sorted(float(row[0]) for row in rows)
    if len(hours) < FEWEST_TIMES:
        return ASSUMED_CURVE
    points = tuple((float(at), sum(each <= at for each in hours) / len(hours)) for at, _ in ASSUMED_CURVE)
    # Equal neighbours have no slope to read a moment off.
    return tuple(point for place, point in enumerate(points) if place == 0 or point[1] > points[place - 1][1])


def _age(finished: datetime | None, moment: datetime) -> float:
    return 0.0 if finished is None else (moment - finished).total_seconds() / 86_400
