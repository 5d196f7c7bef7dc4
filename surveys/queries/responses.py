"""Responses and the definitions that explain them, for reports and exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from engage.db import db
from engage.refusal import Refused
from surveys.definitions import Definition, load
from surveys.models import Response, SurveyVersion


@dataclass(frozen=True, slots=True)
class ResponseDocument:
    """One person's answers, without anything that says who it was."""

    version_id: int
    answers: dict[str, Any]
    submitted_at: datetime
    channel: str


def definition_of(version_id: int) -> Definition:
    """What was published as this version. Refused("version_not_found")."""
    raw = db.session.execute(select(SurveyVersion.definition).where(SurveyVersion.id == version_id)).scalar_one_or_none()
    if raw is None:
        raise Refused("version_not_found")
    return load(raw)


def definitions_of_survey(survey_id: int) -> dict[int, Definition]:
    """Every published version by its id, oldest first."""
    rows = db.session.execute(
        select(SurveyVersion.id, SurveyVersion.definition).where(SurveyVersion.survey_id == survey_id).order_by(SurveyVersion.number)
    )
    return {version_id: load(raw) for version_id, raw in rows}


def counted(survey_id: ColumnElement[int] | InstrumentedAttribute[int] | int) -> ColumnElement[bool]:
    """For statements over `response`: those of a survey that count, complete and not left out."""
    return and_(Response.survey_id == survey_id, Response.excluded_at.is_(None), Response.is_partial.is_(False))


def response_count(survey_id: int) -> int:
    """How many responses count."""
    return int(db.session.execute(select(func.count()).where(counted(survey_id))).scalar_one())


def response_documents(survey_id: int, *, batch: int = 2000) -> Iterator[ResponseDocument]:
    """All responses that count in the order they arrived, streamed in batches: memory doesn't grow with their number.

    They are those of one moment as long as the caller reads them to the end within one transaction.
    """
    rows = db.session.execute(
        select(Response.version_id, Response.answers, Response.submitted_at, Response.channel)
        .where(counted(survey_id))
        .order_by(Response.id)
        .execution_options(yield_per=batch)
    )
    for row in rows:
        yield ResponseDocument(*row)


@dataclass(frozen=True, slots=True)
class LinkedAnswer:
    """One answer to one question, with the invitation it came by."""

    response_id: int
    version_id: int
    invitation_id: int
    answer: Any


def linked_answers(survey_id: int, question_id: str, *, after_id: int = 0, limit: int = 2000) -> list[LinkedAnswer]:
    """The next answers to one question that came by a personal link, by the id of their response; [] at the end. For a question
    whose answer is a person's own decision (a consent), never for opinions."""
    rows = db.session.execute(
        select(Response.id, Response.version_id, Response.invitation_id, Response.answers[question_id])
        .where(counted(survey_id), Response.id > after_id, Response.invitation_id.isnot(None))
        .order_by(Response.id)
        .limit(limit)
    )
    return [LinkedAnswer(*row) for row in rows]
