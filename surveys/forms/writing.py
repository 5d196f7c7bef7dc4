"""Forms of the types answered by typing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from engage.persian import format_number, to_persian_digits
from engage.web.forms import DecimalField, IntegerField, JalaliDateField, stripped
from surveys.forms.question import QuestionForm, needed
from surveys.types import LongText, ShortText
from surveys.types.date import EARLIEST, LATEST
from surveys.types.number import FURTHEST
from surveys.types.time import time_typed
from surveys.types.typed import plain_typed


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


class DateForm(QuestionForm):
    min = JalaliDateField(_l("Not before"))
    max = JalaliDateField(_l("Not after"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.min.data, self.max.data = question.min, question.max

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"min": self.min.data, "max": self.max.data}

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        for field in (self.min, self.max):
            if field.data and not EARLIEST <= field.data <= LATEST:
                field.errors = [_l("This day is too far away.")]
                fits = False
        return fits


class TimeField(StringField):
    """A time of day in any digits; `data` is "14:30", "" for none."""

    data: str

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = plain_typed(str(valuelist[0])) if valuelist else ""
        time = time_typed(typed) if typed else ""
        self.data = time or ""
        if time is None:
            raise ValueError(str(_l("There is no such time. Write it like %(example)s", example=to_persian_digits("14:30"))))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return to_persian_digits(self.data or "")


class TimeForm(QuestionForm):
    min = TimeField(_l("Not before"))
    max = TimeField(_l("Not after"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.min.data, self.max.data = question.min, question.max

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"min": self.min.data or "", "max": self.max.data or ""}


class PhoneForm(QuestionForm):
    """A mobile number has nothing of its own to decide."""


class NationalIdForm(QuestionForm):
    """Neither has a national id."""
