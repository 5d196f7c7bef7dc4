"""What every type of question asks the officer: its words, whether it must be answered, and when it is asked at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from engage.refusal import Refused
from engage.web.forms import BaseForm, stripped
from surveys.conditions import COMPARISONS, Asked, compose, join
from surveys.types import AnyQuestion, Skip
from surveys.types.base import MAX_EXPRESSION, MAX_HINT, MAX_LABEL, MAX_SKIPS

needed: Any = InputRequired(_l("Please fill this in."))

LOGIC_FIELDS = ("new_page", "show_if", "required_if", "valid_if", "valid_message", "skips")
"""Drawn apart, under “logic and page”."""


class SkipsField(Field):
    """Where an answer leads on to: pairs of a condition (`name-when`) and a question's id (`name-to`), as often as there are."""

    data: list[Skip]

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.errors = ()
        self.process_errors: list[str] = []
        self.data = list(data or self.default or [])
        if formdata is None or f"{self.name}-when" not in formdata:
            return
        conditions, targets = formdata.getlist(f"{self.name}-when"), formdata.getlist(f"{self.name}-to")
        self.data = [Skip(when=when.strip(), to=to.strip()) for when, to in zip(conditions, targets, strict=False) if when.strip()][
            : MAX_SKIPS + 1
        ]

    def pre_validate(self, form: Any) -> None:
        if len(self.data) > MAX_SKIPS:
            raise ValueError(str(_l("There are too many of these.")))
        if any(len(skip.when) > MAX_EXPRESSION for skip in self.data):
            raise ValueError(str(_l("A condition is too long.")))


def _expression(label: Any, description: Any = "") -> StringField:
    attributes = {"dir": "ltr", "spellcheck": "false", "autocomplete": "off"}
    return StringField(label, [Length(max=MAX_EXPRESSION)], filters=[stripped], description=description, render_kw=attributes)


class QuestionForm(BaseForm):
    """What every type asks the officer."""

    revision = HiddenField()
    label = StringField(_l("Question"), [Length(max=MAX_LABEL)], filters=[stripped])
    hint = StringField(_l("Hint"), [Length(max=MAX_HINT)], filters=[stripped])
    required = BooleanField(_l("An answer is required"))
    new_page = BooleanField(_l("Begins a new page"))
    show_if = _expression(_l("Show only if"))
    required_if = _expression(_l("Required if"))
    valid_if = _expression(_l("The answer is right if"))
    valid_message = StringField(
        _l("Else the citizen reads"), [Length(max=MAX_HINT)], filters=[stripped], description=_l("What is wrong, and what to do.")
    )
    skips = SkipsField(_l("After the answer, on to another question"))

    def show(self, question: Any) -> None:
        """Fill the form from a question."""
        self.label.data, self.hint.data, self.required.data = question.label, question.hint, question.required
        self.new_page.data, self.show_if.data, self.required_if.data = question.new_page, question.show_if, question.required_if
        self.valid_if.data, self.valid_message.data = question.valid_if, question.valid_message
        self.skips.data = list(question.skips)

    def changes(self, question: Any) -> dict[str, Any]:
        """The fields of the question this form decides."""
        return {
            "label": self.label.data or "",
            "hint": self.hint.data or "",
            "required": bool(self.required.data),
            "new_page": bool(self.new_page.data),
            "show_if": self.show_if.data or "",
            "required_if": self.required_if.data or "",
            "valid_if": self.valid_if.data or "",
            "valid_message": self.valid_message.data or "",
            "skips": self.skips.data,
        }


COMPARISON_WORDS = {
    "is": _l("is"),
    "is_not": _l("isn't"),
    "over": _l("is more than"),
    "least": _l("is at least"),
    "under": _l("is less than"),
    "most": _l("is at most"),
    "answered": _l("is answered"),
    "unanswered": _l("isn't answered"),
}


class ConditionForm(BaseForm):
    """A condition from three choices. It is checked only when its own button was pressed."""

    name = SelectField(_l("The answer to"), validate_choice=False)
    comparison = SelectField(_l("Comparison"), choices=[(each, COMPARISON_WORDS[each]) for each in COMPARISONS], validate_choice=False)
    value = StringField(
        _l("Value"), filters=[stripped], description=_l("An option as it is written above, a number, yes or no, or a date.")
    )

    def offer(self, asked: Sequence[Asked]) -> None:
        self.asked = list(asked)
        self.name.choices = [(each.name, each.label) for each in asked]

    def expression(self) -> str:
        """What was chosen, as an expression. Refused as `compose` says, or "rule_question_unknown"."""
        found = next((each for each in self.asked if each.name == self.name.data), None)
        if found is None:
            raise Refused("rule_question_unknown")
        return compose(found, self.comparison.data or "", self.value.data or "")


TARGETS = {
    "show_if": _l("This question is shown"),
    "required_if": _l("An answer is required"),
    "valid_if": _l("The answer is right"),
    "skips": _l("After it, on to"),
}


class RuleForm(ConditionForm):
    """The helper on a question's card: what the condition decides, and how it goes together with what stands there."""

    target = SelectField(_l("What the condition decides"), choices=list(TARGETS.items()), validate_choice=False)
    word = SelectField(
        _l("Together with the present condition"),
        choices=[("and", _l("and (both)")), ("or", _l("or (one is enough)"))],
        validate_choice=False,
    )
    to = SelectField(_l("On to"), validate_choice=False)

    def offer_targets(self, later: Iterable[tuple[str, AnyQuestion]]) -> None:
        """Questions a skip may lead to, each with the name staff read."""
        self.to.choices = [("", _l("The end"))] + [(each.id, name) for name, each in later]

    def put_into(self, form: QuestionForm) -> None:
        """The composed condition stands in the question's form. Refused as `expression` says."""
        written, target = self.expression(), self.target.data
        if target == "skips":
            form.skips.data = [*form.skips.data, Skip(when=written, to=self.to.data or "")]
            return
        field = form[target if target in ("show_if", "required_if", "valid_if") else "show_if"]
        field.data = join(field.data or "", written, self.word.data or "and")
