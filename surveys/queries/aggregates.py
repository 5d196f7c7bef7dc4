"""What was answered, counted by the database: one statement, so that all counts are those of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from engage.db import db, driver_connection
from surveys.models import Response


class Shape(StrEnum):
    """How a question's answers lie in the document, and so how they are counted."""

    ONE = "one"
    """One value: a count for each that occurs."""
    MANY = "many"
    """A list: a count for each member, and how many lists there are."""
    PRESENT = "present"
    """Only whether it was answered."""


@dataclass(frozen=True, slots=True)
class Counting:
    """One question in the versions that ask it in this shape."""

    question_id: str
    version_ids: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Counted:
    """Answers to one `Counting`: how many people answered, and how many gave each value (as text; empty for PRESENT)."""

    answered: int
    values: dict[str, int]


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    by_version: dict[int, int]
    """Responses of each version that has any."""
    by_day: dict[date, int]
    """Responses of each day in Tehran that has any."""
    questions: list[Counted]
    """In the order asked for."""


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    text: str
    submitted_at: datetime


_TOTALS = """
    SELECT -1 AS place, version_id::text AS value, (submitted_at AT TIME ZONE 'Asia/Tehran')::date AS day, count(*) AS n
    FROM response WHERE survey_id = %(survey_id)s GROUP BY 2, 3
"""
_WHERE = "FROM response WHERE survey_id = %(survey_id)s AND version_id = ANY(%(versions_{place})s) AND answers ? %(question_{place})s"
_ONE = f"SELECT {{place}}, answers->>%(question_{{place}})s, NULL::date, count(*) {_WHERE} GROUP BY 2"
_PRESENT = f"SELECT {{place}}, NULL, NULL::date, count(*) {_WHERE}"
_MANY = f"""
    SELECT {{place}}, picked.value, NULL::date, count(*)
    FROM (SELECT answers->%(question_{{place}})s AS list {_WHERE}) given,
         jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) AS picked(value)
    GROUP BY 2
"""


def count_answers(survey_id: int, wanted: Sequence[Counting]) -> AnswerCounts:
    """Counts over all responses of a survey. One statement whatever the number of questions; memory grows with the number of
    different values, not of responses."""
    params: dict[str, Any] = {"survey_id": survey_id}
    parts = [_TOTALS]
    for place, each in enumerate(wanted):
        params[f"question_{place}"] = each.question_id
        params[f"versions_{place}"] = list(each.version_ids)
        if each.shape == Shape.ONE:
            parts.append(_ONE.format(place=place))
        else:
            parts.append(_PRESENT.format(place=place))
            if each.shape == Shape.MANY:
                parts.append(_MANY.format(place=place))
    by_version: dict[int, int] = {}
    by_day: dict[date, int] = {}
    answered = [0] * len(wanted)
    values: list[dict[str, int]] = [{} for _ in wanted]
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        for place, value, day, count in cursor:
            if place == -1:
                by_version[int(value)] = by_version.get(int(value), 0) + count
                by_day[day] = by_day.get(day, 0) + count
            elif value is None:
                answered[place] += count
            else:
                values[place][value] = count
                if wanted[place].shape == Shape.ONE:
                    answered[place] += count
    return AnswerCounts(by_version, dict(sorted(by_day.items())), [Counted(*each) for each in zip(answered, values, strict=True)])


def written_answers(
    survey_id: int, question_id: str, version_ids: Sequence[int], *, offset: int = 0, limit: int = 25
) -> list[WrittenAnswer]:
    """Texts given to a question, newest first."""
    text = Response.answers[question_id].astext
    rows = db.session.execute(
        select(text, Response.submitted_at)
        .where(
            Response.survey_id == survey_id,
            Response.version_id.in_(version_ids),
            func.jsonb_typeof(Response.answers[question_id]) == "string",
        )
        .order_by(Response.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [WrittenAnswer(*row) for row in rows]
