"""What a person leaves behind in surveys when they are erased."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select, update

from engage.clock import now
from engage.db import transaction
from engage.events import publish
from surveys.events import ResponsesArrived
from surveys.models import Invitation, Response, ResponseDraft, ResponseUpload
from surveys.queries.responses import definition_of
from surveys.types import Question


def invitations_of(identity_id: int) -> list[int]:
    """Ids of every invitation this number was ever given."""
    with transaction() as session:
        return list(session.scalars(select(Invitation.id).where(Invitation.identity_id == identity_id).order_by(Invitation.id)))


def erase_invitations(invitation_ids: Sequence[int], *, forget_number: bool) -> int:
    """These links are dead, and what was answered through them is nobody's any more; returns how many answers were unlinked.

    An answer loses its link, its receipt, its files and everything written in the citizen's own words; pages that were never sent off are
    gone altogether. What was chosen, rated or counted stays in the results, because it no longer says whose it is. With `forget_number` the invitation forgets the number and its letters,
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
        session.execute(delete(ResponseDraft).where(ResponseDraft.invitation_id.in_(ids)))
        if forget_number:
            for row in rows:
                session.execute(update(Invitation).where(Invitation.id == row.id).values(identity_id=None, token_digest=os.urandom(16)))
        surveys: set[int] = set()
        # The sweeper removes files whose row is gone (`surveys.uploads`).
        session.execute(
            delete(ResponseUpload).where(ResponseUpload.response_id.in_(select(Response.id).where(Response.invitation_id.in_(ids))))
        )
        versions: dict[int, Mapping[str, Question]] = {}
        answers = session.scalars(select(Response).where(Response.invitation_id.in_(ids)).with_for_update()).all()
        for response in answers:
            if response.version_id not in versions:
                versions[response.version_id] = {question.id: question for question in definition_of(response.version_id).questions}
            asked = versions[response.version_id]
            left = {name: answer for name, answer in response.answers.items() if not _reveals(asked, name)}
            response.answers, response.invitation_id, response.receipt_code = left, None, ""
            surveys.add(response.survey_id)
        session.flush()
        for survey_id in sorted(surveys):
            publish(ResponsesArrived(survey_id), coalesce=True)
        return len(answers)


def _reveals(asked: Mapping[str, Question], name: str) -> bool:
    """Whether this entry of a document may say who wrote it: own words, also those of «other», numbers, files."""
    question_id, _, part = name.partition(".")
    return question_id in asked and asked[question_id].reveals_in(part)
