"""Responses as staff see them: never who gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, any_, func, literal, select

from engage.clock import TEHRAN
from engage.db import db
from engage.identity.queries import user_names
from surveys.documents import split_by_question
from surveys.models import Entrance, EntranceTurn, Response
from surveys.queries.responses import definition_of
from surveys.responses.rules import Wanted
from surveys.types import AnyQuestion, Translate

PAGE = 50


@dataclass(frozen=True)
class ResponseLine:
    """One line of the list."""

    id: int
    channel: str
    entrance: str
    """Its label; empty for a personal link"""
    submitted_at: datetime
    language: str
    is_partial: bool
    flags: list[str]
    is_excluded: bool


@dataclass(frozen=True)
class OneAnswer:
    """A question with what was answered, in words."""

    number: int
    """Among what is asked; 0 for what nobody is asked"""
    label: str
    words: str
    """Empty: not answered, or not asked"""


@dataclass(frozen=True)
class ResponseDetail:
    """One response in full."""

    id: int
    survey_id: int
    channel: str
    entrance: str
    collector: str
    """Who entered it for the citizen, if somebody did"""
    submitted_at: datetime
    language: str
    seconds: int | None
    is_partial: bool
    flags: list[str]
    excluded_at: datetime | None
    excluded_by: str
    reason: str
    is_replaced: bool
    """A correction stands in its place: it can't count again"""
    answers: list[OneAnswer]


def conditions(survey_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    """For statements over `response`."""
    found: list[ColumnElement[bool]] = [Response.survey_id == survey_id]
    if wanted.channel:
        found.append(Response.channel == wanted.channel)
    if wanted.entrance_id is not None:
        found.append(Response.entrance_id == wanted.entrance_id)
    if wanted.since:
        found.append(Response.submitted_at >= datetime.combine(wanted.since, time(), TEHRAN).astimezone(UTC))
    if wanted.until:
        found.append(Response.submitted_at < datetime.combine(wanted.until + timedelta(days=1), time(), TEHRAN).astimezone(UTC))
    if wanted.state == "excluded":
        found.append(Response.excluded_at.is_not(None))
    elif wanted.state:
        found += [Response.excluded_at.is_(None), Response.is_partial.is_(wanted.state == "partial")]
    if wanted.flag == "any":
        found.append(func.cardinality(Response.flags) > 0)
    elif wanted.flag:
        found.append(literal(wanted.flag) == any_(Response.flags))
    if wanted.language:
        found.append(Response.language == wanted.language)
    return found


def count_responses(survey_id: int, wanted: Wanted) -> int:
    return int(db.session.execute(select(func.count()).select_from(Response).where(*conditions(survey_id, wanted))).scalar_one())


def list_responses(survey_id: int, wanted: Wanted, *, before: int | None = None, limit: int = PAGE) -> list[ResponseLine]:
    """The next lines, newest first, older than the response `before`. However many there are, one page is read."""
    where = conditions(survey_id, wanted)
    if before is not None:
        where.append(Response.id < before)
    rows = db.session.execute(
        select(
            Response.id,
            Response.channel,
            func.coalesce(Entrance.label, ""),
            Response.submitted_at,
            Response.language,
            Response.is_partial,
            Response.flags,
            Response.excluded_at.is_not(None),
        )
        .outerjoin(Entrance, Entrance.id == Response.entrance_id)
        .where(*where)
        .order_by(Response.id.desc())
        .limit(limit)
    )
    return [ResponseLine(*row) for row in rows]


def languages_of(survey_id: int) -> Sequence[str]:
    """Languages somebody answered in."""
    return db.session.scalars(select(Response.language).where(Response.survey_id == survey_id).distinct().order_by(Response.language)).all()


def get_response(response_id: int, _: Translate) -> ResponseDetail | None:
    """One response, every question of its version with the answer in words."""
    row = db.session.execute(
        select(Response, func.coalesce(Entrance.label, "").label("entrance"))
        .outerjoin(Entrance, Entrance.id == Response.entrance_id)
        .where(Response.id == response_id)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    response: Response = row[0]
    people = user_names([each for each in (response.collector_id, response.excluded_by) if each is not None])
    replaced = db.session.execute(select(EntranceTurn.response_id).where(EntranceTurn.corrects == response_id)).first()
    return ResponseDetail(
        response.id,
        response.survey_id,
        response.channel,
        row.entrance,
        people.get(response.collector_id or 0, ""),
        response.submitted_at,
        response.language,
        response.seconds,
        response.is_partial,
        response.flags,
        response.excluded_at,
        people.get(response.excluded_by or 0, ""),
        response.exclusion_reason,
        replaced is not None,
        answers_in_words(definition_of(response.version_id).questions, response.answers, _),
    )


def answers_in_words(questions: Sequence[AnyQuestion], document: dict[str, Any], _: Translate) -> list[OneAnswer]:
    """Every question that holds an answer, in the order of the form."""
    given = split_by_question(document)
    found, number = [], 0
    for question in questions:
        number += question.asks
        if question.names():
            found.append(OneAnswer(number if question.asks else 0, question.label, question.in_words(given.get(question.id, {}), _)))
    return found


@dataclass(frozen=True)
class Choice:
    """What a command over many would change: so many, up to this id."""

    count: int
    upto: int


def choice_of(survey_id: int, wanted: Wanted, *, is_excluding: bool) -> Choice:
    """The responses of a choice that could be left out, or taken in again."""
    where = conditions(survey_id, wanted)
    if is_excluding:
        where.append(Response.excluded_at.is_(None))
    else:
        where += [Response.excluded_at.is_not(None), ~select(EntranceTurn.response_id).where(EntranceTurn.corrects == Response.id).exists()]
    row = db.session.execute(select(func.count(), func.coalesce(func.max(Response.id), 0)).select_from(Response).where(*where)).one()
    return Choice(*row)
