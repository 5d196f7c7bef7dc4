"""The editor's cards: one for each question, of which only the opened one carries its form, so that 300 questions stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from engage.persian import format_number
from surveys.conditions import Asked, askable, in_words, names_before
from surveys.definitions import Definition, Gap, gaps, numbers_of
from surveys.flow import cut_pages
from surveys.forms import FORMS, QuestionForm
from surveys.forms.question import RuleForm
from surveys.logic.kinds import Kind
from surveys.sealing import promise_gap
from surveys.types import AnyQuestion, type_of
from surveys.words import TYPE_ICONS, TYPES, explain_gap

NAME_LENGTH = 60
MANY_CHOICES = 1500
"""More options than this aren't offered to the script; the officer writes the option's words."""


@dataclass(frozen=True)
class Problem:
    """One gap at its place: the question's form field it belongs to ("" for the question as a whole), and the sentence."""

    field: str
    words: str


@dataclass(frozen=True)
class Card:
    """One question as the editor shows it."""

    question: AnyQuestion
    place: int
    """Among everything in the form, from 1"""
    number: int
    """What citizens read beside it; 0 for what nobody is asked"""
    kind: str
    words: Any
    icon: str
    facts: list[str]
    """What the summary says besides the type: options, conditions"""
    problems: list[Problem]
    page: int
    begins_page: bool
    form: QuestionForm | None = None
    rule: RuleForm | None = None
    known: Sequence[Asked] = ()
    later: Sequence[tuple[str, AnyQuestion]] = ()
    """What follows, with its name: see `name_of`"""

    @property
    def name(self) -> str:
        return name_of(self.question, self.number)

    def problems_at(self, name: str) -> list[str]:
        return [each.words for each in self.problems if each.field == name]

    @property
    def elsewhere(self) -> list[str]:
        """Sentences that stand on top of the card: those of no field drawn apart."""
        drawn = {each.short_name for each in self.form} if self.form is not None else set()
        return [each.words for each in self.problems if each.field not in drawn]


def problems_of(definition: Definition) -> dict[str, list[Problem]]:
    """Every gap by the question it is at; "" is the survey itself."""
    found: dict[str, list[Problem]] = {}
    for gap in gaps(definition):
        found.setdefault(gap.question_id, []).append(Problem(gap.field.partition(".")[0], explain_gap(gap)))
    if definition.is_anonymous and (code := promise_gap(definition)):
        found.setdefault("", []).append(Problem("", explain_gap(Gap(code))))
    return found


def cards_of(definition: Definition, opened: str, form: QuestionForm | None, rule: RuleForm | None) -> list[Card]:
    """All cards in order. `form` and `rule` are what was typed into the opened one; made from the question where they are None."""
    missing = problems_of(definition)
    known = {each.name: each for each in askable(definition.questions)} if _has_logic(definition) else {}
    pages = {question.id: number for number, page in enumerate(cut_pages(definition), 1) for question in page}
    numbers = numbers_of(definition)
    found, page = [], 0
    for place, question in enumerate(definition.questions, 1):
        kind = type_of(question)
        begins, page = pages.get(question.id, page) != page, pages.get(question.id, page)
        parts: dict[str, Any] = {}
        if question.id == opened:
            parts = open_parts(definition, question, form, rule)
        found.append(
            Card(
                question,
                place,
                numbers.get(question.id, 0),
                kind,
                TYPES.get(kind, kind),
                TYPE_ICONS.get(kind, "help"),
                _facts(question, known),
                missing.get(question.id, []),
                page,
                begins,
                **parts,
            )
        )
    return found


def name_of(question: AnyQuestion, number: int) -> str:
    """What staff read a question by: its number and words, or where nobody is asked, what it is."""
    words = " ".join(question.label.split())
    words = words if len(words) <= NAME_LENGTH else f"{words[: NAME_LENGTH - 1].rstrip()}…"
    if not number:
        kind = str(TYPES.get(type_of(question), type_of(question)))
        return f"{kind} · {words}" if words else kind
    return f"{format_number(number)}. {words}" if words else format_number(number)


def later_than(definition: Definition, question: AnyQuestion) -> list[tuple[str, AnyQuestion]]:
    """What follows a question, each with its name."""
    numbers = numbers_of(definition)
    index = next(n for n, each in enumerate(definition.questions) if each.id == question.id)
    return [(name_of(each, numbers.get(each.id, 0)), each) for each in definition.questions[index + 1 :]]


def open_parts(definition: Definition, question: AnyQuestion, form: QuestionForm | None, rule: RuleForm | None) -> dict[str, Any]:
    """What an opened card has besides."""
    if form is None:
        form = FORMS[type(question)](formdata=None, prefix=f"{question.id}-")
        form.show(question)
    rule = rule or rule_form(definition, question, empty=True)
    return {"form": form, "rule": rule, "known": rule.asked, "later": later_than(definition, question)}


def rule_form(definition: Definition, question: AnyQuestion, *, empty: bool = False) -> RuleForm:
    """The helper of this question's card: filled from the request unless `empty`."""
    prefix = f"{question.id}-rule-"
    rule = RuleForm(formdata=None, prefix=prefix) if empty else RuleForm(prefix=prefix)
    index = next(n for n, each in enumerate(definition.questions) if each.id == question.id)
    rule.offer(names_before(definition, question.id, itself=True))
    if empty and index:
        # Most conditions are about the question right before.
        rule.name.data = next((each.name for each in reversed(rule.asked) if each.number <= index), "")
    rule.offer_targets(later_than(definition, question))
    return rule


def choices_for_script(known: Sequence[Asked]) -> dict[str, list[tuple[str, str]]]:
    """What the script offers to compare with, by name; nothing where that would be too much to send."""
    if sum(len(each.choices) for each in known) > MANY_CHOICES:
        return {}
    yes_and_no = [("yes", _("yes")), ("no", _("no"))]
    offered = {each.name: yes_and_no if each.kind is Kind.TRUTH else list(each.choices) for each in known}
    return {name: choices for name, choices in offered.items() if choices}


def _has_logic(definition: Definition) -> bool:
    return any(question.show_if or question.required_if or question.valid_if or question.skips for question in definition.questions)


def _facts(question: AnyQuestion, known: dict[str, Asked]) -> list[str]:
    found = []
    if question.show_if:
        found.append(_("shown if %(condition)s", condition=in_words(question.show_if, known, _) or question.show_if))
    if question.required_if:
        found.append(_("required if %(condition)s", condition=in_words(question.required_if, known, _) or question.required_if))
    if question.valid_if:
        found.append(_("right if %(condition)s", condition=in_words(question.valid_if, known, _) or question.valid_if))
    for skip in question.skips:
        target = skip.to or _("the end")
        found.append(_("on to %(question)s if %(condition)s", question=target, condition=in_words(skip.when, known, _) or skip.when))
    return found
