"""What became of texts, number by number: what tells whether a number can still be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import text

from campaigns.states import CampaignState, MessageState
from contacts.queries.reach import LOOKED_AT, Outcome
from engage.db import db

CHUNK = 2_000

_UNDELIVERED = """
    SELECT DISTINCT identity_id FROM message
    WHERE campaign_id = :campaign AND state = 'undelivered' AND identity_id > :after ORDER BY identity_id LIMIT :limit
"""
_LATEST = """
    SELECT number.id AS identity_id, latest.at, latest.state
    FROM unnest(CAST(:ids AS bigint[])) number(id) CROSS JOIN LATERAL (
        SELECT COALESCE(settled_at, accepted_at) AS at, state FROM message
        WHERE identity_id = number.id AND state IN ('delivered', 'undelivered') AND accepted_at IS NOT NULL
        ORDER BY accepted_at DESC LIMIT :limit
    ) latest
"""


def is_over(campaign_id: int) -> bool:
    """Whether nothing is sent for the campaign any more; receipts may still come."""
    state = db.session.scalar(text("SELECT state FROM campaign WHERE id = :id"), {"id": campaign_id})
    return state in (CampaignState.FINISHED, CampaignState.CANCELLED)


def undelivered_numbers(campaign_id: int) -> Iterator[list[int]]:
    """Identities at which a text of the campaign didn't arrive, in pieces, in their order."""
    after = 0
    while found := list(db.session.scalars(text(_UNDELIVERED), {"campaign": campaign_id, "after": after, "limit": CHUNK})):
        yield found
        after = found[-1]


def reached_among(campaign_id: int, identity_ids: Sequence[int]) -> list[int]:
    """Those of the numbers at which a text of the campaign arrived."""
    found = db.session.scalars(
        text("SELECT DISTINCT identity_id FROM message WHERE identity_id = ANY(:ids) AND campaign_id = :campaign AND state = 'delivered'"),
        {"ids": list(identity_ids), "campaign": campaign_id},
    )
    return sorted(found)


def latest_outcomes(identity_ids: Sequence[int]) -> dict[int, list[Outcome]]:
    """The latest texts to each number whose end is certain: delivered, or the operator said that it wasn't."""
    found: dict[int, list[Outcome]] = {identity_id: [] for identity_id in identity_ids}
    for row in db.session.execute(text(_LATEST), {"ids": list(identity_ids), "limit": LOOKED_AT}):
        found[row.identity_id].append(Outcome(row.at, row.state == MessageState.DELIVERED))
    return found
