"""Where the files of one survey's citizens are put while they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from surveys.definitions import Definition
from surveys.types import AnyQuestion, Upload
from surveys.uploads.commands import store_upload
from surveys.uploads.queries import missing_uploads


@dataclass(frozen=True)
class UploadShelf:
    """The files of one survey and one citizen. What no response claims is swept away after a few days."""

    survey_id: int
    holder: str
    """Whoever has the right to answer (`surveys.uploads.holding`)"""

    def store(self, question: AnyQuestion, stream: IO[bytes]) -> str:
        """Keep a file; returns what stands in the answers. AnswerProblem where it can't be taken."""
        assert isinstance(question, Upload)
        return store_upload(self.survey_id, question, stream, holder=self.holder)

    def missing(self, definition: Definition, document: Mapping[str, Any]) -> set[str]:
        """The questions whose named file isn't there to be had."""
        return missing_uploads(self.survey_id, definition, document)
