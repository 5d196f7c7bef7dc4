"""The recipients of a campaign, a page at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campaigns.models import Message, Wave
from campaigns.states import MessageState
from contacts.queries import ContactName, contact_names
from engage.db import db


@dataclass(frozen=True)
class Recipient:
    message_id: int
    contact: ContactName | None
    """None once the person was erased"""
    wave: int
    wave_kind: str
    state: MessageState
    reason: str | None
    at: datetime | None


def list_recipients(
    campaign_id: int, *, states: Collection[MessageState] | None = None, after_id: int = 0, limit: int = 25
) -> list[Recipient]:
    """Ordered by message id; pass the last one's id as `after_id` for the next page."""
    rows = (
        select(
            Message.id,
            Message.contact_id,
            Wave.number,
            Wave.kind,
            Message.state,
            Message.reason,
            Message.settled_at,
            Message.accepted_at,
            Message.claimed_at,
        )
        .join(Wave, Wave.id == Message.wave_id)
        .where(Message.campaign_id == campaign_id, Message.id > after_id)
        .order_by(Message.id)
        .limit(limit)
    )
    if states is not None:
        rows = rows.where(Message.state.in_([str(state) for state in states]))
    found = db.session.execute(rows).all()
    names = contact_names([row.contact_id for row in found if row.contact_id is not None])
    return [
        Recipient(
            row.id,
            names.get(row.contact_id),
            row.number,
            row.kind,
            MessageState(row.state),
            row.reason,
            row.settled_at or row.accepted_at or row.claimed_at,
        )
        for row in found
    ]
