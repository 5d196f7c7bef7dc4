"""Write down what the gateway said about a claimed batch.

Only rows that still carry our claim and are still `sending` are touched: when the lease ran out meanwhile, somebody else has
already called them unknown, and the look-up decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import structlog

from campaigns import rules
from campaigns.commands.claim import CLOSE_BATCH, LOCK_BATCH, Claim
from campaigns.commands.control import pause_within
from campaigns.commands.receipts import apply_waiting_receipts
from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, transaction
from engage.meter import METER
from engage.sms.port import Outcome, OutcomeKind

log = structlog.get_logger(__name__)

_SETTLE = """
    UPDATE message m SET
        state = CASE WHEN o.state = 'pending' AND c.state = 'cancelled' THEN 'cancelled' ELSE o.state END,
        reason = o.reason, gateway_id = o.gateway_id, gateway_status = o.gateway_status,
        cost = o.cost, retry_at = o.retry_at, text_sha256 = decode(o.sha, 'hex'), page_count = o.pages,
        accepted_at = CASE WHEN o.gateway_id IS NOT NULL THEN %(now)s END,
        unknown_since = CASE WHEN o.state = 'unknown' THEN %(now)s END,
        settled_at = CASE WHEN o.state IN ('pending', 'unknown', 'accepted') THEN NULL ELSE %(now)s END,
        claim_token = CASE WHEN o.state = 'pending' THEN NULL ELSE m.claim_token END
    FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(gateway_ids)s::bigint[], %(statuses)s::smallint[],
                %(costs)s::int[], %(retries)s::timestamptz[], %(shas)s::text[], %(pages)s::smallint[])
             AS o(id, state, reason, gateway_id, gateway_status, cost, retry_at, sha, pages),
         campaign c
    WHERE m.id = o.id AND m.claim_token = %(token)s AND m.state = 'sending' AND c.id = m.campaign_id
"""


def settle_batch(
    settings: Settings,
    claim: Claim,
    outcomes: Sequence[Outcome],
    texts: Mapping[int, tuple[bytes, int]],
) -> bool:
    """Every outcome of `claim` stands in the database, receipts that came before it are applied, the batch is free again.

    `texts` gives each message's (SHA-256, pages). Returns whether the batch is done. A halt pauses the campaign with its reason in
    the same transaction.
    """
    at = now()
    timings = settings.timings
    attempts = {m.id: m.attempts + 1 for m in claim.messages}
    settled = [(o.local_id, rules.settle(o, attempts[o.local_id])) for o in outcomes]
    retry_at = [at + rules.retry_delay(attempts[id], timings) if s.retry else None for id, s in settled]
    cost = sum(s.cost or 0 for _, s in settled)
    halt = next((o for o in outcomes if o.kind == OutcomeKind.HALT), None)
    has_accepted = any(s.gateway_id is not None for _, s in settled)
    with transaction() as session:
        connection = driver_connection(session)
        with connection.cursor() as cursor:
            # Lost in a crash, this answer is asked for again by look-up; so nobody waits for the disk. (A claim does wait: a claim lost
            # after its call would be sent twice.)
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute(LOCK_BATCH, {"batch_id": claim.batch_id}, prepare=True)
            cursor.execute(
                _SETTLE,
                {
                    "now": at,
                    "token": claim.token,
                    "ids": _array(id for id, _ in settled),
                    "states": _array(s.state for _, s in settled),
                    "reasons": _array(s.reason for _, s in settled),
                    "gateway_ids": _array(s.gateway_id for _, s in settled),
                    "statuses": _array(s.gateway_status for _, s in settled),
                    "costs": _array(s.cost for _, s in settled),
                    "retries": _array(None if at_ is None else at_.isoformat() for at_ in retry_at),
                    "shas": _array(texts[id][0].hex() for id, _ in settled),
                    "pages": _array(texts[id][1] for id, _ in settled),
                },
            )
            if cursor.rowcount != len(settled):
                log.warning("lease_lost", batch=claim.batch_id, settled=cursor.rowcount, of=len(settled))
            if has_accepted:
                apply_waiting_receipts(cursor, [s.gateway_id for _, s in settled if s.gateway_id is not None], at)
            first_poll = at + timedelta(seconds=timings.receipt_polls[0]) if has_accepted else None
            row = cursor.execute(
                CLOSE_BATCH, {"batch_id": claim.batch_id, "token": claim.token, "cost": cost, "poll_at": first_poll}
            ).fetchone()
        if halt is not None:
            pause_within(claim.campaign_id, f"gateway_{halt.code}" if halt.code != 418 else "credit")
    METER.add("claims", amount=len(claim.messages))
    for _, step in settled:
        METER.add("outcomes", str(step.state))
    METER.flush_when_due()
    return row is not None and not row[0]


def _array(values: Iterable[int | str | None]) -> str:
    """PostgreSQL's own array text for numbers and plain words: a batch has nine arrays, and quoting rules would cost more than sending."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
