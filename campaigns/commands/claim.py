"""Claim up to 200 messages: everything that forbids sending is checked in the statement that claims.

A claim costs one transaction of two statements, however large the campaign: it looks only at open batches, never at rows that
are done. A line with a limit costs three more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import namedtuple_row

from campaigns import rules, texts
from campaigns.commands.control import pause_within
from campaigns.commands.picking import CUT, PICK, SPEND_LINE, TAKE_LINE, WAITING_LINE, moment_values
from campaigns.states import MessageState
from contacts.queries import sendable as contact_sql
from engage.clock import now, running_time
from engage.config import Settings
from engage.db import driver_connection, transaction
from surveys.queries import sendable as survey_sql


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    id: int
    identity_id: int
    phone_cipher: bytes
    invitation_id: int | None
    key_version: int | None
    """None where the text invites nobody"""
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
    kind: str
    line: str
    template: str
    parameters: dict[str, Any]
    hours: rules.Hours
    """Today's, when a call may begin"""
    messages: list[ClaimedMessage]
    claimed: float
    """The machine's own running time just before the claim, in seconds: no clock that is put right changes it"""


@dataclass(frozen=True, slots=True)
class NotYet:
    """A line's throttle lets nothing go before this moment."""

    until: datetime


class _LineBusy(Exception):
    """Somebody else spent the line's moment while this batch was picked."""


# Whoever held this batch before us let the lease run out: what it may have sent is unknown, never pending.
_ORPHANS = """
    UPDATE message SET state = 'unknown', unknown_since = %(now)s, reason = 'lease_expired'
    WHERE id BETWEEN %(first_id)s AND %(last_id)s AND state = 'sending'
"""

# An array of ids rather than a range: the planner takes it for a handful of rows, so its prepared plan is the right one and costs
# no planning, which was a quarter of a claim's time. Materialised, or every mention of the reason would work it out anew, the texts of
# the last days with it.
_CLAIM = f"""
    WITH due AS MATERIALIZED (
        SELECT m.ctid AS place, m.id, m.identity_id, {contact_sql.PHONE_COLUMNS}, {survey_sql.LINK_COLUMNS},
               CASE WHEN %(with_params)s THEN m.params END AS params, m.attempts,
               COALESCE({survey_sql.NOT_SENDABLE}, {contact_sql.NOT_SENDABLE}, CASE WHEN (
                   SELECT count(*) FROM message earlier
                   WHERE earlier.identity_id = m.identity_id AND earlier.id <> m.id
                     AND earlier.claimed_at > %(now)s - c.cap_days * interval '1 day'
                     AND earlier.state NOT IN ('pending', 'suppressed', 'cancelled', 'expired', 'failed')
                     AND earlier.campaign_id NOT IN (SELECT id FROM campaign WHERE ignores_cap)
               ) >= c.cap_count AND NOT c.ignores_cap THEN 'frequency_cap' END) AS reason
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


def claim_batch(settings: Settings) -> Claim | NotYet | None:
    """The next batch that may go out now, its messages in `sending` under a lease of ours; None when there is none, NotYet when only a
    line's throttle stands before it.

    A claim whose messages were all refused (consent withdrawn, answered meanwhile) has an empty list and is already closed. On a line
    with a limit a claim takes a second's worth at most, and leaves the rest of its batch to the next one.
    """
    at, claimed = now(), running_time()
    token = uuid4()
    values = moment_values(at, settings.timings) | {"token": token, "lease_until": at + timedelta(seconds=settings.timings.lease)}
    try:
        with transaction() as session:
            connection = driver_connection(session)
            with connection.cursor(row_factory=namedtuple_row) as cursor:
                batch: Any = cursor.execute(PICK, values, prepare=True).fetchone()
                if batch is not None:
                    return _claim(cursor, batch, values, claimed)
                waiting: Any = cursor.execute(WAITING_LINE, values, prepare=True).fetchone()
                return None if waiting[0] is None else NotYet(waiting[0])
    except _LineBusy:
        return NotYet(at)


def _claim(cursor: psycopg.Cursor[Any], batch: Any, values: dict[str, Any], claimed: float) -> Claim:
    """The picked batch's messages, each looked at once more."""
    values |= {"first_id": batch.first_id, "last_id": batch.last_id, "batch_id": batch.id, "line": batch.line}
    if batch.lapsed_lease is not None:
        cursor.execute(_ORPHANS, values)
    if batch.per_second is not None:
        _take_line(cursor, values)
    values |= {
        "purpose": batch.purpose,
        "asks_permission": batch.asks_permission,
        "with_legal_basis": batch.with_legal_basis,
        "with_params": texts.is_personal(batch.text),
    }
    with cursor.connection.cursor(binary=True) as fast:
        rows = fast.execute(_CLAIM, values, prepare=True).fetchall()
    messages = [ClaimedMessage(*columns) for reason, *columns in rows if reason is None]
    if messages and _is_over_budget(batch, len(messages)):
        # Nothing was sent yet, so the rows go back as they were.
        cursor.execute(
            "UPDATE message SET state = 'pending', attempts = attempts - 1, claim_token = NULL WHERE id = ANY(%s) AND claim_token = %s",
            ([m.id for m in messages], values["token"]),
        )
        messages = []
        pause_within(batch.campaign_id, "budget")
    if messages and batch.per_second is not None:
        next_at = rules.next_token(None, values["now"], len(messages), values["per_second"])
        cursor.execute(SPEND_LINE, {"line": batch.line, "next_at": next_at})
    if not messages:
        cursor.execute(CLOSE_BATCH, {"batch_id": batch.id, "token": values["token"], "cost": 0, "poll_at": None})
    return Claim(
        token=values["token"],
        batch_id=batch.id,
        campaign_id=batch.campaign_id,
        wave_id=batch.wave_id,
        lease_until=values["lease_until"],
        kind=batch.kind,
        line=batch.line,
        template=batch.text,
        parameters=batch.parameters,
        hours=rules.Hours(batch.opens, batch.closes, until=batch.not_after),
        messages=messages,
        claimed=claimed,
    )


def _take_line(cursor: psycopg.Cursor[Any], values: dict[str, Any]) -> None:
    """The line's next moment is ours until the transaction ends; the range of the claim is cut to what the limit lets go at once."""
    line: Any = cursor.execute(TAKE_LINE, values).fetchone()
    if line.per_second is None:
        values["per_second"] = rules.NO_LIMIT
        return
    if line.next_at is not None and line.next_at > values["now"]:
        raise _LineBusy
    values["per_second"] = line.per_second
    last: Any = cursor.execute(CUT, values | {"most": rules.most_at_once(line.per_second)}).fetchone()
    if last[0] is not None:
        values["last_id"] = last[0]


def _is_over_budget(campaign: Any, count: int) -> bool:
    if not campaign.cost_estimate or not campaign.recipient_count:
        return False
    each = rules.cost_each(campaign.cost_estimate, campaign.recipient_count, campaign.wave_count)
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
