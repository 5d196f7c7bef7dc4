"""What became of personal links, for the past of the people they were sent to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from engage.db import db
from surveys.models import Invitation, Response, Survey


@dataclass(frozen=True)
class InvitationPast:
    """`answered_at` is None while nobody answered. That somebody answered is told, never what."""

    survey: str
    opened_on: date | None
    answered_at: datetime | None


def past_of_invitations(invitation_ids: Iterable[int]) -> list[InvitationPast]:
    """The links that were opened or answered, each once."""
    wanted = set(invitation_ids)
    if not wanted:
        return []
    rows = db.session.execute(
        select(Survey.title, Invitation.opened_on, Response.submitted_at)
        .join(Survey, Survey.id == Invitation.survey_id)
        .outerjoin(Response, (Response.invitation_id == Invitation.id) & ~Response.is_partial)
        .where(Invitation.id.in_(wanted), Invitation.opened_on.is_not(None) | Response.id.is_not(None))
        .order_by(Invitation.id)
    )
    return [InvitationPast(*row) for row in rows]
