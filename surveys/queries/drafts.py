"""Answers of earlier pages, for the browser that gave them and nobody else."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engage.vault import vault
from surveys.queries.links import direct_cursor

_FIND = """
    SELECT version_id, answers, language, started_at FROM response_draft
    WHERE browser_digest = %s AND survey_id = %s AND invitation_id = %s
"""


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What one browser has answered so far through one link."""

    version_id: int
    document: dict[str, Any]
    language: str
    started_at: datetime


def browser_digest(invitation_id: int, letters: str) -> bytes:
    """What stands in the database for a browser's cookie: keyed, and another one for every link."""
    key = bytes.fromhex(vault().derive_secret("surveys: answers on their way"))
    return hmac.digest(key, b"%d " % invitation_id + letters.encode(), "sha256")


def kept_answers(survey_id: int, invitation_id: int, letters: str) -> KeptAnswers | None:
    """The earlier pages' answers of the browser that holds these letters; None for any other. One statement."""
    with direct_cursor() as cursor:
        row = cursor.execute(_FIND, (browser_digest(invitation_id, letters), survey_id, invitation_id)).fetchone()
    return KeptAnswers(*row) if row else None
