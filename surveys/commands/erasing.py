"""What a person leaves behind in surveys when they are erased."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import select, update

from engage.clock import now
from engage.db import transaction
from engage.events import publish
from surveys.events import ResponsesArrived
from surveys.models import Invitation, Response
from surveys.queries.responses import definition_of


def invitations_of(identity_id: int) -> list[int]:
    """Ids of every invitation this number was ever given."""
    with transaction() as session:
        return list(session.scalars(select(Invitation.id).where(Invitation.identity_id == identity_id).order_by(Invitation.id)))


def erase_invitations(invitation_ids: Sequence[int], *, forget_number: bool) -> int:
    """These links are dead, and what was answered through them is nobody's any more; returns how many answers were unlinked.

    An answer loses its link, its receipt and everything written in the citizen's own words; what was chosen, rated or counted stays
    in the results, because it no longer says whose it is. With `forget_number` the invitation forgets the number and its letters,
    too, and only goes on counting as sent, opened and answered; without it the number keeps its one right to answer.
    """
    ids = list(invitation_ids)
    if not ids:
        return 0
    with transaction() as session:
        # The invitation's row puts an answer that is just being given before or behind us (`commands.answer`).
        rows = session.scalars(
            select(Invitation)
            .where(Invitation.id.in_(ids))
            .order_by(Invitation.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        at = now()
        for row in rows:
            row.revoked_at = row.revoked_at or at
        session.flush()
        if forget_number:
            for row in rows:
                session.execute(update(Invitation).where(Invitation.id == row.id).values(identity_id=None, token_digest=os.urandom(16)))
        surveys: set[int] = set()
        revealed: dict[int, frozenset[str]] = {}
        answers = session.scalars(select(Response).where(Response.invitation_id.in_(ids)).with_for_update()).all()
        for response in answers:
            if response.version_id not in revealed:
                revealed[response.version_id] = _revealing_questions(response.version_id)
            revealing = revealed[response.version_id]
            left = {name: answer for name, answer in response.answers.items() if name.partition(".")[0] not in revealing}
            response.answers, response.invitation_id, response.receipt_code = left, None, ""
            surveys.add(response.survey_id)
        session.flush()
        for survey_id in sorted(surveys):
            publish(ResponsesArrived(survey_id), coalesce=True)
        return len(answers)


def _revealing_questions(version_id: int) -> frozenset[str]:
    return frozenset(question.id for question in definition_of(version_id).questions if question.reveals)
