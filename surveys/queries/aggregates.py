"""What was answered, counted by the database: one statement, so that all counts are those of one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from engage.db import db, driver_connection
from surveys.flow import Deciders
from surveys.models import Response


class Shape(StrEnum):
    """How a question's answers lie in the document, and so how they are counted."""

    ONE = "one"
    """One value: a count for each that occurs."""
    MANY = "many"
    """A list: a count for each member, and how many lists there are."""
    PRESENT = "present"
    """Only whether it was answered."""
    RANKED = "ranked"
    """An ordered list: a count for each member at each place (`place:member`, from 1), and how many lists there are."""
    SHARED = "shared"
    """One of several numbers: 0 where only others (`among`) have one."""


@dataclass(frozen=True, slots=True)
class Counting:
    """One question, or one part of it, in the versions that ask it in this shape."""

    question_id: str
    """The name its answers stand under in a document: `q5`, or `q5.r1` for a part"""
    version_ids: tuple[int, ...]
    shape: Shape
    among: tuple[str, ...] = ()
    """Names of all parts that share something out; see `Shape.SHARED`"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Answers to one `Counting`: how many people answered, and how many gave each value (as text; empty for PRESENT)."""

    answered: int
    values: dict[str, int]


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    by_version: dict[int, int]
    """Responses that count, of each version that has any."""
    by_day: dict[date, int]
    """Responses of each day in Tehran that has any."""
    questions: list[Counted]
    """In the order asked for."""
    partial: int = 0
    """Never sent off; in no other count"""
    excluded: int = 0
    """Left out by an officer; in no other count"""
    ways: list[Way] = field(default_factory=list)
    """For the versions whose `deciders` were given"""


@dataclass(frozen=True, slots=True)
class Way:
    """Responses of one version that agree in everything that decides what they were asked."""

    version_id: int
    day: date | None
    """In Tehran; None where it decides nothing"""
    known: dict[str, Any]
    """What decides, by name; true where only its being there does"""
    count: int


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    text: str
    submitted_at: datetime


WAYS = -4
_COUNTS = "survey_id = %(survey_id)s AND excluded_at IS NULL AND NOT is_partial"
"""Which responses count: complete, and not left out."""
_TOTALS = f"""
    SELECT -1 AS place, version_id::text AS value, (submitted_at AT TIME ZONE 'Asia/Tehran')::date AS day, count(*) AS n
    FROM response WHERE {_COUNTS} GROUP BY 2, 3
    UNION ALL
    SELECT CASE WHEN excluded_at IS NULL THEN -2 ELSE -3 END, NULL, NULL, count(*)
    FROM response WHERE survey_id = %(survey_id)s AND (excluded_at IS NOT NULL OR is_partial) GROUP BY 1
"""
_IN = f"FROM response WHERE {_COUNTS} AND version_id = ANY(%(versions_{{place}})s)"
_WHERE = f"{_IN} AND answers ? %(question_{{place}})s"
_ONE = f"SELECT {{place}}, answers->>%(question_{{place}})s, NULL::date, count(*) {_WHERE} GROUP BY 2"
_SHARED = f"""
    SELECT {{place}}, coalesce(answers->>%(question_{{place}})s, '0'), NULL::date, count(*)
    {_IN} AND answers ?| %(among_{{place}})s GROUP BY 2
"""
_PRESENT = f"SELECT {{place}}, NULL, NULL::date, count(*) {_WHERE}"
_MANY = f"""
    SELECT {{place}}, picked.value, NULL::date, count(*)
    FROM (SELECT answers->%(question_{{place}})s AS list {_WHERE}) given,
         jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) AS picked(value)
    GROUP BY 2
"""
_RANKED = f"""
    SELECT {{place}}, at || ':' || member, NULL::date, count(*)
    FROM (SELECT answers->%(question_{{place}})s AS list {_WHERE}) given,
         jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) WITH ORDINALITY AS ranked(member, at)
    GROUP BY 2
"""
_WAYS = f"""
    SELECT {WAYS}, to_jsonb(ARRAY[to_jsonb(version_id), {{known}}])::text, {{day}}, count(*)
    FROM response WHERE {_COUNTS} AND version_id = %(way_version_{{place}})s GROUP BY 2, 3
"""
# The rows of a matrix may be hundreds: all of them in one pass over the responses.
_PARTS = f"""
    SELECT wanted.place, entry.value, NULL::date, count(*)
    FROM response CROSS JOIN LATERAL jsonb_each_text(answers) AS entry(name, value)
    JOIN unnest(%(part_names)s::text[], %(part_versions)s::int[], %(part_places)s::int[]) AS wanted(name, version, place)
      ON wanted.name = entry.name AND wanted.version = version_id
    WHERE {_COUNTS} GROUP BY 1, 2
"""
_BY_SHAPE = {
    Shape.ONE: (_ONE,),
    Shape.SHARED: (_SHARED,),
    Shape.PRESENT: (_PRESENT,),
    Shape.MANY: (_PRESENT, _MANY),
    Shape.RANKED: (_PRESENT, _RANKED),
}
_EACH_ANSWERS = frozenset({Shape.ONE, Shape.SHARED})
"""Every count is of people, so that together they are those who answered."""


def count_answers(survey_id: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders] | None = None) -> AnswerCounts:
    """Counts over all responses of a survey, and for versions with `deciders` how many went which way. One statement whatever the number
    of questions; memory grows with the number of different values, not of responses."""
    statement, params = _statement(survey_id, wanted, deciders or {})
    ways: list[Way] = []
    by_version: dict[int, int] = {}
    by_day: dict[date, int] = {}
    left_out = {-2: 0, -3: 0}
    answered = [0] * len(wanted)
    values: list[dict[str, int]] = [{} for _ in wanted]
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(statement, params)
        for place, value, day, count in cursor:
            if place == -1:
                by_version[int(value)] = by_version.get(int(value), 0) + count
                by_day[day] = by_day.get(day, 0) + count
            elif place == WAYS:
                version_id, *known = json.loads(value)
                names = (deciders or {})[version_id].names
                ways.append(Way(version_id, day, {name: each for name, each in zip(names, known, strict=True) if each is not None}, count))
            elif place < 0:
                left_out[place] += count
            elif value is None:
                answered[place] += count
            else:
                values[place][value] = count
                if wanted[place].shape in _EACH_ANSWERS:
                    answered[place] += count
    questions = [Counted(*each) for each in zip(answered, values, strict=True)]
    return AnswerCounts(by_version, dict(sorted(by_day.items())), questions, left_out[-2], left_out[-3], ways)


def _statement(survey_id: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders]) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {"survey_id": survey_id}
    parts = [_TOTALS]
    for version, (version_id, deciding) in enumerate(deciders.items()):
        names = {f"way_{version}_{number}": name for number, name in enumerate(deciding.names)}
        known = [f"answers->%({key})s" for key in names]
        known[len(deciding.values) :] = [f"CASE WHEN answers ? %({key})s THEN 'true'::jsonb END" for key in list(names)[len(deciding.values) :]]
        params |= {**names, f"way_version_{version}": version_id}
        day = "(submitted_at AT TIME ZONE 'Asia/Tehran')::date" if deciding.by_day else "NULL::date"
        parts.append(_WAYS.format(place=version, known=", ".join(known) or "NULL", day=day))
    together: list[tuple[str, int, int]] = []
    for place, each in enumerate(wanted):
        if each.shape == Shape.ONE and "." in each.question_id:
            together += [(each.question_id, version_id, place) for version_id in each.version_ids]
            continue
        params[f"question_{place}"] = each.question_id
        params[f"versions_{place}"] = list(each.version_ids)
        params[f"among_{place}"] = list(each.among)
        parts += [part.format(place=place) for part in _BY_SHAPE[each.shape]]
    if together:
        parts.append(_PARTS)
        params |= dict(
            zip(("part_names", "part_versions", "part_places"), (list(each) for each in zip(*together, strict=True)), strict=True)
        )
    return " UNION ALL ".join(parts), params


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
            Response.excluded_at.is_(None),
            Response.is_partial.is_(False),
            func.jsonb_typeof(Response.answers[question_id]) == "string",
        )
        .order_by(Response.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [WrittenAnswer(*row) for row in rows]
