"""Forms of the choosing types."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import NumberRange, Optional

from engage.persian import format_number
from engage.web.forms import IntegerField
from surveys.editing import read_options
from surveys.forms.question import QuestionForm
from surveys.types.base import MAX_OPTION


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
