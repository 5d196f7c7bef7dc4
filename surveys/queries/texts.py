"""Everything that was written to one question, as a stream."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from engage.db import db, driver_connection

BATCH = 2000
_TEXTS = """
    SELECT answers->>%(question_id)s FROM response
    WHERE survey_id = %(survey_id)s AND version_id = ANY(%(version_ids)s) AND excluded_at IS NULL AND NOT is_partial
        AND jsonb_typeof(answers->%(question_id)s) = 'string'
    ORDER BY id DESC
"""


def stream_texts(survey_id: int, question_id: str, version_ids: Sequence[int]) -> Generator[str]:
    """Texts given to a question in responses that count, of one moment, newest first. Memory doesn't grow with their number.

    Read to the end, or close the iterator, within the transaction it was asked for in.
    """
    with driver_connection(db.session()).cursor(name="written_texts") as cursor:
        cursor.itersize = BATCH
        cursor.execute(_TEXTS, {"survey_id": survey_id, "question_id": question_id, "version_ids": list(version_ids)})
        for (text,) in cursor:
            yield text
