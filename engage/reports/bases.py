"""How many people were asked a question, where earlier answers decide it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from surveys.definitions import Definition
from surveys.flow import Deciders, deciders_of, visible_questions
from surveys.queries.aggregates import Way

Bases = Mapping[tuple[int, str], int]
"""(version, question) → how many were asked; only of versions where answers decide"""
_ANY_DAY = date(2000, 1, 1)


def deciders_in(definitions: Mapping[int, Definition]) -> dict[int, Deciders]:
    """What decides who is asked what, of the versions where anything does."""
    found = {version_id: deciders_of(definition) for version_id, definition in definitions.items()}
    return {version_id: each for version_id, each in found.items() if each is not None}


def asked_counts(definitions: Mapping[int, Definition], ways: Iterable[Way]) -> Bases:
    """How many were asked each question: the way through the form is gone once for all responses that agree in what decides it."""
    found = {(version_id, question.id): 0 for version_id in deciders_in(definitions) for question in definitions[version_id].questions}
    for way in ways:
        for question in visible_questions(definitions[way.version_id], way.known, way.day or _ANY_DAY):
            found[way.version_id, question.id] += way.count
    return found
