"""The saves of a draft, and what was tried out on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engage.db import db
from engage.refusal import Refused
from surveys.definitions import Definition, load
from surveys.history import next_of
from surveys.models import DraftSave, Survey, TestResponse


@dataclass(frozen=True)
class SaveSummary:
    """One state the draft was saved in."""

    revision: int
    question_count: int
    saved_by: int | None
    saved_at: datetime
    is_present: bool
    """The draft is this one now."""


@dataclass(frozen=True)
class Steps:
    """Which ways lead from the draft as it is."""

    can_undo: bool
    can_redo: bool


@dataclass(frozen=True)
class TriedAnswers:
    """Answers given while trying a survey out, with the definition they were given to."""

    id: int
    definition: Definition
    answers: dict[str, Any]
    created_by: int | None
    created_at: datetime


def draft_steps(survey_id: int) -> Steps:
    present = db.session.execute(select(Survey.draft_save, Survey.draft_top).where(Survey.id == survey_id)).first()
    rows = db.session.execute(select(DraftSave.revision, DraftSave.follows).where(DraftSave.survey_id == survey_id))
    chain = dict(rows.tuples().all())
    if present is None or present.draft_save is None:
        return Steps(False, False)
    return Steps(chain.get(present.draft_save) in chain, next_of(chain, present.draft_save, present.draft_top) is not None)


def saves_of(survey_id: int) -> list[SaveSummary]:
    """The kept saves of the draft, newest first."""
    rows = db.session.execute(
        select(
            DraftSave.revision,
            func.jsonb_array_length(DraftSave.definition["questions"]),
            DraftSave.saved_by,
            DraftSave.saved_at,
            func.coalesce(DraftSave.revision == Survey.draft_save, False),
        )
        .join(Survey, Survey.id == DraftSave.survey_id)
        .where(DraftSave.survey_id == survey_id)
        .order_by(DraftSave.revision.desc())
    )
    return [SaveSummary(*row) for row in rows]


def saved_definition(survey_id: int, revision: int) -> Definition:
    """The draft as it was saved then. Refused("save_gone") where that save isn't kept."""
    raw = db.session.execute(
        select(DraftSave.definition).where(DraftSave.survey_id == survey_id, DraftSave.revision == revision)
    ).scalar_one_or_none()
    if raw is None:
        raise Refused("save_gone")
    return load(raw)


def tried_answers(survey_id: int, *, limit: int = 200) -> list[TriedAnswers]:
    """What was tried out, newest first."""
    rows = db.session.execute(
        select(TestResponse.id, TestResponse.definition, TestResponse.answers, TestResponse.created_by, TestResponse.created_at)
        .where(TestResponse.survey_id == survey_id)
        .order_by(TestResponse.id.desc())
        .limit(limit)
    )
    return [TriedAnswers(row.id, load(row.definition), row.answers, row.created_by, row.created_at) for row in rows]
