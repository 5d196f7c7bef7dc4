"""A survey's definition: format 1, strict in both directions. Pure.

What `load` accepts can be drawn, answered, stored and dumped again unchanged; `gaps` lists what still keeps it from being
published. Answers are one document per person: {question id: "a1" | ["a1", "a2"] | 4 | 12.5 | "text"}; what is unanswered is absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from surveys.contradictions import Found, contradictions
from surveys.documents import document_of, split_by_question
from surveys.flow import Walk, cut_pages, is_calculated, is_drawn, is_hidden
from surveys.types import Answer, AnswerProblem, AnyQuestion, DefinitionProblem, type_of
from surveys.types.base import ID_PATTERN, MAX_EXPRESSION, MAX_LABEL, check_text

FORMAT: Literal[1] = 1
MAX_QUESTIONS = 300
MAX_TITLE = 200
MAX_INTRO = 2000
MAX_QUOTAS = 100
MAX_QUOTA = 10_000_000
MAX_LANGUAGES = 12
MAX_TRANSLATED = 100_000
MAX_PLACE = 160
LANGUAGE_PATTERN = re.compile(r"[a-z]{2,3}")


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


# What msgspec knows of a struct it works out at the first use, and a second thread that comes meanwhile reads it half built and takes
# the whole process down (msgspec 0.22.0). So the first use is here, while one thread imports.
msgspec.json.Decoder(Definition)


@dataclass(frozen=True)
class Gap:
    """One thing to mend before publishing. `number` is what citizens read beside the question, 0 where nobody is asked; `question_id` is
    "" for the survey itself."""

    code: str
    number: int = 0
    question_id: str = ""
    detail: str = ""
    """The word it is about: a name, an option's id, a quota's label"""
    field: str = ""
    """Where in the question: "show_if", "required_if", "valid_if", "skips.2", "formula", or the place of a text ("label", "rows.r1")"""


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
    _check_quotas(definition.quotas)
    _check_translations(definition)


def _check_quotas(quotas: Sequence[Quota]) -> None:
    if len(quotas) > MAX_QUOTAS:
        raise DefinitionProblem("too_many_quotas")
    seen: set[str] = set()
    for quota in quotas:
        if not ID_PATTERN.fullmatch(quota.id):
            raise DefinitionProblem("quota_id_malformed", quota.id[:40])
        if quota.id in seen:
            raise DefinitionProblem("quota_id_repeated", quota.id)
        seen.add(quota.id)
        check_text(quota.label, MAX_LABEL, quota.id)
        check_text(quota.when, MAX_EXPRESSION, quota.id)
        if not 1 <= quota.limit <= MAX_QUOTA:
            raise DefinitionProblem("quota_limit_out_of_range", quota.id)


def _check_translations(definition: Definition) -> None:
    named = [*definition.languages, *definition.translations]
    if len(definition.languages) > MAX_LANGUAGES or len(definition.translations) > MAX_LANGUAGES:
        raise DefinitionProblem("too_many_languages")
    if len(set(definition.languages)) < len(definition.languages):
        raise DefinitionProblem("language_repeated")
    for language in named:
        if not LANGUAGE_PATTERN.fullmatch(language) or language == "fa":
            raise DefinitionProblem("translation_language_unknown", language[:40])
    for language, texts in definition.translations.items():
        if len(texts) > MAX_TRANSLATED:
            raise DefinitionProblem("too_many_translations", language)
        for place, text in texts.items():
            check_text(place, MAX_PLACE, language)
            check_text(text, MAX_INTRO, f"{language}:{place}"[:80])


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
    wrong: dict[str, list[Found]] = {}
    for each in contradictions(definition):
        wrong.setdefault(each.question.id if each.question else "", []).append(each)
    numbers = numbers_of(definition)
    for question in definition.questions:
        number = numbers.get(question.id, 0)
        found += [Gap(code, number, question.id) for code in question.gaps()]
        found += [Gap(each.code, number, question.id, each.detail, each.field) for each in wrong.get(question.id, ())]
    return found + [Gap(each.code, detail=each.detail, field=each.field) for each in wrong.get("", ())]


def read_answers(
    definition: Definition,
    given: Mapping[str, Sequence[str]],
    *,
    today: date,
    earlier: Mapping[str, Any] | None = None,
    questions: Collection[AnyQuestion] | None = None,
) -> Reading:
    """Answers from a form's raw values: of the whole survey, or of one page's `questions` after the document of `earlier` pages.

    Fields that are no question asked here are left out, and so are answers to questions that these answers hide. Calculations on the
    way are filled in, and so are hidden fields that `earlier` doesn't hold. `surveys.flow.complete_document` makes a whole of the
    pages' answers.
    """
    answers: dict[str, Answer] = {}
    problems: dict[str, AnswerProblem] = {}
    raw, before = split_by_question(given), split_by_question(earlier or {})
    asked = None if questions is None else {question.id for question in questions}
    walk = Walk(definition, today)
    for question in walk:
        known = before.get(question.id, {})
        if asked is not None and question.id not in asked and (known or not is_hidden(question)):
            if not is_calculated(question):
                walk.add(question, known)
            continue
        if is_calculated(question):
            answers |= document_of(question.id, walk.result_of(question))
            continue
        try:
            entries = _demanding(question, walk).read(raw.get(question.id, {}))
            if not entries and walk.is_required(question):
                raise AnswerProblem("answer_missing")
        except AnswerProblem as problem:
            problems[question.id] = problem
            continue
        walk.add(question, entries)
        if entries and not walk.is_valid(question):
            problems[question.id] = AnswerProblem("condition_unmet", message=question.valid_message)
            continue
        answers |= document_of(question.id, entries)
    return Reading(answers, problems)


def _demanding(question: AnyQuestion, walk: Walk) -> AnyQuestion:
    """The question as it stands after the answers so far: required also where only its condition says so."""
    if not question.required and question.required_if and walk.is_required(question):
        return msgspec.structs.replace(question, required=True)
    return question


def is_satisfied_by(definition: Definition, document: Mapping[str, Any], today: date) -> bool:
    """Whether a stored document is a complete set of answers to this definition and nothing else: what `read_answers` makes of a whole.

    Every question on the way that must be answered is, each answer is one the question accepts and meets its condition, calculations
    are right, and there is nothing besides.
    """
    given = split_by_question(document)
    walk = Walk(definition, today)
    for question in walk:
        entries = given.pop(question.id, {})
        if is_calculated(question):
            if not _is_same(entries, walk.result_of(question)):
                return False
            continue
        if not entries:
            if walk.is_required(question):
                return False
            continue
        if not _demanding(question, walk).accepts(entries):
            return False
        walk.add(question, entries)
        if not walk.is_valid(question):
            return False
    return not given


def _is_same(entries: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a calculation's stored result is the one it comes to: true is not 1, and 1.0 is not as we write it."""
    return dict(entries) == expected and all(type(value) is type(expected[part]) for part, value in entries.items())


SECONDS = {
    "single": 12, "multiple": 18, "rating": 8, "number": 12, "short_text": 20, "long_text": 40, "date": 15, "time": 12, "phone": 20,
    "national_id": 25, "consent": 15, "upload": 45, "approval": 30, "ballot_ranking": 45, "points": 60, "knapsack": 60,
    "yes_no": 8, "nps": 10, "matrix": 12, "ranking": 30, "neighbourhood": 8, "long_list": 20,
}  # fmt: skip
USUAL_SECONDS = 12
SECONDS_A_ROW = 6.0
"""For each row of a matrix, and each project of a ballot, after the first"""
SECONDS_AN_OPTION = 1.5
"""For each option from the sixth to the thirtieth: nobody reads on, longer lists are searched"""
SECONDS_A_PAGE = 6.0
LETTERS_A_SECOND = 15


def estimated_minutes(definition: Definition) -> int:
    """Minutes an unhurried reader needs, rounded up: page one promises them. Long lists take longer, and so does each further page."""
    seconds = 15.0 + SECONDS_A_PAGE * max(len(cut_pages(definition)) - 1, 0)
    for question in definition.questions:
        if not question.asks:
            seconds += sum(map(len, question.texts().values())) / LETTERS_A_SECOND if is_drawn(question) else 0
            continue
        needed = SECONDS.get(type_of(question), USUAL_SECONDS) + min(max(len(getattr(question, "options", ())) - 5, 0), 25) * SECONDS_AN_OPTION
        needed += max(len(getattr(question, "rows", ())) + len(getattr(question, "projects", ())) - 1, 0) * SECONDS_A_ROW
        seconds += needed * (1 if question.required else 0.7)
    return max(1, -(-int(seconds) // 60))


def numbers_of(definition: Definition) -> dict[str, int]:
    """Question id → the number it carries: only what asks something is counted."""
    return {question.id: number for number, question in enumerate((each for each in definition.questions if each.asks), 1)}
