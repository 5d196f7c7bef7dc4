"""Responses as rows for files: many, in the order they came, as cheaply as they can be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from engage.db import db, driver_connection

BATCH = 2000
_COUNTS = "survey_id = %(survey_id)s AND excluded_at IS NULL AND NOT is_partial"
_ROWS = f"""
    SELECT version_id, (submitted_at AT TIME ZONE 'Asia/Tehran')::date, channel, answers::text
    FROM response WHERE {_COUNTS} ORDER BY id
"""
_LONGEST = f"SELECT {{columns}} FROM response WHERE {_COUNTS}"


class AnswerRow(NamedTuple):
    """One person's answers, without anything that says who it was, or when but for the day."""

    version_id: int
    day: date
    """In Tehran"""
    channel: str
    answers: dict[str, Any]


def answer_rows(survey_id: int) -> Iterator[AnswerRow]:
    """All responses that count, of one moment, in the order they arrived. Memory doesn't grow with their number.

    Read them to the end, or close the iterator, within the transaction they were asked for in.
    """
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with driver_connection(db.session()).cursor(name="answer_rows", binary=True) as cursor:
        cursor.itersize = BATCH
        cursor.execute(_ROWS, {"survey_id": survey_id})
        for version_id, day, channel, answers in cursor:
            yield AnswerRow(version_id, day, channel, decode(answers))


def longest_texts(survey_id: int, names: Sequence[str]) -> dict[str, int]:
    """The most bytes (UTF-8) that stand under each of these names in a response that counts; 0 where nothing does."""
    if not names:
        return {}
    columns = ", ".join(f"coalesce(max(octet_length(answers->>%(name_{place})s)), 0)" for place in range(len(names)))
    params = {"survey_id": survey_id} | {f"name_{place}": name for place, name in enumerate(names)}
    with driver_connection(db.session()).cursor() as cursor:
        found = cursor.execute(_LONGEST.format(columns=columns), params).fetchone()
    return dict(zip(names, found or (), strict=True))
