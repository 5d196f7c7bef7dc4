"""A survey's definition: format 1, strict in both directions. Pure.

What `load` accepts can be drawn, answered, stored and dumped again unchanged; `gaps` lists what still keeps it from being
published. Answers are one document per person: {question id: "a1" | ["a1", "a2"] | 4 | 12.5 | "text"}; what is unanswered is absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from surveys.types import Answer, AnswerProblem, AnyQuestion, DefinitionProblem
from surveys.types.base import check_text

_Value = TypeVar("_Value")

FORMAT: Literal[1] = 1
MAX_QUESTIONS = 300
MAX_TITLE = 200
MAX_INTRO = 2000


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """At most `limit` complete responses for which `when` holds (an expression of `surveys.logic`)."""

    id: str
    label: str
    when: str
    limit: int


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Title, introduction and questions of one survey."""

    format: Literal[1] = FORMAT
    title: str
    intro: str = ""
    questions: list[AnyQuestion] = []
    is_anonymous: bool = False
    """Promised on page one and held against the database's owner; else answers are confidential."""
    data_use: str = ""
    """What happens to the answers, in the office's words; empty: the usual sentence."""
    quotas: list[Quota] = []
    languages: list[str] = []
    """Besides Persian: ISO 639-1 codes."""
    translations: dict[str, dict[str, str]] = {}
    """Language → {place of a text (`surveys.translating`) → the text in it}."""

    def question(self, question_id: str) -> AnyQuestion | None:
        return next((each for each in self.questions if each.id == question_id), None)


@dataclass(frozen=True)
class Gap:
    """One thing to mend before publishing. `number` is the question's place from 1, 0 for the survey itself."""

    code: str
    number: int = 0
    question_id: str = ""


@dataclass(frozen=True)
class Reading:
    """What a form's input came to: the answers that could be read, and a problem for each question that couldn't."""

    answers: dict[str, Answer]
    problems: dict[str, AnswerProblem]


def load(raw: Any) -> Definition:
    """The definition in builtin JSON values; DefinitionProblem says what it isn't (`place` is a path or a question's id)."""
    try:
        definition = msgspec.convert(raw, Definition)
    except msgspec.ValidationError as error:
        raise DefinitionProblem("definition_malformed", str(error)) from None
    except RecursionError:
        raise DefinitionProblem("definition_malformed") from None
    check(definition)
    return definition


def load_text(text: str | bytes) -> Definition:
    """The definition in a JSON file's content."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return load(json.loads(text))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DefinitionProblem):
            raise
        raise DefinitionProblem("definition_not_json") from None


def check(definition: Definition) -> None:
    """Raise DefinitionProblem for what no form could be made of."""
    check_text(definition.title, MAX_TITLE, "title")
    check_text(definition.intro, MAX_INTRO, "intro")
    check_text(definition.data_use, MAX_INTRO, "data_use")
    if len(definition.questions) > MAX_QUESTIONS:
        raise DefinitionProblem("too_many_questions")
    seen: set[str] = set()
    for question in definition.questions:
        question.check()
        if question.id in seen or question.id in RESERVED_FIELDS:
            raise DefinitionProblem("question_id_repeated", question.id)
        seen.add(question.id)


RESERVED_FIELDS = frozenset({"version", "errors", "main"})
"""Names the page itself uses for fields and anchors."""


def dump(definition: Definition) -> dict[str, Any]:
    """Builtin JSON values, every field written out, so that a later default can't change a stored survey."""
    found: dict[str, Any] = msgspec.to_builtins(definition)
    return found


def dump_text(definition: Definition) -> str:
    return json.dumps(dump(definition), ensure_ascii=False, indent=2) + "\n"


def gaps(definition: Definition) -> list[Gap]:
    """What keeps this definition from being published, in the order of the page."""
    found = [] if definition.title.strip() else [Gap("survey_without_title")]
    if not definition.questions:
        found.append(Gap("survey_has_no_question"))
    for number, question in enumerate(definition.questions, 1):
        found += [Gap(code, number, question.id) for code in question.gaps()]
    return found


def read_answers(definition: Definition, given: Mapping[str, Sequence[str]]) -> Reading:
    """Answers from a form's raw values. Fields that are no question of this survey are left out."""
    answers: dict[str, Answer] = {}
    problems: dict[str, AnswerProblem] = {}
    raw = split_by_question(given)
    for question in definition.questions:
        try:
            entries = question.read(raw.get(question.id, {}))
            if not entries and question.required:
                raise AnswerProblem("answer_missing")
        except AnswerProblem as problem:
            problems[question.id] = problem
            continue
        answers |= document_of(question.id, entries)
    return Reading(answers, problems)


def split_by_question(document: Mapping[str, _Value]) -> dict[str, dict[str, _Value]]:
    """Fields of a form, or entries of a stored document, by question and part: `q.x` is the part `x` of `q`, `q` its part ""."""
    found: dict[str, dict[str, _Value]] = {}
    for name, value in document.items():
        question_id, dot, part = name.partition(".")
        found.setdefault(question_id, {})[part or dot] = value
    return found


def document_of(question_id: str, parts: Mapping[str, _Value]) -> dict[str, _Value]:
    """The parts of one question as they stand in a form or a stored document."""
    return {f"{question_id}.{part}" if part else question_id: value for part, value in parts.items()}


def is_satisfied_by(definition: Definition, answers: Mapping[str, Any]) -> bool:
    """Whether a stored document is a complete set of answers to this definition and nothing else."""
    known = {question.id: question for question in definition.questions}
    given = split_by_question(answers)
    if not set(given) <= set(known):
        return False
    if any(question.required and question.id not in given for question in definition.questions):
        return False
    return all(known[question_id].accepts(entries) for question_id, entries in given.items())


SECONDS = {"single": 12, "multiple": 18, "rating": 8, "number": 12, "short_text": 20, "long_text": 40}


def estimated_minutes(definition: Definition) -> int:
    """Minutes an unhurried reader needs, rounded up: page one promises them. Long lists of options take longer."""
    seconds = 15.0
    for question in definition.questions:
        seconds += SECONDS[str(question.__struct_config__.tag)] * (1 if question.required else 0.7)
        seconds += max(len(getattr(question, "options", ())) - 5, 0) * 1.5
    return max(1, -(-int(seconds) // 60))
