"""What a database put back from a backup must first be told: that others may have sent meanwhile what it believes is still waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import record_audit

# `claimed_at` is the first moment at which the message may have gone out: look-ups trust the gateway's memory only that far back.
_DOUBT = """
    UPDATE message SET state = 'unknown', reason = 'restored', unknown_since = :now, looked_up_at = NULL, absent_count = 0,
           claimed_at = CASE WHEN state = 'sending' THEN COALESCE(claimed_at, :taken) ELSE CAST(:taken AS timestamptz) END,
           claim_token = NULL, retry_at = NULL
    WHERE state IN ('pending', 'sending')
"""
_DOUBT_AGAIN = "UPDATE message SET looked_up_at = NULL, absent_count = 0 WHERE unknown_since IS NOT NULL AND state = 'unknown'"
_CLOSE_BATCHES = "UPDATE send_batch SET is_open = false, claim_token = NULL, lease_until = NULL WHERE is_open"
# Their rows would get ids of ours, so the gateway could not tell them from those the original wrote and sent after the backup.
_CLOSE_WAVES = """
    UPDATE wave SET materialised_at = :now FROM campaign c
    WHERE c.id = wave.campaign_id AND wave.materialised_at IS NULL AND c.state NOT IN ('finished', 'cancelled')
"""
_PAUSE = """
    UPDATE campaign SET state = 'paused', pause_code = 'restored', pause_resumes = false, state_since = :now,
           started_at = COALESCE(started_at, :now)
    WHERE state IN ('materialising', 'sending', 'paused') RETURNING id, slug, unit_id, title
"""
_UNSCHEDULE = """
    UPDATE campaign SET state = 'approved', scheduled_at = NULL, state_since = :now WHERE state = 'scheduled'
    RETURNING id, slug, unit_id, title
"""
# 2^20 blocks of 2^40 ids, as at the installation's start; never the one the original goes on counting in.
_RENUMBER = """
    UPDATE message_numbers SET next_id = 1099511627776 * (
        SELECT block FROM (SELECT (1 + floor(random() * 1048576))::bigint AS block FROM generate_series(1, 16)) drawn
        WHERE block <> next_id / 1099511627776 LIMIT 1
    ) RETURNING next_id / 1099511627776
"""


@dataclass(frozen=True)
class Doubted:
    """Messages that became unknown, waves that will not be written, campaigns that were paused, starts that were taken back."""

    messages: int
    waves: int
    paused: int
    unscheduled: int
    id_block: int


def doubt_restored(taken_at: datetime) -> Doubted:
    """Nothing goes out of this database any more that an original may have sent since `taken_at`, when the backup was taken.

    Pending and sending messages are unknown: looked up under their old ids as far back as the gateway remembers, an officer's decision
    where it doesn't. Waves that were not wholly written are closed. Running campaigns are paused, scheduled ones are approved again and
    have to be started by somebody. New messages are numbered in a block of their own. Repeatable.
    """
    values = {"now": now(), "taken": taken_at}
    with transaction() as session:

        def count(statement: str) -> int:
            done: Any = session.execute(text(statement), values)
            return int(done.rowcount)

        messages = count(_DOUBT)
        count(_DOUBT_AGAIN)
        count(_CLOSE_BATCHES)
        waves = count(_CLOSE_WAVES)
        paused = session.execute(text(_PAUSE), values).all()
        unscheduled = session.execute(text(_UNSCHEDULE), values).all()
        for campaign in [*paused, *unscheduled]:
            record_audit(
                "campaign.restored",
                unit_id=campaign.unit_id,
                object_type="campaign",
                object_id=campaign.slug,
                actor_id=None,
                detail={"title": campaign.title},
            )
        block = int(session.execute(text(_RENUMBER)).scalar_one())
    return Doubted(messages, waves, len(paused), len(unscheduled), block)
