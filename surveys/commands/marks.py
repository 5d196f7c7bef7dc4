"""The mark that answers have arrived: one event for a burst of thousands.

Who finds the mark set holds it by a share lock, so that it isn't taken down before this answer is there to be counted; share locks don't
wait for one another, so a burst isn't put in line behind one row.
"""

from __future__ import annotations

from typing import Any

from psycopg import Cursor
from sqlalchemy import update

from engage.db import transaction
from surveys.models import AnswersMark

HOLD_MARK = "SELECT 1 FROM survey_answers_mark WHERE survey_id = %(survey_id)s AND pending FOR SHARE SKIP LOCKED"
"""A row where the mark is set, and held from then on by the transaction that stores an answer"""

_SET_MARK = """
    INSERT INTO survey_answers_mark AS mark (survey_id, pending) VALUES (%(survey_id)s, true)
    ON CONFLICT (survey_id) DO UPDATE SET pending = true WHERE NOT mark.pending
    RETURNING 1
"""


def note_answer(cursor: Cursor[Any], survey_id: int) -> bool:
    """In the transaction that stores an answer: whether it is the first since the mark was taken, and has to say so."""
    if cursor.execute(HOLD_MARK, {"survey_id": survey_id}, prepare=True).fetchone() is not None:
        return False
    return set_mark(cursor, survey_id)


def set_mark(cursor: Cursor[Any], survey_id: int) -> bool:
    """For whoever has not found it by `HOLD_MARK`: whether it was set just now."""
    return cursor.execute(_SET_MARK, {"survey_id": survey_id}, prepare=True).fetchone() is not None


def take_answers_mark(survey_id: int) -> bool:
    """Whether answers have arrived since this was last asked; the next answer publishes ResponsesArrived again.

    Call it before counting, never after: it waits for answers on their way, so that whatever it clears is there to be counted.
    """
    with transaction() as session:
        taken = session.execute(
            update(AnswersMark)
            .where(AnswersMark.survey_id == survey_id, AnswersMark.pending)
            .values(pending=False)
            .returning(AnswersMark.survey_id)
        ).first()
    return taken is not None
