"""Forms of the types with points."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length

from engage.persian import format_number
from engage.web.forms import stripped
from surveys.forms.question import QuestionForm
from surveys.types.base import MAX_OPTION


class NpsForm(QuestionForm):
    low_label = StringField(_l("The lowest point means"), [Length(max=MAX_OPTION)], filters=[stripped])
    high_label = StringField(_l("The highest point means"), [Length(max=MAX_OPTION)], filters=[stripped])

    def show(self, question: Any) -> None:
        super().show(question)
        self.low_label.data, self.high_label.data = question.low_label, question.high_label

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"low_label": self.low_label.data or "", "high_label": self.high_label.data or ""}


class RatingForm(NpsForm):
    scale = SelectField(_l("Points"), coerce=int, choices=[(points, format_number(points)) for points in range(3, 11)])
    style = SelectField(_l("Drawn as"), choices=[("faces", _l("Faces")), ("stars", _l("Stars")), ("numbers", _l("Numbers"))])

    def show(self, question: Any) -> None:
        super().show(question)
        self.scale.data, self.style.data = question.scale, question.style

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"scale": self.scale.data, "style": self.style.data}
