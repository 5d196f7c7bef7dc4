"""After a clock that ran ahead was put right: stamps that lie further ahead than any can are brought back to now.

A lease, a grace, a delay until the next try or the next look end at a moment written by whoever claimed, called or asked. Written by a clock
an hour ahead, that moment would be an hour late, and until then a campaign would stand still with texts nobody settles. What is brought
back is never sent for that reason: a lease that lapses makes its messages unknown, a grace begins again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from engage.clock import now
from engage.config import Settings
from engage.db import driver_connection, transaction

log = structlog.get_logger(__name__)

# Small differences between hosts are no reason: every limit has `_tolerance` added.
_MENDS = {
    "grace": """
        UPDATE message SET unknown_since = %(now)s, looked_up_at = LEAST(looked_up_at, %(now)s)
        WHERE unknown_since > %(ahead)s""",
    "look_up": """
        UPDATE message SET looked_up_at = %(now)s WHERE unknown_since IS NOT NULL AND looked_up_at > %(ahead)s""",
    "retry": """
        UPDATE message m SET retry_at = %(now)s
        FROM send_batch b JOIN campaign c ON c.id = b.campaign_id
        WHERE b.is_open AND b.available_at > %(retry)s AND c.state IN ('sending', 'paused')
          AND m.id BETWEEN b.first_id AND b.last_id AND m.state = 'pending' AND m.retry_at > %(retry)s""",
    # Only where nobody wanted them spread over hours or days.
    "batch": """
        UPDATE send_batch b SET available_at = %(now)s
        FROM campaign c WHERE c.id = b.campaign_id AND c.state IN ('sending', 'paused') AND c.spread_seconds IS NULL
          AND b.is_open AND b.available_at > %(retry)s""",
    "line": """
        UPDATE sms_line SET next_at = %(now)s WHERE next_at > %(ahead)s + interval '2 seconds' * (1 + 1 / per_second)""",
    "poll": """
        UPDATE send_batch SET poll_at = %(now)s
        WHERE poll_at > %(ahead)s + interval '1 second' * (%(polls)s::float8[])[least(poll_step + 1, %(last_poll)s)]""",
    "receipt": """
        UPDATE receipt SET try_at = %(now)s
        WHERE try_at > %(ahead)s + interval '1 second' * %(first_try)s * power(2, least(tries, 14))""",
}


def mend_stamps_ahead(settings: Settings) -> int:
    """Every moment the engine waits for lies no further ahead than it may; how many were brought back."""
    at, timings = now(), settings.timings
    ahead = at + _tolerance(settings)
    polls = [*timings.receipt_polls, timings.receipt_expiry]
    values: dict[str, Any] = {
        "now": at,
        "ahead": ahead,
        "retry": ahead + timedelta(seconds=2 * timings.retry_delay_max),
        "polls": polls,
        "last_poll": len(polls),
        "first_try": timings.sweep / 2,
    }
    found = {}
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            for name, statement in _MENDS.items():
                if count := cursor.execute(statement, values).rowcount:
                    found[name] = count
    if found:
        log.warning("stamps_ahead", **found)
    return sum(found.values())


def longest_lease(at: datetime, settings: Settings) -> datetime:
    """A lease that ends after this was given by a clock that was wrong."""
    return at + timedelta(seconds=settings.timings.lease) + _tolerance(settings)


def _tolerance(settings: Settings) -> timedelta:
    """How far hosts' clocks may differ: 30 s in production."""
    return timedelta(seconds=settings.timings.lease / 4)
