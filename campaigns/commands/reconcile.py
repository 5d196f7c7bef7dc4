"""Find out what became of messages nobody is sure about, by asking the gateway for our own ids. Never resend blindly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from campaigns import rules
from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, release_session, transaction
from engage.sms.port import MAX_LOOKUP, Gateway, GatewayUnavailable, Receipt

log = structlog.get_logger(__name__)

ABSENCES_NEEDED = 2

_DUE = """
    SELECT id FROM message
    WHERE state = 'unknown' AND unknown_since <= %(grace)s AND claimed_at > %(oldest)s
      AND (looked_up_at IS NULL OR looked_up_at <= %(again)s)
    ORDER BY unknown_since LIMIT %(limit)s
"""

# Taking a message for a look-up stamps it: a second reconciler leaves it alone, and an answer counts only under its own stamp.
_TAKE = f"""
    UPDATE message SET looked_up_at = %(now)s
    WHERE id IN ({_DUE} FOR UPDATE SKIP LOCKED) AND state = 'unknown'
    RETURNING id
"""

# Whoever was told an id in a reply that lied must not keep from it the text whose id it is: the look-up asks by our own id, which no reply
# can have mistaken. A text that was taken for sent under that id is itself uncertain.
_TAKE_BACK = """
    UPDATE message m SET
        gateway_id = NULL,
        state = CASE m.state WHEN 'accepted' THEN 'unknown' ELSE m.state END,
        reason = CASE m.state WHEN 'accepted' THEN 'answer_mismatched' ELSE m.reason END,
        unknown_since = CASE m.state WHEN 'accepted' THEN %(now)s::timestamptz END
    FROM unnest(%(ids)s::bigint[], %(gateway_ids)s::bigint[]) AS f(id, gateway_id)
    WHERE m.gateway_id = f.gateway_id AND m.id <> f.id
"""

_FOUND = """
    UPDATE message m SET
        state = CASE f.state WHEN '' THEN 'accepted' ELSE f.state END,
        gateway_id = f.gateway_id, gateway_status = f.status, accepted_at = m.claimed_at, looked_up_at = %(now)s,
        reason = NULL, unknown_since = NULL,
        settled_at = CASE f.state WHEN '' THEN NULL ELSE %(now)s END
    FROM unnest(%(ids)s::bigint[], %(gateway_ids)s::bigint[], %(statuses)s::smallint[], %(states)s::text[]) AS f(id, gateway_id, status, state)
    WHERE m.id = f.id AND m.state = 'unknown'
    RETURNING m.id, m.wave_id
"""

# The second absence sends it round again under the same id: should the gateway have it after all, it answers with its record.
_ABSENT = """
    UPDATE message m SET
        absent_count = CASE WHEN m.absent_count + 1 < %(needed)s THEN m.absent_count + 1 ELSE 0 END,
        state = CASE WHEN m.absent_count + 1 < %(needed)s THEN 'unknown' WHEN c.state = 'cancelled' THEN 'cancelled' ELSE 'pending' END,
        reason = CASE WHEN m.absent_count + 1 < %(needed)s THEN m.reason END,
        unknown_since = CASE WHEN m.absent_count + 1 < %(needed)s THEN m.unknown_since END,
        claim_token = CASE WHEN m.absent_count + 1 < %(needed)s THEN m.claim_token END
    FROM campaign c
    WHERE m.id = ANY(%(ids)s) AND m.state = 'unknown' AND m.looked_up_at = %(asked)s AND c.id = m.campaign_id
    RETURNING m.id, m.wave_id, m.state
"""

_REOPEN = """
    UPDATE send_batch b SET is_open = true, available_at = LEAST(b.available_at, %(now)s)
    FROM unnest(%(ids)s::bigint[], %(waves)s::bigint[]) AS back(id, wave_id)
    WHERE b.wave_id = back.wave_id AND back.id BETWEEN b.first_id AND b.last_id
"""

_POLL_LATER = """
    UPDATE send_batch b SET poll_at = COALESCE(b.poll_at, %(poll_at)s)
    FROM unnest(%(ids)s::bigint[], %(waves)s::bigint[]) AS found(id, wave_id)
    WHERE b.wave_id = found.wave_id AND found.id BETWEEN b.first_id AND b.last_id
"""


def count_due(settings: Settings) -> int:
    """How many unknown messages may be looked up now (at most one batch is counted)."""
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            return len(cursor.execute(_DUE, _limits(settings)).fetchall())


def reconcile_unknown(settings: Settings, gateway: Gateway) -> int:
    """Look up what is due, until nothing is. Returns how many were settled one way or the other.

    Found → accepted. Absent twice, a grace apart → pending again with the same id. Older than the gateway's memory → stays
    unknown, for an officer to decide.
    """
    settled = 0
    while True:
        limits = _limits(settings)
        with transaction() as session:
            with driver_connection(session).cursor() as cursor:
                ids = sorted(row[0] for row in cursor.execute(_TAKE, limits))
        release_session()
        if not ids:
            return settled
        try:
            answers = gateway.look_up(ids)
        except GatewayUnavailable as error:
            log.warning("look_up_failed", reason=error.reason, code=error.code)
            return settled
        settled += record_look_up(settings, answers, limits["now"])
        release_session()


def record_look_up(settings: Settings, answers: Mapping[int, Receipt | None], asked_at: datetime) -> int:
    """Write down what the gateway knows of unknown messages. An absence counts only for what was taken for this very look-up."""
    at = now()
    found = {id: receipt for id, receipt in answers.items() if receipt is not None}
    absent = [id for id, receipt in answers.items() if receipt is None]
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            settled = 0
            if found:
                values = {
                    "now": at,
                    "ids": list(found),
                    "gateway_ids": [r.gateway_id for r in found.values()],
                    "statuses": [r.status for r in found.values()],
                    "states": [str(rules.state_of_status(r.status) or "") for r in found.values()],
                }
                taken_back = cursor.execute(_TAKE_BACK, values).rowcount
                if taken_back:
                    log.warning("gateway_id_taken_back", count=taken_back)
                rows = cursor.execute(_FOUND, values).fetchall()
                settled += len(rows)
                poll_at = at + timedelta(seconds=settings.timings.receipt_polls[0])
                cursor.execute(_POLL_LATER, {"poll_at": poll_at, "ids": [r[0] for r in rows], "waves": [r[1] for r in rows]})
            if absent:
                rows = cursor.execute(_ABSENT, {"asked": asked_at, "ids": absent, "needed": ABSENCES_NEEDED}).fetchall()
                back = [row for row in rows if row[2] == "pending"]
                settled += sum(row[2] != "unknown" for row in rows)
                if back:
                    cursor.execute(_REOPEN, {"now": at, "ids": [r[0] for r in back], "waves": [r[1] for r in back]})
    return settled


def _limits(settings: Settings) -> dict[str, Any]:
    at = now()
    timings = settings.timings
    return {
        "now": at,
        "grace": at - timedelta(seconds=timings.unknown_grace),
        "oldest": at - timedelta(seconds=timings.lookup_window),
        "again": at - timedelta(seconds=timings.lookup_interval),
        "limit": MAX_LOOKUP,
    }
