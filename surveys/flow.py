"""The way through a questionnaire: what is asked after which answers, on which page, and what follows from the answers. Pure.

One walk through the questions in their order decides everything: what isn't shown counts as unanswered for all that comes later, so
an answer that was given before its question vanished changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from surveys.documents import document_of, split_by_question
from surveys.logic import Facts, evaluate_with, holds_with, parsed_or_none, value_of
from surveys.logic.functions import NAMING
from surveys.logic.tree import Call, Reference, parts_of
from surveys.types.base import Question, Translate

if TYPE_CHECKING:
    from surveys.definitions import Definition
    from surveys.types import AnyQuestion

MOST_WEIGHT = 7
"""So many plain questions stand on one page."""
LONGEST_PIPED = 200
UNANSWERED = "…"
"""Stands where an answer was to be repeated that wasn't given."""

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9_-]{0,39}(?:\.[A-Za-z0-9][A-Za-z0-9_-]{0,39})?)\}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class Walk:
    """A questionnaire gone through once, from the first question to the last.

    For each question that is shown the caller says what was answered (`add`); a calculation adds its result by itself. Questions that
    aren't shown are passed over.
    """

    def __init__(self, definition: Definition, today: date) -> None:
        self.definition = definition
        self.facts = Facts({}, today)
        self._skipping_to: str | None = None

    def __iter__(self) -> Iterator[AnyQuestion]:
        for question in self.definition.questions:
            if self._skipping_to is not None:
                if question.id != self._skipping_to:
                    continue
                self._skipping_to = None
            if not self._holds(question.show_if, empty=True):
                continue
            if is_calculated(question):
                self.add(question, self.result_of(question))
            yield question
            for skip in question.skips:
                if self._holds(skip.when, empty=False):
                    self._skipping_to = skip.to
                    break

    def add(self, question: Question, entries: Mapping[str, Any]) -> None:
        """What was answered to a question, for those that come after it."""
        self.facts.add(document_of(question.id, entries))

    def result_of(self, question: Any) -> dict[str, Any]:
        """What a calculation comes to after the answers so far, empty where something it needs is missing."""
        expression = parsed_or_none(question.formula)
        value = evaluate_with(expression, self.facts) if expression is not None else None
        # A database gives a whole number back as one, however it was written.
        return {part: int(each) if isinstance(each, float) and each.is_integer() else each for part, each in question.entries_of(value).items()}

    def is_required(self, question: Question) -> bool:
        return question.asks and (question.required or self._holds(question.required_if, empty=False))

    def is_valid(self, question: Question) -> bool:
        """Whether the answer that was added meets the question's own condition."""
        return self._holds(question.valid_if, empty=True)

    def _holds(self, text: str, *, empty: bool) -> bool:
        """An empty condition says nothing, and one that can't be read neither: it never gets published, only tried out."""
        expression = parsed_or_none(text) if text else None
        return empty if expression is None else holds_with(expression, self.facts)


def is_calculated(question: Question) -> bool:
    return hasattr(question, "formula")


def visible_questions(definition: Definition, document: Mapping[str, Any], today: date) -> list[AnyQuestion]:
    """The questions that stand on the way of whoever gave these answers, in order; what isn't answered yet counts as missing.

    Also information pages, hidden fields and calculations: those that ask something say so (`asks`).
    """
    return [question for question, _ in _walked(definition, document, today)]


def complete_document(definition: Definition, document: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The answers that count: those to questions on the way, in its order, with every calculation's result; nothing else."""
    found: dict[str, Any] = {}
    for question, entries in _walked(definition, document, today):
        found |= document_of(question.id, entries)
    return found


def _walked(definition: Definition, document: Mapping[str, Any], today: date) -> Iterator[tuple[AnyQuestion, Mapping[str, Any]]]:
    given = split_by_question(document)
    walk = Walk(definition, today)
    for question in walk:
        if is_calculated(question):
            yield question, walk.result_of(question)
            continue
        entries = given.get(question.id, {})
        walk.add(question, entries)
        yield question, entries


@dataclass(frozen=True)
class Deciders:
    """What answers must be known of to tell which questions someone was asked."""

    values: tuple[str, ...] = ()
    """Names in a document whose values decide"""
    presences: tuple[str, ...] = ()
    """Names of which only counts whether they are there"""
    by_day: bool = False
    """The day of answering decides, too"""

    @property
    def names(self) -> tuple[str, ...]:
        return self.values + self.presences


def deciders_of(definition: Definition) -> Deciders | None:
    """What decides who is asked what; None where everyone is asked everything."""
    texts = [question.show_if for question in definition.questions] + [skip.when for question in definition.questions for skip in question.skips]
    waiting = [expression.root for text in texts if text and (expression := parsed_or_none(text)) is not None]
    if not waiting:
        return None
    questions = {question.id: question for question in definition.questions}
    questions = {question.id: question for question in definition.questions}
    values, presences, by_day = dict[str, None](), dict[str, None](), False
    followed = set[str]()
    while waiting:
        node = waiting.pop()
        by_day = by_day or (isinstance(node, Call) and node.function in ("today", "age"))
        if isinstance(node, Call) and node.function in NAMING and isinstance(node.arguments[0], Reference):
            named = node.arguments[0]
            (presences if node.function == "answered" else values).update(dict.fromkeys(_names_under(named.name, questions)))
        elif isinstance(node, Reference):
            named = node
            values[node.name] = None
        else:
            waiting += parts_of(node)
            continue
        owner = questions.get(named.name.partition(".")[0])
        if owner is not None and is_calculated(owner) and owner.id not in followed:
            followed.add(owner.id)
            formula = parsed_or_none(getattr(owner, "formula", ""))
            waiting += [formula.root] if formula is not None else []
    return Deciders(tuple(values), tuple(name for name in presences if name not in values), by_day)


def _names_under(name: str, questions: Mapping[str, AnyQuestion]) -> list[str]:
    """Every name an answer to this question, or to this part of it, may be stored under."""
    question = questions.get(name)
    parts = {} if question is None else question.names()
    return list(dict.fromkeys([name, *(f"{name}.{part}" for part in parts if part)]))


def cut_pages(definition: Definition) -> list[list[AnyQuestion]]:
    """The questions on their pages.

    A page begins where its question says so, where more than seven plain questions would come together, and wherever what came before
    on the same page decides whether or how a question is asked: without scripts nothing can change on a page that was sent. What isn't
    drawn (hidden fields, calculations) never makes a page of its own.
    """
    pages: list[list[AnyQuestion]] = []
    weight = 0
    undecided: set[str] = set()
    is_cut = False
    for question in definition.questions:
        is_cut = is_cut or question.new_page
        if is_drawn(question):
            is_full = weight + question.weight > MOST_WEIGHT or not undecided.isdisjoint(_decided_by(question))
            if weight and (is_cut or is_full):
                pages.append([])
                weight, undecided = 0, set()
            is_cut = False
            weight += question.weight
            undecided.add(question.id)
        elif is_calculated(question) and not undecided.isdisjoint(_owners_in(getattr(question, "formula", "")) | _owners_in(question.show_if)):
            undecided.add(question.id)
        if not pages:
            pages.append([])
        pages[-1].append(question)
        is_cut = is_cut or any(not undecided.isdisjoint(_owners_in(skip.when)) for skip in question.skips)
    return pages


def is_drawn(question: Question) -> bool:
    """Whether a citizen sees anything of it: hidden fields and calculations only add to the document."""
    return question.weight > 0


def is_hidden(question: Question) -> bool:
    """Whether its value comes along without being asked or calculated."""
    return not is_drawn(question) and not is_calculated(question)


def _decided_by(question: Question) -> set[str]:
    """The ids of questions whose answers decide whether this one is shown and how it reads."""
    return _owners_in(question.show_if) | {name.partition(".")[0] for text in question.texts().values() for name in piped_names(text)}


def _owners_in(text: str) -> set[str]:
    """The questions an expression names."""
    expression = parsed_or_none(text) if text else None
    return {name.partition(".")[0] for name in expression.names} if expression else set()


def piped_names(text: str) -> list[str]:
    """What a text repeats answers of: "{q1}", "{q5.r1}"."""
    return PLACEHOLDER.findall(text) if "{" in text else []


def pipe(text: str, definition: Definition, document: Mapping[str, Any], translate: Translate = lambda text, **params: text % params if params else text) -> str:
    """A text with each "{q1}" replaced by the answer in words; plain text, not escaped. Braces around anything else stay as they are.

    An unanswered question reads «…». Answers come in one line of at most 200 letters, without characters that turn the direction of
    writing, and aren't looked through again.
    """
    if "{" not in text:
        return text
    known = {question.id: question for question in definition.questions}

    def worded(found: re.Match[str]) -> str:
        question_id, _, part = found[1].partition(".")
        question = known.get(question_id)
        if question is None:
            return found[0]
        entries = split_by_question({name: document[name] for name in _stored_under(document, question_id, part)}).get(question_id, {})
        return _one_line(question.in_words(entries, translate)) or UNANSWERED

    return PLACEHOLDER.sub(worded, text)


def pipe_question(question: AnyQuestion, definition: Definition, document: Mapping[str, Any], translate: Translate) -> AnyQuestion:
    """The question with earlier answers in its texts; the same object where there are none."""
    texts = {place: text for place, text in question.texts().items() if piped_names(text)}
    if not texts:
        return question
    return question.with_texts({place: pipe(text, definition, document, translate) for place, text in texts.items()})


def _stored_under(document: Mapping[str, Any], question_id: str, part: str) -> list[str]:
    """The names of a question's answer, or of one part of it, as far as something sayable lies under them."""
    names = [f"{question_id}.{part}"] if part else [name for name in document if name.partition(".")[0] == question_id]
    return [name for name in names if value_of(document.get(name)) is not None]


def _one_line(words: str) -> str:
    line = " ".join(_CONTROLS.sub(" ", words).split())
    return line if len(line) <= LONGEST_PIPED else line[: LONGEST_PIPED - 1] + UNANSWERED

