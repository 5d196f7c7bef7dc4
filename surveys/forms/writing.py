"""Forms of the types answered by typing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from engage.persian import format_number
from engage.web.forms import DecimalField, IntegerField, stripped
from surveys.forms.question import QuestionForm, needed
from surveys.types import LongText, ShortText
from surveys.types.number import FURTHEST


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
    max_length = IntegerField(_l("Characters at most"), [needed, NumberRange(1, ShortText.most)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.max_length.data = question.max_length

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"max_length": self.max_length.data}


class LongTextForm(ShortTextForm):
    max_length = IntegerField(_l("Characters at most"), [needed, NumberRange(1, LongText.most)])
