"""Where a confidential survey's earlier pages are between two requests of one browser."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from surveys import commands, queries
from surveys.queries import FoundLink

_LETTERS = re.compile(r"[A-Za-z0-9_-]{22}")


class Kept:
    """Earlier pages of a confidential survey, kept for the browser that holds a cookie's letters (`citizen.session.Memory`)."""

    leads = True
    carried = None

    def __init__(self, link: FoundLink, letters: str, version_id: int, language: str) -> None:
        self._link = link
        self._version_id = version_id
        self._language = language
        self.letters = letters
        self.is_kept = False
        self.found = queries.kept_answers(link.survey_id, link.invitation_id, letters) if _LETTERS.fullmatch(letters) else None

    def read(self) -> dict[str, Any]:
        found = self.found
        return found.document if found is not None and found.version_id == self._version_id else {}

    def keep(self, document: Mapping[str, Any]) -> None:
        if self.found is None:
            self.letters = secrets.token_urlsafe(16)
        commands.keep_answers(self._link.invitation_id, self.letters, self._version_id, document, self._language)
        self.is_kept = True
