"""Ask for receipts that no webhook brought, at ever longer intervals, and give up after 48 hours."""

from __future__ import annotations

from datetime import timedelta

import structlog

from campaigns.commands.receipts import record_polled
from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, release_session, transaction
from engage.sms.port import MAX_LOOKUP, Gateway, GatewayUnavailable

log = structlog.get_logger(__name__)

_DUE = """
    SELECT id, first_id, last_id, poll_at, poll_step FROM send_batch
    WHERE poll_at <= %s ORDER BY poll_at LIMIT 2
"""


def poll_receipts(settings: Settings, gateway: Gateway) -> int:
    """Ask for every batch that is due. Returns how many receipts came.

    After the last step whatever is still `accepted` becomes `expired`; a later report can still make it delivered.
    """
    count = 0
    while True:
        with transaction() as session:
            with driver_connection(session).cursor() as cursor:
                due = cursor.execute(_DUE, (now(),)).fetchall()
                ranges = {
                    batch[0]: [
                        row[0]
                        for row in cursor.execute(
                            "SELECT gateway_id FROM message WHERE id BETWEEN %s AND %s AND state IN ('accepted', 'undelivered') AND gateway_id IS NOT NULL",
                            batch[1:3],
                        )
                    ]
                    for batch in due
                }
        release_session()
        if not due:
            return count
        ids = [id for found in ranges.values() for id in found]
        pairs: list[tuple[int, int]] = []
        try:
            for start in range(0, len(ids), MAX_LOOKUP):
                pairs += [(receipt.gateway_id, receipt.status) for receipt in gateway.poll(ids[start : start + MAX_LOOKUP])]
        except GatewayUnavailable as error:
            log.warning("poll_failed", reason=error.reason, code=error.code)
            _postpone(settings, [batch[0] for batch in due])
            return count
        record_polled(pairs)
        count += len(pairs)
        for batch_id, first_id, last_id, poll_at, step in due:
            _next_step(settings, batch_id, first_id, last_id, poll_at, step)
        release_session()


def _postpone(settings: Settings, batch_ids: list[int]) -> None:
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            later = now() + timedelta(seconds=settings.timings.lookup_interval)
            cursor.execute("UPDATE send_batch SET poll_at = %s WHERE id = ANY(%s)", (later, batch_ids))


def _next_step(settings: Settings, batch_id: int, first_id: int, last_id: int, poll_at: object, step: int) -> None:
    at = now()
    timings = settings.timings
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            # First, and waiting: a settlement under way may be adding messages to this batch that have to be asked for, too.
            cursor.execute("SELECT 1 FROM send_batch WHERE id = %s FOR UPDATE", (batch_id,))
            cursor.execute(
                "UPDATE message SET state = 'expired', settled_at = %s "
                "WHERE id BETWEEN %s AND %s AND state = 'accepted' AND accepted_at <= %s",
                (at, first_id, last_id, at - timedelta(seconds=timings.receipt_expiry)),
            )
            oldest = cursor.execute(
                "SELECT min(accepted_at) FROM message WHERE id BETWEEN %s AND %s AND state = 'accepted'", (first_id, last_id)
            ).fetchone()
            following = None
            if oldest is not None and oldest[0] is not None:
                ages = [*timings.receipt_polls[step + 1 :], timings.receipt_expiry]
                following = max(oldest[0] + timedelta(seconds=ages[0]), at + timedelta(seconds=timings.sweep))
            # Whoever polled this batch at the same moment has already moved it on.
            cursor.execute(
                "UPDATE send_batch SET poll_at = %s, poll_step = least(poll_step + 1, 100) WHERE id = %s AND poll_at = %s AND poll_step = %s",
                (following, batch_id, poll_at, step),
            )
