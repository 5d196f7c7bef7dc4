"""Steps of the form editor on a draft: add, change, move, delete. Pure: a definition in, a definition out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engage.refusal import Refused
from surveys.definitions import Definition
from surveys.types import QUESTION_TYPES, Option

replace = msgspec.structs.replace


def add_question(definition: Definition, kind: str) -> tuple[Definition, str]:
    """One more question of this type at the end, and its id. Refused("question_type_unknown")."""
    if kind not in QUESTION_TYPES:
        raise Refused("question_type_unknown")
    question_id = _free_id({question.id for question in definition.questions}, "q")
    question: Any = QUESTION_TYPES[kind](id=question_id, label="")
    return replace(definition, questions=[*definition.questions, question]), question_id


def change_question(definition: Definition, question_id: str, changes: dict[str, Any]) -> Definition:
    """The same survey with fields of one question replaced. Refused("question_gone")."""
    index = _index(definition, question_id)
    questions = list(definition.questions)
    questions[index] = replace(questions[index], **changes)
    return replace(definition, questions=questions)


def move_question(definition: Definition, question_id: str, by: int) -> Definition:
    """One place up (-1) or down (+1); at the edge it stays."""
    index = _index(definition, question_id)
    questions = list(definition.questions)
    question = questions.pop(index)
    questions.insert(min(max(index + by, 0), len(questions)), question)
    return replace(definition, questions=questions)


def delete_question(definition: Definition, question_id: str) -> Definition:
    index = _index(definition, question_id)
    return replace(definition, questions=[*definition.questions[:index], *definition.questions[index + 1 :]])


def read_options(typed: str, typed_exclusive: str, before: Sequence[Option]) -> list[Option]:
    """Options from lines, one each; the second text holds those that stand alone.

    A line that was there before keeps its id, and so its counted answers; if as many lines are new as old ones are gone, they are
    those, renamed.
    """
    lines = [(label, False) for label in _lines(typed)] + [(label, True) for label in _lines(typed_exclusive)]
    by_label = {option.label: option.id for option in before}
    kept = {by_label[label] for label, _ in lines if label in by_label}
    new = [label for label, _ in lines if label not in by_label]
    gone = [option.id for option in before if option.id not in kept]
    renamed = dict(zip(new, gone, strict=True)) if len(set(new)) == len(new) == len(gone) else {}
    taken = {option.id for option in before}
    options: list[Option] = []
    used: set[str] = set()
    for label, exclusive in lines:
        option_id = by_label.get(label) or renamed.get(label)
        if option_id is None or option_id in used:
            option_id = _free_id(taken | used, "a")
        used.add(option_id)
        options.append(Option(id=option_id, label=label, exclusive=exclusive))
    return options


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _index(definition: Definition, question_id: str) -> int:
    for index, question in enumerate(definition.questions):
        if question.id == question_id:
            return index
    raise Refused("question_gone")


def _free_id(taken: set[str], letter: str) -> str:
    number = len(taken) + 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"
