"""What one citizen is going to answer, drawn before anything is sent: what will be typed, ticked and chosen, and what should come of it. Pure.

A sheet holds an answer to every question, also to those that the citizen's own answers hide: a form that shows one of them all the same
gets it answered, and the counts no longer agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from engage.operations.rehearse.answers import Told, all_answers, draw_answer
from engage.persian import to_latin_digits
from engage.refusal import Refused
from surveys.definitions import Definition
from surveys.documents import document_of
from surveys.flow import Walk, complete_document, cut_pages, is_calculated, is_drawn, is_hidden
from surveys.logic import holds, parsed_or_none
from surveys.logic.tree import Literal, walk
from surveys.translating import translate
from surveys.types import AnyQuestion, Entries, type_of
from surveys.types.long_list import SHOWN, TEXT

SILENT = 0.15
"""So often a question that may be left out is."""
PAUSES = 0.1
"""So many put the phone aside after the first of several pages and open the link again."""
FOREIGN = 0.25
"""So many choose another language where there is one."""
DRAWS = 80
"""Answers drawn to one question until one meets its condition"""
SHEETS = 40
"""Sheets begun anew until one can be finished"""

_WRITTEN_IN_DIGITS = frozenset({"number", "date", "time", "phone", "national_id", "points"})
_ARABIC = str.maketrans("0123456789۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩" * 2)


@dataclass(frozen=True)
class Sheet:
    """One citizen's answers. Fields are named as the form names them."""

    fields: Mapping[str, Sequence[str]]
    """What is typed into a field, or chosen under its name"""
    document: Mapping[str, Any]
    """The answers that should count: those on the citizen's way, with what follows from them"""
    photos: frozenset[str] = frozenset()
    """Fields that get a photo"""
    picks: Mapping[str, str] = field(default_factory=dict)
    """What is chosen once the form has found several for the letters that were typed"""
    language: str = "fa"
    pauses: bool = False


class _DeadEnd(Exception):
    def __init__(self, question: AnyQuestion) -> None:
        super().__init__(question.id)
        self.question = question


def draw_sheet(definition: Definition, chance: Random, today: date) -> Sheet:
    """A sheet that can be sent to its end; Refused("survey_unplayable") where no answers get through."""
    language = "fa"
    if definition.languages and chance.random() < FOREIGN:
        language = chance.choice(definition.languages)
    for left in range(SHEETS, 0, -1):
        try:
            answers = _draw_answers(definition, chance, today)
            break
        except _DeadEnd as end:
            if left == 1:
                name = end.question.label.strip() or end.question.id
                raise Refused("survey_unplayable", question=name) from None
    return _written(definition, answers, chance, today, language)


def _draw_answers(definition: Definition, chance: Random, today: date) -> dict[str, Entries]:
    """An answer to each question, or none, by question."""
    found: dict[str, Entries] = {}
    way = Walk(definition, today)
    for question in way:
        if is_calculated(question):
            continue
        if is_hidden(question):
            found[question.id] = question.read({})
        elif question.asks:
            found[question.id] = _fitting(question, way, chance)
        way.add(question, found.get(question.id, {}))
    for question in definition.questions:
        if question.id not in found and question.asks:
            found[question.id] = draw_answer(question, chance, told=Told(today=today), is_whole=True)
    return found


def _fitting(question: AnyQuestion, way: Walk, chance: Random) -> Entries:
    """An answer that meets the question's condition after those given so far."""
    must = way.is_required(question)
    if not must and chance.random() < SILENT:
        return {}
    known, today = way.facts.document, way.facts.today
    told = _told(question.valid_if, way) if question.valid_if else Told(today=today)
    for _ in range(DRAWS if question.valid_if else 1):
        entries = draw_answer(question, chance, told=told, is_whole=must)
        if entries and (not question.valid_if or _meets(question, entries, known, today)):
            return entries
    if question.valid_if and (fits := next((each for each in all_answers(question, chance) if _meets(question, each, known, today)), None)):
        return fits
    if must:
        raise _DeadEnd(question)
    return {}


def _meets(question: AnyQuestion, entries: Entries, known: Mapping[str, Any], today: date) -> bool:
    # A condition that can't be read says nothing.
    if parsed_or_none(question.valid_if) is None:
        return True
    return holds(question.valid_if, {**known, **document_of(question.id, entries)}, today)


def _told(condition: str, way: Walk) -> Told:
    """The values a condition names, and those of the earlier answers it names."""
    expression = parsed_or_none(condition)
    if expression is None:
        return Told(today=way.facts.today)
    spoken: list[Any] = [each.value for each in walk(expression.root) if isinstance(each, Literal)]
    spoken += [way.facts.value(name) for name in sorted(expression.names)]
    numbers = [each for each in spoken if isinstance(each, Decimal)]
    return Told(numbers, [each for each in spoken if isinstance(each, str)], way.facts.today)


# -- how it is written into a form -----------------------------------------------------------------------------------------


def _written(definition: Definition, answers: Mapping[str, Entries], chance: Random, today: date, language: str) -> Sheet:
    fields: dict[str, Sequence[str]] = {}
    photos: set[str] = set()
    picks: dict[str, str] = {}
    script = chance.choice(("persian", "latin", "arabic"))
    document: dict[str, Any] = {}
    for question in translate(definition, language).questions:
        entries = answers.get(question.id, {})
        document |= document_of(question.id, entries)
        if not entries or not is_drawn(question):
            continue
        if question.takes_files:
            photos.add(question.id)
            continue
        typed = question.typed(entries)
        if TEXT in typed and type_of(question) == "long_list":
            picks[question.id] = typed.pop("")[0]
            typed[TEXT] = [_letters_for(question, picks[question.id], typed[TEXT][0], chance)]
        if type_of(question) in _WRITTEN_IN_DIGITS:
            typed = {part: [_in_digits(value, script) if value != "none" else value for value in values] for part, values in typed.items()}
        fields |= document_of(question.id, typed)
    return Sheet(
        fields,
        complete_document(definition, document, today),
        frozenset(photos),
        picks,
        language,
        pauses=len(cut_pages(definition)) > 1 and chance.random() < PAUSES,
    )


def _letters_for(question: Any, option_id: str, label: str, chance: Random) -> str:
    """The whole name, or as much of its beginning as brings it up among those shown."""
    for length in sorted(chance.sample(range(2, 12), 3)):
        letters = label[:length].strip()
        if chance.random() < 0.5 and any(option.id == option_id for option in question.matches(letters)[:SHOWN]):
            return letters
    return label


def _in_digits(value: str, script: str) -> str:
    if script == "latin":
        return to_latin_digits(value)
    return value.translate(_ARABIC) if script == "arabic" else value
