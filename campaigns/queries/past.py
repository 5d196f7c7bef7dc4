"""What the office has texted to one contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from campaigns import texts
from campaigns.kinds import traits_of
from campaigns.models import Campaign, Message, Wave
from campaigns.states import MessageState
from engage.db import db


@dataclass(frozen=True)
class PastText:
    """One text to a contact: `text` word by word, but for the letters of the personal link."""

    campaign: str
    is_reminder: bool
    state: MessageState
    at: datetime
    text: str
    invitation_id: int | None = None


def texts_to(contact_id: int, identity_id: int, link: str, *, limit: int = 200) -> list[PastText]:
    """The newest ones first, none that was never begun. `link` stands where each text has its personal link: its letters are an
    authority to answer, which the office doesn't hold."""
    at = func.coalesce(Message.settled_at, Message.accepted_at, Message.claimed_at)
    rows = (
        select(
            Campaign.title,
            func.coalesce(Wave.text, Campaign.text),
            Campaign.kind,
            Campaign.parameters,
            Wave.kind,
            Message.params,
            Message.state,
            at,
            Message.invitation_id,
        )
        .join(Campaign, Campaign.id == Message.campaign_id)
        .join(Wave, Wave.id == Message.wave_id)
        .where(Message.identity_id == identity_id, Message.contact_id == contact_id, at.is_not(None))
        .order_by(at.desc())
        .limit(limit)
    )
    return [
        PastText(
            title,
            wave == "reminder",
            MessageState(state),
            moment,
            texts.render(text, {**shared, **own}, link if traits_of(kind).has_link else ""),
            invitation_id,
        )
        for title, text, kind, shared, wave, own, state, moment, invitation_id in db.session.execute(rows)
    ]
