"""What was answered, counted by the database: one statement, so that all counts are those of one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    is_split: bool = True
    """Whether groups are told apart in it; if not, its values are counted over everybody alone"""


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


@dataclass(frozen=True, slots=True)
class Splitting:
    """What tells groups of responses apart. Higher rooms know it, so it comes as SQL over the row `response`."""

    key: str
    """An expression of type text: the name of a response's group"""
    joins: str = ""
    """What `key` needs beside the response; at most one row for each response"""
    params: Mapping[str, Any] = field(default_factory=dict)


WAYS = -4
_COUNTS = "survey_id = %(survey_id)s AND excluded_at IS NULL AND NOT is_partial"
"""Which responses count: complete, and not left out."""
# Each part gives (place, value, day, group, count). `source` is the table, or its rows with their group in `who`.
_TOTALS = """
    SELECT -1 AS place, version_id::text AS value, (submitted_at AT TIME ZONE 'Asia/Tehran')::date AS day, {who} AS who, count(*) AS n
    FROM {source} WHERE {counts} GROUP BY 2, 3, 4
"""
_LEFT_OUT = """
    SELECT CASE WHEN excluded_at IS NULL THEN -2 ELSE -3 END, NULL, NULL, NULL, count(*)
    FROM response WHERE survey_id = %(survey_id)s AND (excluded_at IS NOT NULL OR is_partial) GROUP BY 1
"""
_IN = "FROM {source} WHERE {counts} AND version_id = ANY(%(versions_{place})s)"
_WHERE = f"{_IN} AND answers ? %(question_{{place}})s"
_ONE = f"SELECT {{place}}, answers->>%(question_{{place}})s, NULL::date, {{who}}, count(*) {_WHERE} GROUP BY 2, 4"
_SHARED = f"""
    SELECT {{place}}, coalesce(answers->>%(question_{{place}})s, '0'), NULL::date, {{who}}, count(*)
    {_IN} AND answers ?| %(among_{{place}})s GROUP BY 2, 4
"""
_PRESENT = f"SELECT {{place}}, NULL, NULL::date, {{who}}, count(*) {_WHERE} GROUP BY 4"
_MANY = f"""
    SELECT {{place}}, picked.value, NULL::date, given.who, count(*)
    FROM (SELECT answers->%(question_{{place}})s AS list, {{who}} AS who {_WHERE}) given,
         jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) AS picked(value)
    GROUP BY 2, 4
"""
_RANKED = f"""
    SELECT {{place}}, at || ':' || member, NULL::date, given.who, count(*)
    FROM (SELECT answers->%(question_{{place}})s AS list, {{who}} AS who {_WHERE}) given,
         jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END) WITH ORDINALITY AS ranked(member, at)
    GROUP BY 2, 4
"""
_WAYS = f"""
    SELECT {WAYS}, to_jsonb(ARRAY[to_jsonb(version_id), {{known}}])::text, {{day}}, {{who}}, count(*)
    FROM {{source}} WHERE {{counts}} AND version_id = %(way_version_{{place}})s GROUP BY 2, 3, 4
"""
# The rows of a matrix may be hundreds: all of them in one pass over the responses.
_PARTS = """
    SELECT wanted.place, entry.value, NULL::date, CASE WHEN wanted.split THEN {who} END, count(*)
    FROM {source} CROSS JOIN LATERAL jsonb_each_text(answers) AS entry(name, value)
    JOIN unnest(%(part_names)s::text[], %(part_versions)s::int[], %(part_places)s::int[], %(part_splits)s::bool[])
        AS wanted(name, version, place, split) ON wanted.name = entry.name AND wanted.version = version_id
    WHERE {counts} GROUP BY 1, 2, 4
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
    return count_answers_by(survey_id, wanted, deciders)[0]


def count_answers_by(
    survey_id: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders] | None = None, splitting: Splitting | None = None
) -> tuple[AnswerCounts, dict[str, AnswerCounts]]:
    """The counts over all responses, and those of each group, from the same statement. What is under `is_split=False` stands in the
    first alone; `partial` and `excluded` belong to no group."""
    statement, params = _statement(survey_id, wanted, deciders or {}, splitting)
    whole = _Counts(len(wanted))
    groups: dict[str, _Counts] = {}
    left_out = {-2: 0, -3: 0}
    with driver_connection(db.session()).cursor() as cursor:
        cursor.execute(statement, params)
        for place, value, day, who, count in cursor:
            if place in left_out:
                left_out[place] += count
                continue
            takers = [whole]
            if who is not None:
                takers.append(groups.get(who) or groups.setdefault(who, _Counts(len(wanted))))
            for taker in takers:
                taker.take(place, value, day, count, wanted, deciders or {})
    return whole.result(left_out[-2], left_out[-3]), {who: each.result() for who, each in groups.items()}


class _Counts:
    """The rows of one group as they come in."""

    def __init__(self, questions: int) -> None:
        self.by_version: dict[int, int] = {}
        self.by_day: dict[date, int] = {}
        self.answered = [0] * questions
        self.values: list[dict[str, int]] = [{} for _ in range(questions)]
        self.ways: dict[tuple[str, date | None], Way] = {}

    def take(
        self, place: int, value: str | None, day: date | None, count: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders]
    ) -> None:
        if place == -1 and value is not None and day is not None:
            self.by_version[int(value)] = self.by_version.get(int(value), 0) + count
            self.by_day[day] = self.by_day.get(day, 0) + count
        elif place == WAYS and value is not None:
            seen = self.ways.get((value, day))
            if seen is None:
                version_id, *known = json.loads(value)
                names = deciders[version_id].names
                seen = Way(version_id, day, {name: each for name, each in zip(names, known, strict=True) if each is not None}, 0)
            self.ways[value, day] = replace(seen, count=seen.count + count)
        elif value is None:
            self.answered[place] += count
        else:
            self.values[place][value] = self.values[place].get(value, 0) + count
            if wanted[place].shape in _EACH_ANSWERS:
                self.answered[place] += count

    def result(self, partial: int = 0, excluded: int = 0) -> AnswerCounts:
        questions = [Counted(*each) for each in zip(self.answered, self.values, strict=True)]
        return AnswerCounts(self.by_version, dict(sorted(self.by_day.items())), questions, partial, excluded, list(self.ways.values()))


def _statement(
    survey_id: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders], splitting: Splitting | None
) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {"survey_id": survey_id, **(splitting.params if splitting else {})}
    split = {"source": "response", "who": "NULL::text", "counts": _COUNTS}
    if splitting is not None:
        split = {"source": "grouped", "who": "who", "counts": "true"}
    whole = split | {"who": "NULL::text"}
    parts = [_TOTALS.format(**split), _LEFT_OUT]
    for version, (version_id, deciding) in enumerate(deciders.items()):
        names = {f"way_{version}_{number}": name for number, name in enumerate(deciding.names)}
        known = [f"answers->%({key})s" for key in names]
        known[len(deciding.values) :] = [
            f"CASE WHEN answers ? %({key})s THEN 'true'::jsonb END" for key in list(names)[len(deciding.values) :]
        ]
        params |= {**names, f"way_version_{version}": version_id}
        day = "(submitted_at AT TIME ZONE 'Asia/Tehran')::date" if deciding.by_day else "NULL::date"
        parts.append(_WAYS.format(place=version, known=", ".join(known) or "NULL", day=day, **split))
    together: list[tuple[str, int, int, bool]] = []
    for place, each in enumerate(wanted):
        if each.shape == Shape.ONE and "." in each.question_id:
            together += [(each.question_id, version_id, place, each.is_split) for version_id in each.version_ids]
            continue
        params[f"question_{place}"] = each.question_id
        params[f"versions_{place}"] = list(each.version_ids)
        params[f"among_{place}"] = list(each.among)
        parts += [part.format(place=place, **(split if each.is_split or part == _PRESENT else whole)) for part in _BY_SHAPE[each.shape]]
    if together:
        parts.append(_PARTS.format(**split))
        names_of = ("part_names", "part_versions", "part_places", "part_splits")
        params |= dict(zip(names_of, (list(each) for each in zip(*together, strict=True)), strict=True))
    rows = " UNION ALL ".join(parts)
    if splitting is None:
        return rows, params
    grouped = f"""
        WITH grouped AS MATERIALIZED (
            SELECT response.version_id, response.answers, response.submitted_at, {splitting.key} AS who
            FROM response {splitting.joins}
            WHERE response.survey_id = %(survey_id)s AND response.excluded_at IS NULL AND NOT response.is_partial)
    """
    return grouped + rows, params


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
