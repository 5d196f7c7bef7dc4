"""Steps of the form editor on a draft: add, change, move, copy, delete. Pure: a definition in, a definition out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from engage.refusal import Refused
from surveys.definitions import MAX_QUESTIONS, Definition
from surveys.types import QUESTION_TYPES, AnyQuestion, Option

replace = msgspec.structs.replace


def add_question(definition: Definition, kind: str, *, after: str = "", taken: Collection[str] = ()) -> tuple[Definition, str]:
    """One more question of this type, at the end or behind another one, and its id, which is none of `taken`.

    Refused: "question_type_unknown", "too_many_questions".
    """
    if kind not in QUESTION_TYPES:
        raise Refused("question_type_unknown")
    _leave_room(definition)
    question_id = _free_id({question.id for question in definition.questions} | set(taken), "q")
    question: Any = QUESTION_TYPES[kind](id=question_id, label="")
    return _with(definition, question, after), question_id


def copy_question(definition: Definition, question_id: str, *, taken: Collection[str] = ()) -> tuple[Definition, str]:
    """The same question once more, right behind it, and its id. Its skips stay behind. Refused: "question_gone", "too_many_questions"."""
    original = definition.questions[_index(definition, question_id)]
    _leave_room(definition)
    copy_id = _free_id({question.id for question in definition.questions} | set(taken), "q")
    return _with(definition, replace(original, id=copy_id, skips=[]), question_id), copy_id


def change_question(definition: Definition, question_id: str, changes: dict[str, Any]) -> Definition:
    """The same survey with fields of one question replaced. Refused("question_gone")."""
    index = _index(definition, question_id)
    questions = list(definition.questions)
    questions[index] = replace(questions[index], **changes)
    return replace(definition, questions=questions)


def move_question(definition: Definition, question_id: str, by: int) -> Definition:
    """One place up (-1) or down (+1); at the edge it stays."""
    return place_question(definition, question_id, _index(definition, question_id) + by)


def place_question(definition: Definition, question_id: str, index: int) -> Definition:
    """The question stands at this place from 0, or at the nearest there is."""
    questions = list(definition.questions)
    question = questions.pop(_index(definition, question_id))
    questions.insert(min(max(index, 0), len(questions)), question)
    return replace(definition, questions=questions)


def delete_question(definition: Definition, question_id: str) -> Definition:
    index = _index(definition, question_id)
    return replace(definition, questions=[*definition.questions[:index], *definition.questions[index + 1 :]])


def read_options(typed: str, typed_exclusive: str, before: Sequence[Option], letter: str = "a") -> list[Option]:
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
            option_id = _free_id(taken | used, letter)
        used.add(option_id)
        options.append(Option(id=option_id, label=label, exclusive=exclusive))
    return options


def spare_counted_ids(before: AnyQuestion, after: AnyQuestion, published: Iterable[AnyQuestion]) -> AnyQuestion:
    """The changed question, where no part that is new takes the id another part had in a version people have answered.

    Options and rows are counted by their ids over all versions: "a3" must not mean a lamp in one and a bench in the next.
    """
    changes: dict[str, Any] = {}
    published = list(published)
    for name in type(after).__struct_fields__:
        parts = _parts(after, name)
        if not parts:
            continue
        known = {part.id for part in _parts(before, name)}
        counted: dict[str, str] = {part.id: part.label for earlier in published for part in _parts(earlier, name)}
        taken = known | set(counted) | {part.id for part in parts}
        fresh = []
        for part in parts:
            if part.id not in known and counted.get(part.id, part.label) != part.label:
                part = replace(part, id=_free_id(taken, part.id.rstrip("0123456789") or "a"))
                taken.add(part.id)
            fresh.append(part)
        if fresh != parts:
            changes[name] = fresh
    return replace(after, **changes) if changes else after


def _parts(question: AnyQuestion, name: str) -> list[Any]:
    """What a question has in this field, if that is a list of things with an id and a label."""
    value = getattr(question, name, None)
    if isinstance(value, list) and value and all(hasattr(each, "id") and hasattr(each, "label") for each in value):
        return value
    return []


def put_translations(definition: Definition, language: str, texts: Mapping[str, str]) -> Definition:
    """The same survey with these places' texts in this language; an empty one takes the translation away."""
    present = dict(definition.translations.get(language, {}))
    for place, text in texts.items():
        if text.strip():
            present[place] = text.strip()
        else:
            present.pop(place, None)
    others = {code: words for code, words in definition.translations.items() if code != language}
    return replace(definition, translations=others | ({language: present} if present else {}))


def _with(definition: Definition, question: AnyQuestion, after: str) -> Definition:
    index = _index(definition, after) + 1 if after else len(definition.questions)
    return replace(definition, questions=[*definition.questions[:index], question, *definition.questions[index:]])


def _leave_room(definition: Definition) -> None:
    if len(definition.questions) >= MAX_QUESTIONS:
        raise Refused("too_many_questions")


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _index(definition: Definition, question_id: str) -> int:
    for index, question in enumerate(definition.questions):
        if question.id == question_id:
            return index
    raise Refused("question_gone")


def _free_id(taken: Collection[str], letter: str) -> str:
    number = len(taken) + 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"
