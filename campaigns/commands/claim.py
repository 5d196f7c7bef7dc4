"""Claim up to 200 messages: everything that forbids sending is checked in the statement that claims.

A claim costs one transaction of two statements, however large the campaign: it looks only at open batches, never at rows that
are done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import namedtuple_row

from campaigns import rules, texts
from campaigns.commands.control import pause_within
from campaigns.states import MessageState
from contacts.queries import sendable as contact_sql
from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, transaction
from surveys.queries import sendable as survey_sql


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    id: int
    identity_id: int
    phone_cipher: bytes
    invitation_id: int
    key_version: int
    params: dict[str, Any] | None
    """The recipient's own values, when the text asks for any."""
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is ours until `lease_until`, and what the texts need."""

    token: UUID
    batch_id: int
    campaign_id: int
    wave_id: int
    lease_until: datetime
    line: str
    template: str
    parameters: dict[str, Any]
    window_end: int
    window_start: int
    messages: list[ClaimedMessage]


_PICK = """
    WITH free AS (
        SELECT b.id, b.lease_until AS lapsed_lease FROM send_batch b JOIN campaign c ON c.id = b.campaign_id
        WHERE b.is_open AND b.available_at <= %(now)s AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
          AND c.state = 'sending' AND %(minute)s >= c.window_start AND %(minute)s < c.window_end - %(margin)s
        ORDER BY b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED
    ), picked AS (
        UPDATE send_batch b SET claim_token = %(token)s, lease_until = %(lease_until)s
        FROM free WHERE b.id = free.id
        RETURNING b.id, b.campaign_id, b.wave_id, b.first_id, b.last_id, free.lapsed_lease
    )
    SELECT picked.*, c.line, c.text, c.reminder_text, c.parameters, c.window_start, c.window_end, c.purpose, c.asks_permission, c.cost_estimate,
           c.recipient_count, c.reminder_after, w.number,
           (SELECT COALESCE(sum(cost), 0) FROM send_batch WHERE campaign_id = c.id) AS spent
    FROM picked JOIN campaign c ON c.id = picked.campaign_id JOIN wave w ON w.id = picked.wave_id
"""

# Whoever held this batch before us let the lease run out: what it may have sent is unknown, never pending.
_ORPHANS = """
    UPDATE message SET state = 'unknown', unknown_since = %(now)s, reason = 'lease_expired'
    WHERE id BETWEEN %(first_id)s AND %(last_id)s AND state = 'sending'
"""

# An array of ids rather than a range: the planner takes it for a handful of rows, so its prepared plan is the right one and costs
# no planning, which was a quarter of a claim's time.
_CLAIM = f"""
    WITH due AS (
        SELECT m.ctid AS place, m.id, m.identity_id, {contact_sql.PHONE_COLUMNS}, {survey_sql.LINK_COLUMNS},
               CASE WHEN %(with_params)s THEN m.params END AS params, m.attempts,
               COALESCE({survey_sql.NOT_SENDABLE}, {contact_sql.NOT_SENDABLE}, CASE WHEN (
                   SELECT count(*) FROM message earlier
                   WHERE earlier.identity_id = m.identity_id AND earlier.id <> m.id
                     AND earlier.claimed_at > %(now)s - c.cap_days * interval '1 day'
                     AND earlier.state NOT IN ('pending', 'suppressed', 'cancelled', 'expired', 'failed')
               ) >= c.cap_count THEN 'frequency_cap' END) AS reason
        FROM message m
        JOIN campaign c ON c.id = m.campaign_id AND c.state = 'sending'
        {contact_sql.SENDABLE_JOIN}
        {survey_sql.SENDABLE_JOIN}
        WHERE m.id = ANY(ARRAY(SELECT generate_series(%(first_id)s::bigint, %(last_id)s::bigint))) AND m.state = 'pending'
          AND (m.retry_at IS NULL OR m.retry_at <= %(now)s)
    )
    UPDATE message m SET
        state = CASE
            WHEN due.reason IS NULL THEN 'sending'
            WHEN due.reason = 'answered' THEN 'cancelled'
            WHEN due.reason IN ('survey_closed', 'link_expired') THEN 'expired'
            ELSE 'suppressed'
        END,
        reason = due.reason,
        claim_token = %(token)s,
        claimed_at = CASE WHEN due.reason IS NULL THEN %(now)s ELSE m.claimed_at END,
        settled_at = CASE WHEN due.reason IS NULL THEN NULL ELSE %(now)s END,
        attempts = m.attempts + 1
    FROM due WHERE m.ctid = due.place AND m.state = 'pending'
    RETURNING due.reason, due.id, due.identity_id, due.phone_cipher, due.invitation_id, due.key_version, due.params, due.attempts
"""

# Taken before anything is read that CLOSE_BATCH counts: were it to wait for this row inside its own statement, it would go on with
# counts from before the wait, and close a batch to which a look-up has just given messages back.
LOCK_BATCH = "SELECT 1 FROM send_batch WHERE id = %(batch_id)s FOR UPDATE"

CLOSE_BATCH = """
    UPDATE send_batch b SET
        lease_until = NULL, claim_token = NULL, cost = b.cost + %(cost)s,
        is_open = rest.open > 0,
        available_at = COALESCE(rest.next_at, b.available_at),
        poll_at = COALESCE(b.poll_at, %(poll_at)s)
    FROM (
        SELECT count(*) FILTER (WHERE state IN ('pending', 'sending')) AS open,
               CASE WHEN bool_or(state = 'pending' AND retry_at IS NULL) THEN NULL
                    ELSE min(retry_at) FILTER (WHERE state = 'pending') END AS next_at
        FROM message WHERE id BETWEEN (SELECT first_id FROM send_batch WHERE id = %(batch_id)s)
                               AND (SELECT last_id FROM send_batch WHERE id = %(batch_id)s)
    ) rest
    WHERE b.id = %(batch_id)s AND b.claim_token = %(token)s
    RETURNING b.is_open
"""


def claim_batch(settings: Settings) -> Claim | None:
    """The next batch that may go out now, its messages in `sending` under a lease of ours; None when there is none.

    A claim whose messages were all refused (consent withdrawn, answered meanwhile) has an empty list and is already closed.
    """
    at = now()
    timings = settings.timings
    token = uuid4()
    values: dict[str, Any] = {
        "token": token,
        "now": at,
        "lease_until": at + timedelta(seconds=timings.lease),
        "minute": rules.minute_of_day(at),
        "margin": timings.lease_margin / 60,
    }
    with transaction() as session:
        connection = driver_connection(session)
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            batch: Any = cursor.execute(_PICK, values, prepare=True).fetchone()
            if batch is None:
                return None
            values |= {"first_id": batch.first_id, "last_id": batch.last_id, "batch_id": batch.id}
            if batch.lapsed_lease is not None:
                cursor.execute(_ORPHANS, values)
            template = batch.text if batch.number == 1 else (batch.reminder_text or batch.text)
            values |= {"purpose": batch.purpose, "asks_permission": batch.asks_permission, "with_params": texts.is_personal(template)}
            with connection.cursor(binary=True) as fast:
                rows = fast.execute(_CLAIM, values, prepare=True).fetchall()
            messages = [ClaimedMessage(*columns) for reason, *columns in rows if reason is None]
            if messages and _is_over_budget(batch, len(messages)):
                # Nothing was sent yet, so the rows go back as they were.
                cursor.execute(
                    "UPDATE message SET state = 'pending', attempts = attempts - 1, claim_token = NULL WHERE id = ANY(%s) AND claim_token = %s",
                    ([m.id for m in messages], token),
                )
                messages = []
                pause_within(batch.campaign_id, "budget")
            if not messages:
                cursor.execute(CLOSE_BATCH, {"batch_id": batch.id, "token": token, "cost": 0, "poll_at": None})
    return Claim(
        token=token,
        batch_id=batch.id,
        campaign_id=batch.campaign_id,
        wave_id=batch.wave_id,
        lease_until=values["lease_until"],
        line=batch.line,
        template=template,
        parameters=batch.parameters,
        window_start=batch.window_start,
        window_end=batch.window_end,
        messages=messages,
    )


def _is_over_budget(campaign: Any, count: int) -> bool:
    if not campaign.cost_estimate or not campaign.recipient_count:
        return False
    each = rules.cost_each(campaign.cost_estimate, campaign.recipient_count, 1 + (campaign.reminder_after is not None))
    return bool(campaign.spent + count * each > rules.budget(campaign.cost_estimate))


def hand_back(claim: Claim) -> None:
    """Give an unsent batch back untouched: the lease or the window left too little time for a call."""
    with transaction() as session:
        connection = driver_connection(session)
        with connection.cursor() as cursor:
            cursor.execute(LOCK_BATCH, {"batch_id": claim.batch_id})
            cursor.execute(
                "UPDATE message SET state = 'pending', attempts = attempts - 1, claim_token = NULL "
                "WHERE id = ANY(%s) AND claim_token = %s AND state = %s",
                ([m.id for m in claim.messages], claim.token, MessageState.SENDING),
            )
            cursor.execute(CLOSE_BATCH, {"batch_id": claim.batch_id, "token": claim.token, "cost": 0, "poll_at": None})
