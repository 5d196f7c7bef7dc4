"""Keeping the answers of pages that were sent, until the last one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from engage.clock import now
from surveys.queries.drafts import browser_digest
from surveys.queries.links import direct_cursor

# The invitation's row lock puts this before or behind the answer that ends it: nothing is kept for a link that has answered.
_KEEP = """
    WITH link AS (
        UPDATE invitation SET started_at = coalesce(started_at, %(at)s)
        WHERE id = %(invitation_id)s AND NOT answered AND revoked_at IS NULL RETURNING id, survey_id
    )
    INSERT INTO response_draft AS kept (survey_id, version_id, invitation_id, browser_digest, answers, language, started_at, updated_at)
    SELECT survey_id, %(version_id)s, id, %(browser)s, %(answers)s, %(language)s, %(at)s, %(at)s FROM link
    ON CONFLICT (browser_digest, survey_id)
    DO UPDATE SET version_id = excluded.version_id, answers = excluded.answers, language = excluded.language, updated_at = excluded.updated_at
"""


def keep_answers(invitation_id: int, letters: str, version_id: int, document: Mapping[str, Any], language: str) -> None:
    """What this browser has answered so far, in place of what it had before. One statement; not for anonymous surveys.

    `document` holds valid answers only, protected. A link that has answered or was revoked keeps nothing.
    """
    given = {
        "invitation_id": invitation_id,
        "version_id": version_id,
        "browser": browser_digest(invitation_id, letters),
        "answers": Jsonb(dict(document)),
        "language": language,
        "at": now(),
    }
    with direct_cursor() as cursor:
        cursor.execute(_KEEP, given)
