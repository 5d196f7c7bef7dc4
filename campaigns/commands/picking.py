"""The statement that picks the next batch: everything that holds a whole campaign or its line back is asked in it.

Hours and days are worked out here as `campaigns.rules.open_minutes` and `campaigns.rules.may_send_at` do; a test holds the two together.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns import rules
from campaigns.kinds import TRAITS, kinds_where
from engage.clock import TEHRAN
from engage.config import Timings

_ANY_HOUR = ", ".join(repr(kind) for kind in kinds_where(ignores_hours=True))
_RESTING = ", ".join(repr(kind) for kind in kinds_where(rests_on_mourning_days=True))
_FIRST = ", ".join(repr(str(kind)) for kind, traits in TRAITS.items() if traits.rank == 0)
_EARLIEST, _LATEST = rules.LATEST_WINDOW

_START = f"GREATEST(c.window_start, (h.span ->> 0)::int, CASE WHEN l.kind = 'advertising' THEN {_EARLIEST} END)"
_END = f"LEAST(c.window_end, (h.span ->> 1)::int, CASE WHEN l.kind = 'advertising' THEN {_LATEST} END)"

OPEN_CAMPAIGNS = f"""
    SELECT c.id, c.pilot_last_id, l.per_second, l.next_at,
           CASE WHEN c.kind IN ({_ANY_HOUR}) THEN {rules.ALL_DAY[0]} ELSE {_START} END AS opens,
           CASE WHEN c.kind IN ({_ANY_HOUR}) THEN {rules.ALL_DAY[1]} ELSE {_END} END AS closes
    FROM campaign c LEFT JOIN sms_line l ON l.number = c.line
    CROSS JOIN LATERAL (SELECT COALESCE(l.hours -> c.kind, l.hours -> '*') AS span) h
    WHERE c.state = 'sending' AND l.is_active IS NOT FALSE
      AND (c.not_after IS NULL OR c.not_after > %(latest_call)s)
      AND (c.kind IN ({_ANY_HOUR}) OR (
          %(minute)s >= {_START} AND %(minute)s < {_END} - %(margin)s
          AND (c.sends_on_fridays OR NOT %(is_friday)s)
          AND NOT EXISTS (
              SELECT 1 FROM calendar_day d WHERE d.day = %(today)s
                AND (NOT c.sends_on_holidays OR (d.kind = 'mourning' AND c.kind IN ({_RESTING}))))))
    ORDER BY c.kind NOT IN ({_FIRST}), c.id
"""
"""Campaigns whose texts may go out at this moment, the urgent ones first."""

# Walked campaign by campaign in the order of time, so that neither batches due later nor those of resting campaigns are looked at.
PICK = f"""
    WITH free AS (
        SELECT batch.id, batch.lapsed_lease, ready.opens, ready.closes, ready.per_second
        FROM ({OPEN_CAMPAIGNS}) ready CROSS JOIN LATERAL (
            SELECT b.id, b.lease_until AS lapsed_lease FROM send_batch b
            WHERE b.campaign_id = ready.id AND b.is_open AND b.available_at <= %(now)s
              AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)
              AND (ready.pilot_last_id IS NULL OR b.last_id <= ready.pilot_last_id)
            ORDER BY b.available_at, b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED
        ) batch
        WHERE ready.per_second IS NULL OR ready.next_at IS NULL OR ready.next_at <= %(now)s
        LIMIT 1
    ), picked AS (
        UPDATE send_batch b SET claim_token = %(token)s, lease_until = %(lease_until)s
        FROM free WHERE b.id = free.id
        RETURNING b.id, b.campaign_id, b.wave_id, b.first_id, b.last_id, free.lapsed_lease, free.opens, free.closes, free.per_second
    )
    SELECT picked.*, c.kind, c.line, COALESCE(w.text, c.text) AS text, c.parameters, c.purpose, c.asks_permission, c.cost_estimate,
           c.recipient_count, 1 + jsonb_array_length(c.reminders)
           + (SELECT count(*) FROM wave resend WHERE resend.campaign_id = c.id AND resend.kind = 'resend')::int AS wave_count, c.not_after,
           (c.kind IN ({_ANY_HOUR}) AND c.legal_basis <> '') AS with_legal_basis,
           (SELECT COALESCE(sum(cost), 0) FROM send_batch WHERE campaign_id = c.id) AS spent
    FROM picked JOIN campaign c ON c.id = picked.campaign_id JOIN wave w ON w.id = picked.wave_id
"""

WAITING_LINE = """
    SELECT min(l.next_at) FROM sms_line l
    WHERE l.per_second IS NOT NULL AND l.next_at > %(now)s AND EXISTS (
        SELECT 1 FROM campaign c WHERE c.line = l.number AND c.state = 'sending' AND EXISTS (
            SELECT 1 FROM send_batch b WHERE b.campaign_id = c.id AND b.is_open AND b.available_at <= %(now)s
              AND (b.lease_until IS NULL OR b.lease_until <= %(now)s)))
"""
"""When the throttle lets the next text of a waiting campaign go."""

# The row stays locked until the claim is written: nobody else spends the same moment.
TAKE_LINE = "SELECT per_second, next_at FROM sms_line WHERE number = %(line)s FOR UPDATE"
SPEND_LINE = "UPDATE sms_line SET next_at = %(next_at)s WHERE number = %(line)s"

CUT = """
    SELECT max(id) FROM (
        SELECT id FROM message WHERE id BETWEEN %(first_id)s AND %(last_id)s AND state = 'pending' AND (retry_at IS NULL OR retry_at <= %(now)s)
        ORDER BY id LIMIT %(most)s) first
"""
"""The last message of a batch's first `most` that are due."""


def moment_values(at: datetime, timings: Timings) -> dict[str, Any]:
    """What the statements need to know of the moment."""
    local = at.astimezone(TEHRAN)
    return {
        "now": at,
        "minute": rules.minute_of_day(at),
        "margin": timings.lease_margin / 60,
        "latest_call": at + timedelta(seconds=timings.lease_margin),
        "today": local.date(),
        "is_friday": local.weekday() == rules.FRIDAY,
    }
