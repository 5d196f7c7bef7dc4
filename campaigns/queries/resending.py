"""Numbers a campaign failed at: none of its texts arrived there, and none is under way."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from campaigns.states import MessageState
from engage.db import db

RESENDABLE = frozenset({MessageState.UNDELIVERED, MessageState.FAILED, MessageState.EXPIRED})
"""Ends after which another try makes sense. Not `blocked` (the citizen closed the line), `suppressed`, or what nobody is sure about."""

FAILED = """
    FROM message m
    WHERE m.campaign_id = %(campaign)s AND m.id > %(cursor)s AND m.identity_id IS NOT NULL AND m.state = ANY(%(states)s)
      AND (m.state <> 'expired' OR m.reason IS NULL) AND m.wave_id <> %(wave)s
      AND NOT EXISTS (
          SELECT 1 FROM message other WHERE other.identity_id = m.identity_id AND other.campaign_id = m.campaign_id
            AND other.wave_id <> %(wave)s
            AND (other.state NOT IN ('undelivered', 'failed', 'expired') OR (other.id < m.id AND other.state = ANY(%(states)s))))
"""
"""A number once, by its first text that failed. Texts of the wave that is being written don't count."""

_COUNT = (
    f"SELECT count(*) {FAILED}".replace("%(campaign)s", ":campaign")
    .replace("%(cursor)s", "0")
    .replace("%(states)s", ":states")
    .replace("%(wave)s", "0")
)


def count_failed(campaign_id: int, states: Collection[MessageState] = RESENDABLE) -> int:
    """How many numbers a resend would write to now."""
    return int(db.session.scalar(text(_COUNT), {"campaign": campaign_id, "states": [str(state) for state in states]}) or 0)
