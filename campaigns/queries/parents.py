"""Whom a campaign writes to that goes out after another: to those it reached, may have reached, who took part, or whom it never wrote to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.kinds import CampaignKind
from campaigns.states import MAY_HAVE_BEEN_SENT, REACHED_GATEWAY, MessageState
from engage.clock import now
from engage.db import db, driver_connection
from surveys.queries import sendable as survey_sql

_STATES: Mapping[CampaignKind, frozenset[MessageState]] = {
    CampaignKind.ALL_CLEAR: REACHED_GATEWAY,
    CampaignKind.CORRECTION: MAY_HAVE_BEEN_SENT,
    CampaignKind.RESULT: MAY_HAVE_BEEN_SENT,
}
_NEVER_WRITTEN = frozenset({MessageState.PENDING, MessageState.CANCELLED, MessageState.EXPIRED})
_NEVER_SENT_REASONS = ("campaign_cancelled", "not_after")

# A number once, by its first text of the parent that counts. What went on with another campaign starts from what was never sent.
_CHOSEN = f"""
    FROM message m {survey_sql.SENDABLE_JOIN}
    WHERE m.campaign_id = %(parent)s AND m.id > %(cursor)s AND m.identity_id IS NOT NULL AND m.state = ANY(%(states)s)
      AND (NOT %(took_part)s OR {survey_sql.TOOK_PART})
      AND (NOT %(never_sent)s OR m.state = 'pending' OR m.reason = ANY(%(reasons)s))
      AND NOT EXISTS (
          SELECT 1 FROM message other WHERE other.identity_id = m.identity_id AND other.campaign_id = m.campaign_id
            AND (CASE WHEN %(never_sent)s THEN other.state = ANY(%(sent)s) ELSE other.id < m.id AND other.state = ANY(%(states)s) END))
"""
_CHUNK = f"SELECT m.id, m.identity_id, m.contact_id, m.invitation_id, m.params {_CHOSEN} ORDER BY m.id LIMIT %(limit)s"
_COUNT = f"""
    SELECT count(*), count(*) FILTER (WHERE chosen.suppressed_at IS NULL OR %(with_legal_basis)s) FROM (
        SELECT number.suppressed_at FROM (SELECT m.identity_id {_CHOSEN}) m JOIN phone_identity number ON number.id = m.identity_id
    ) chosen
"""


@dataclass(frozen=True)
class ParentCount:
    total: int
    sendable: int
    """Without those who opted out since"""


@dataclass(frozen=True)
class ParentRow:
    message_id: int
    identity_id: int
    contact_id: int | None
    invitation_id: int | None
    params: dict[str, Any]


def count_of_parent(kind: CampaignKind | str, parent_id: int, *, with_legal_basis: bool = False) -> ParentCount:
    """How many numbers a campaign of this kind after that one would write to, as things stand now."""
    values = _values(kind, parent_id) | {"cursor": 0, "with_legal_basis": with_legal_basis}
    with driver_connection(db.session()).cursor() as cursor:
        row = cursor.execute(_COUNT, values).fetchone()
    return ParentCount(*row) if row else ParentCount(0, 0)


def parent_chunk(kind: CampaignKind | str, parent_id: int, *, after_id: int = 0, limit: int = 5_000) -> list[ParentRow]:
    """The next `limit` of them by the id of the parent's message; a number whose message comes later than its first isn't repeated."""
    values = _values(kind, parent_id) | {"cursor": after_id, "limit": limit}
    with driver_connection(db.session()).cursor() as cursor:
        return [ParentRow(*row) for row in cursor.execute(_CHUNK, values)]


def _values(kind: CampaignKind | str, parent_id: int) -> dict[str, Any]:
    states = _STATES.get(CampaignKind(kind))
    return {
        "parent": parent_id,
        "states": [str(state) for state in states or _NEVER_WRITTEN],
        "took_part": kind == CampaignKind.RESULT,
        "never_sent": states is None,
        "reasons": list(_NEVER_SENT_REASONS),
        "sent": [str(state) for state in MAY_HAVE_BEEN_SENT - {MessageState.EXPIRED}],
        "now": now(),
    }
