"""Delivery reports: stored at once, applied in batches, only ever moving a message forward.

A webhook knows only the gateway's id, and may come before the reply that tells us that id. So every report is stored first; what
matches no message yet waits, is tried again, and is applied by the transaction that settles the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import delete, insert

from campaigns.events import ReceiptsRecorded
from campaigns.models import Receipt
from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.meter import METER
from engage.sms import statuses

BATCH = 5_000

# The rule is `rules.apply_receipt`; a test holds this statement against it for every pair of states and statuses.
_RANK = (
    f"CASE {{}} {' '.join(f'WHEN {status} THEN {statuses.status_rank(status)}' for status in (1, 2, 4, 5, 6, 10, 11, 13, 14))} ELSE 0 END"
)
_STATE_OF = "CASE r.status WHEN 10 THEN 'delivered' WHEN 11 THEN 'undelivered' WHEN 6 THEN 'failed' WHEN 13 THEN 'cancelled' WHEN 14 THEN 'blocked' ELSE 'accepted' END"

_APPLY = f"""
    WITH best AS (
        SELECT DISTINCT ON (gateway_id) gateway_id, status
        FROM unnest(%(gateway_ids)s::bigint[], %(statuses)s::smallint[]) AS given(gateway_id, status)
        ORDER BY gateway_id, {_RANK.format("status")} DESC
    ), target AS (
        SELECT m.id, best.status FROM message m JOIN best ON best.gateway_id = m.gateway_id
        WHERE {_RANK.format("best.status")} > {_RANK.format("COALESCE(m.gateway_status, 0)")}
          AND (m.state = 'accepted'
               OR (m.state = 'undelivered' AND best.status IN (6, 10, 11, 13, 14))
               OR (m.state IN ('expired', 'written_off') AND best.status = 10))
        ORDER BY m.id FOR UPDATE OF m
    )
    UPDATE message m SET
        gateway_status = r.status,
        state = {_STATE_OF},
        settled_at = CASE WHEN r.status IN (6, 10, 11, 13, 14) THEN %(now)s ELSE m.settled_at END
    FROM target r WHERE m.id = r.id
    RETURNING m.campaign_id
"""


def store_receipts(receipts: Sequence[tuple[int, int]]) -> None:
    """Keep (gateway id, status) pairs for `apply_receipts`; the whole work of a webhook."""
    at = now()
    with transaction() as session:
        session.execute(
            insert(Receipt),
            [{"gateway_id": gateway_id, "status": status, "received_at": at, "try_at": at} for gateway_id, status in receipts],
        )


def apply_receipts(settings: Settings) -> int:
    """Apply stored reports whose time to be tried has come, up to a batch. Returns how many were looked at.

    One event per campaign, however many reports. What matches nothing is tried again, ever less often, and dropped after
    `receipt_expiry`.
    """
    at = now()
    with transaction() as session:
        connection = driver_connection(session)
        with connection.cursor() as cursor:
            rows = cursor.execute(
                "SELECT id, gateway_id, status, received_at FROM receipt WHERE try_at <= %s ORDER BY try_at LIMIT %s FOR UPDATE SKIP LOCKED",
                (at, BATCH),
            ).fetchall()
            if not rows:
                return 0
            gateway_ids = [row[1] for row in rows]
            campaigns = _apply(cursor, gateway_ids, [row[2] for row in rows], at)
            known = {row[0] for row in cursor.execute("SELECT gateway_id FROM message WHERE gateway_id = ANY(%s)", (gateway_ids,))}
            cursor.execute("DELETE FROM receipt WHERE id = ANY(%s)", ([row[0] for row in rows if row[1] in known],))
            waiting = [row[0] for row in rows if row[1] not in known]
            if waiting:
                # Bounded before multiplying: 2^16 seconds is already longer than a report is kept.
                cursor.execute(
                    "UPDATE receipt SET tries = tries + 1, try_at = %s + %s * power(2, least(tries, 14)) * interval '1 second' WHERE id = ANY(%s)",
                    (at, settings.timings.sweep / 2, waiting),
                )
        _tell(session, campaigns)
    METER.add("receipts", amount=len(rows) - len(waiting))
    for row in rows:
        if row[1] in known:
            METER.observe("receipt_lag", max(0.0, (at - row[3]).total_seconds()))
    METER.flush_when_due()
    return len(rows)


def record_polled(pairs: Sequence[tuple[int, int]]) -> None:
    """Apply reports the gateway gave when asked."""
    if not pairs:
        return
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            campaigns = _apply(cursor, [p[0] for p in pairs], [p[1] for p in pairs], now())
        _tell(session, campaigns)


def apply_waiting_receipts(cursor: psycopg.Cursor[Any], gateway_ids: list[int], at: datetime) -> None:
    """Inside a settling transaction: apply what came before the reply."""
    rows = cursor.execute("DELETE FROM receipt WHERE gateway_id = ANY(%s) RETURNING gateway_id, status", (gateway_ids,)).fetchall()
    if rows:
        _apply(cursor, [row[0] for row in rows], [row[1] for row in rows], at)


def drop_old_receipts(settings: Settings) -> None:
    """Forget reports that matched no message for 48 hours: they belong to somebody else's texts."""
    before = now() - timedelta(seconds=settings.timings.early_receipt_keep)
    with transaction() as session:
        session.execute(delete(Receipt).where(Receipt.received_at < before))


def _apply(cursor: psycopg.Cursor[Any], gateway_ids: list[int], found: list[int], at: datetime) -> set[int]:
    rows = cursor.execute(_APPLY, {"gateway_ids": gateway_ids, "statuses": found, "now": at}).fetchall()
    return {row[0] for row in rows}


def _tell(session: Any, campaign_ids: set[int]) -> None:
    if not campaign_ids:
        return
    with driver_connection(session).cursor() as cursor:
        rows = cursor.execute("SELECT id, survey_id FROM campaign WHERE id = ANY(%s)", (list(campaign_ids),)).fetchall()
    for campaign_id, survey_id in rows:
        publish(ReceiptsRecorded(campaign_id, survey_id), coalesce=True)
