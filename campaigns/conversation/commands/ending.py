"""Conversations that are over: by a stop word, by time, or because the person is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from campaigns.conversation.commands.talking import move
from campaigns.conversation.rules import GOING_ON, TalkState
from campaigns.models import Conversation
from contacts.queries.references import Erasing
from engage.clock import now
from engage.db import transaction

KEPT = timedelta(days=30)
"""Rows of conversations that are over hold no answer; they count on the campaign's page this long."""
CHUNK = 1_000

_GOING_ON = [str(each) for each in GOING_ON]


def end_conversations(session: Session, identity_id: int) -> int:
    """Nothing more is asked of this number, and half answers are gone; part of obeying a stop word. Returns how many were going on."""
    talks = session.scalars(
        select(Conversation)
        .where(Conversation.identity_id == identity_id, Conversation.state.in_(_GOING_ON))
        .order_by(Conversation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for talk in talks:
        move(talk, TalkState.ENDED)
    session.flush()
    return len(talks)


def forget_conversations(session: Session, erasing: Erasing, invitation_ids: Sequence[int]) -> None:
    """No conversation of the person's is left; where a unit alone forgets them, none of its invitations'."""
    wanted: list[ColumnElement[bool]] = [Conversation.invitation_id.in_(list(invitation_ids))]
    if erasing.is_whole and erasing.identity_id is not None:
        wanted.append(Conversation.identity_id == erasing.identity_id)
    session.execute(delete(Conversation).where(or_(*wanted)))


def tidy_conversations() -> int:
    """Those whose invitation has expired are over, their half answers gone; those over for a month are deleted. A sweep. Returns how many
    of both there were."""
    at = now()
    count = 0
    while True:
        with transaction() as session:
            talks = session.scalars(
                select(Conversation)
                .where(Conversation.state.in_(_GOING_ON), Conversation.expires_at <= at)
                .order_by(Conversation.id)
                .limit(CHUNK)
                .with_for_update(skip_locked=True)
                .execution_options(populate_existing=True)
            ).all()
            for talk in talks:
                move(talk, TalkState.ENDED)
            count += len(talks)
        if len(talks) < CHUNK:
            break
    with transaction() as session:
        return count + int(session.execute(delete(Conversation).where(Conversation.finished_at < at - KEPT)).rowcount)  # type: ignore[attr-defined]
