"""Forms of the editor and of publishing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from engage.persian import format_number
from engage.web.forms import BaseForm, DecimalField, IntegerField, JalaliDateField, stripped
from surveys.definitions import MAX_INTRO, MAX_TITLE
from surveys.editing import read_options
from surveys.types import LongText, Multiple, Number, Question, Rating, ShortText, Single
from surveys.types.base import MAX_HINT, MAX_LABEL, MAX_OPTION
from surveys.types.number import FURTHEST

_needed: Any = InputRequired(_l("Please fill this in."))


class NewSurveyForm(BaseForm):
    title = StringField(_l("Title"), [_needed, Length(max=MAX_TITLE)], filters=[stripped], description=_l("Citizens read it first. A question works well."))
    starter = RadioField(
        _l("Start from"),
        [_needed],
        choices=[
            ("quick_poll", _l("Three-question survey: satisfaction, the most urgent work, an open answer")),
            ("mayor", _l("“I am the mayor”: projects of the neighbourhood to choose from")),
            ("blank", _l("An empty form")),
        ],
        default="quick_poll",
    )


class TextsForm(BaseForm):
    revision = HiddenField()
    title = StringField(_l("Title"), [_needed, Length(max=MAX_TITLE)], filters=[stripped])
    intro = TextAreaField(
        _l("Why we ask"),
        [Length(max=MAX_INTRO)],
        filters=[stripped],
        description=_l("One or two sentences: what the answers will decide."),
        render_kw={"rows": 2},
    )


class QuestionForm(BaseForm):
    """What every type asks the officer."""

    revision = HiddenField()
    label = StringField(_l("Question"), [Length(max=MAX_LABEL)], filters=[stripped])
    hint = StringField(_l("Hint"), [Length(max=MAX_HINT)], filters=[stripped])
    required = BooleanField(_l("An answer is required"))

    def show(self, question: Any) -> None:
        """Fill the form from a question."""
        self.label.data, self.hint.data, self.required.data = question.label, question.hint, question.required

    def changes(self, question: Any) -> dict[str, Any]:
        """The fields of the question this form decides."""
        return {"label": self.label.data or "", "hint": self.hint.data or "", "required": bool(self.required.data)}


class SingleForm(QuestionForm):
    options = TextAreaField(_l("Options"), description=_l("One option a line."), render_kw={"rows": 6})
    exclusive = TextAreaField(
        _l("Options that stand alone"), description=_l("Drawn last, after “or”: for example “no opinion”."), render_kw={"rows": 2}
    )

    def show(self, question: Any) -> None:
        super().show(question)
        self.options.data = "\n".join(option.label for option in question.options if not option.exclusive)
        self.exclusive.data = "\n".join(option.label for option in question.options if option.exclusive)

    def changes(self, question: Any) -> dict[str, Any]:
        options = read_options(self.options.data or "", self.exclusive.data or "", question.options)
        return super().changes(question) | {"options": options}

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        for field in (self.options, self.exclusive):
            if any(len(line.strip()) > MAX_OPTION for line in (field.data or "").splitlines()):
                field.errors = [_l("A line is longer than %(limit)s characters.", limit=format_number(MAX_OPTION))]
                fits = False
        return fits


class MultipleForm(SingleForm):
    min_choices = IntegerField(_l("At least"), [Optional(), NumberRange(1, 300)])
    max_choices = IntegerField(_l("At most"), [Optional(), NumberRange(1, 300)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.min_choices.data, self.max_choices.data = question.min_choices, question.max_choices

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"min_choices": self.min_choices.data, "max_choices": self.max_choices.data}


class RatingForm(QuestionForm):
    low_label = StringField(_l("The lowest point means"), [Length(max=MAX_OPTION)], filters=[stripped])
    high_label = StringField(_l("The highest point means"), [Length(max=MAX_OPTION)], filters=[stripped])
    scale = SelectField(_l("Points"), coerce=int, choices=[(points, format_number(points)) for points in range(3, 11)])
    style = SelectField(_l("Drawn as"), choices=[("faces", _l("Faces")), ("stars", _l("Stars")), ("numbers", _l("Numbers"))])

    def show(self, question: Any) -> None:
        super().show(question)
        self.low_label.data, self.high_label.data = question.low_label, question.high_label
        self.scale.data, self.style.data = question.scale, question.style

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {
            "low_label": self.low_label.data or "",
            "high_label": self.high_label.data or "",
            "scale": self.scale.data,
            "style": self.style.data,
        }


class NumberForm(QuestionForm):
    min = DecimalField(_l("Not below"), [Optional(), NumberRange(-FURTHEST, FURTHEST)])
    max = DecimalField(_l("Not above"), [Optional(), NumberRange(-FURTHEST, FURTHEST)])
    unit = StringField(_l("Unit"), [Length(max=60)], filters=[stripped])
    decimals = SelectField(_l("Decimals"), coerce=int, choices=[(places, format_number(places)) for places in range(5)])

    def show(self, question: Any) -> None:
        super().show(question)
        for field, limit in ((self.min, question.min), (self.max, question.max)):
            field.data = None if limit is None else Decimal(str(limit))
        self.unit.data, self.decimals.data = question.unit, question.decimals

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {
            "min": None if self.min.data is None else float(self.min.data),
            "max": None if self.max.data is None else float(self.max.data),
            "unit": self.unit.data or "",
            "decimals": self.decimals.data,
        }


class ShortTextForm(QuestionForm):
    max_length = IntegerField(_l("Characters at most"), [_needed, NumberRange(1, ShortText.most)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.max_length.data = question.max_length

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"max_length": self.max_length.data}


class LongTextForm(ShortTextForm):
    max_length = IntegerField(_l("Characters at most"), [_needed, NumberRange(1, LongText.most)])


FORMS: dict[type[Question], type[QuestionForm]] = {
    Single: SingleForm,
    Multiple: MultipleForm,
    Rating: RatingForm,
    Number: NumberForm,
    ShortText: ShortTextForm,
    LongText: LongTextForm,
}


class PublishForm(BaseForm):
    closes_on = JalaliDateField(_l("Last day to answer"), [_needed], description=_l("Answers are accepted until the end of this day."))
    results_on = JalaliDateField(
        _l("Day of the result"), [_needed], description=_l("It is promised to citizens on the first page; a campaign shouldn't be late with it.")
    )
