"""How far conversations have come, and what the first text of one says."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from campaigns.conversation.asking import begin_words
from campaigns.conversation.commands.checking import askable_definition
from campaigns.conversation.rules import TalkState
from campaigns.models import Conversation
from engage.db import db
from engage.refusal import Refused


@dataclass(frozen=True)
class TalkCounts:
    """Conversations a campaign's first texts led to; those over for a month are no longer counted."""

    started: int
    finished: int
    going_on: int
    resting: int


def talk_counts(campaign_id: int) -> TalkCounts:
    rows = db.session.execute(
        select(Conversation.state, func.count()).where(Conversation.campaign_id == campaign_id).group_by(Conversation.state)
    )
    counts: dict[str, int] = dict(rows.tuples().all())
    return TalkCounts(
        sum(counts.values()), counts.get(TalkState.FINISHED, 0), counts.get(TalkState.ASKING, 0), counts.get(TalkState.RESTING, 0)
    )


def begin_line(survey_id: int | None) -> str:
    """The line a conversation's first text ends with; empty where its survey can't be asked by text."""
    try:
        return "" if survey_id is None else begin_words(askable_definition(survey_id))
    except Refused:
        return ""
