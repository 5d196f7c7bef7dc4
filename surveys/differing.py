"""What changed between two definitions of a survey, question by question in the order of the page. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from surveys.definitions import Definition
from surveys.types import AnyQuestion, type_of


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    """Stands elsewhere among those that stayed; it may be changed, too."""
    CHANGED = "changed"


@dataclass(frozen=True)
class Difference:
    """One question that isn't what it was, or the survey itself (`question_id` "")."""

    kind: Change
    question_id: str
    number_before: int
    """Place from 1; 0 where it isn't there"""
    number_after: int
    label: str
    """As it reads now; of a removed question, as it read"""
    changes: tuple[tuple[str, Any, Any], ...] = ()
    """(field, before, after) in builtin values; "type" where the type itself changed, None for a field the other type doesn't have"""


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Empty exactly when both are equal. The survey itself comes first, then its questions; a removed one where it stood."""
    found = []
    own = _changes(_fields(before, leave={"questions"}), _fields(after, leave={"questions"}))
    if own:
        found.append(Difference(Change.CHANGED, "", 0, 0, after.title, own))
    old = {question.id: (number, question) for number, question in enumerate(before.questions, 1)}
    new = {question.id: (number, question) for number, question in enumerate(after.questions, 1)}
    stayed = _unmoved([old[question.id][0] for question in after.questions if question.id in old])
    gone = [(number, question) for question_id, (number, question) in old.items() if question_id not in new]
    for question in after.questions:
        number = new[question.id][0]
        if question.id not in old:
            found.append(Difference(Change.ADDED, question.id, 0, number, question.label))
            continue
        number_before, earlier = old[question.id]
        # What stood before one that kept its place is told before it.
        while number_before in stayed and gone and gone[0][0] < number_before:
            found.append(_removed(*gone.pop(0)))
        changes = _changes(_question_fields(earlier), _question_fields(question))
        if number_before not in stayed:
            found.append(Difference(Change.MOVED, question.id, number_before, number, question.label, changes))
        elif changes:
            found.append(Difference(Change.CHANGED, question.id, number_before, number, question.label, changes))
    return found + [_removed(number, question) for number, question in gone]


def _removed(number: int, question: AnyQuestion) -> Difference:
    return Difference(Change.REMOVED, question.id, number, 0, question.label)


def _fields(struct: msgspec.Struct, leave: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(struct)
    return {name: value for name, value in values.items() if name not in leave}


def _question_fields(question: AnyQuestion) -> dict[str, Any]:
    return {"type": type_of(question), **_fields(question, leave={"type", "id"})}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    names = [*after, *(name for name in before if name not in after)]
    return tuple((name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name))


def _unmoved(places: Sequence[int]) -> set[int]:
    """The longest run of places that still follow one another: whatever isn't in it was moved."""
    ends: list[int] = []
    at_end: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(ends, place)
        before.append(at_end[length - 1] if length else -1)
        if length == len(ends):
            ends.append(place)
            at_end.append(index)
        else:
            ends[length] = place
            at_end[length] = index
    kept: set[int] = set()
    index = at_end[-1] if at_end else -1
    while index >= 0:
        kept.add(places[index])
        index = before[index]
    return kept
