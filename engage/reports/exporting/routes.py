"""Which questions a response's own way through the form passed by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from surveys.definitions import Definition
from surveys.flow import deciders_of, visible_questions

_MOST_KNOWN = 10_000


class Routes:
    """Asked of every response in turn: the way is gone once for all that agree in what decides it."""

    def __init__(self, definitions: Mapping[int, Definition]) -> None:
        self._definitions = definitions
        found = {version_id: deciders_of(definition) for version_id, definition in definitions.items()}
        self._deciders = {version_id: each for version_id, each in found.items() if each is not None}
        self._known: dict[tuple[int, bytes], frozenset[str]] = {}

    def decide_in(self, version_id: int) -> bool:
        """Whether earlier answers decide anything in this version."""
        return version_id in self._deciders

    def passed_by(self, version_id: int, answers: Mapping[str, Any], day: date) -> frozenset[str]:
        """Ids of questions that these answers led around."""
        deciders = self._deciders.get(version_id)
        if deciders is None:
            return frozenset()
        decided = (
            [answers.get(name) for name in deciders.values],
            [name in answers for name in deciders.presences],
            day if deciders.by_day else None,
        )
        way = version_id, msgspec.json.encode(decided)
        found = self._known.get(way)
        if found is None:
            definition = self._definitions[version_id]
            shown = {question.id for question in visible_questions(definition, answers, day)}
            found = frozenset(question.id for question in definition.questions if question.id not in shown)
            if len(self._known) < _MOST_KNOWN:
                self._known[way] = found
        return found
