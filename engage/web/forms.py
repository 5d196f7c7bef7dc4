"""The base of every form: Persian messages, three scripts of digits in numbers and dates, Jalali dates, limits on files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import DecimalField as _DecimalField
from wtforms import Field, SelectMultipleField, StringField, ValidationError
from wtforms import IntegerField as _IntegerField
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from engage import persian
from engage.clock import TEHRAN

WTFORMS_MESSAGES = (
    _l("This field is required."),
    _l("Field must be equal to %(other_name)s."),
    _l("Field must be between %(min)d and %(max)d characters long."),
    _l("Number must be at least %(min)s."),
    _l("Number must be at most %(max)s."),
    _l("Number must be between %(min)s and %(max)s."),
    _l("Invalid input."),
    _l("Invalid email address."),
    _l("Invalid URL."),
    _l("Not a valid choice."),
    _l("Invalid Choice: could not coerce."),
    _l("Invalid choice(s): one or more data inputs could not be coerced."),
    _l("Not a valid integer value."),
    _l("Not a valid decimal value."),
    _l("Not a valid time value."),
    _l("Field must be at least %(min)d characters long."),
    _l("Field cannot be longer than %(max)d characters."),
    _l("'%(value)s' is not a valid choice for this field."),
    _l("The CSRF token is missing."),
    _l("The CSRF token is invalid."),
)
"""Messages of WTForms itself: named here so that our catalogue translates them, in our words."""


class _Persian:
    """WTForms' messages by our catalogue. Plurals: Persian has one form, that of the many."""

    def gettext(self, string: str) -> str:
        return str(_(string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return str(_(plural))


class LatinDigits:
    """A WTForms filter: the text with Latin digits and no spaces around, None left alone."""

    def __call__(self, value: Any) -> Any:
        return persian.to_latin_digits(value).strip() if isinstance(value, str) else value


def stripped(value: Any) -> Any:
    """A WTForms filter for free text: what was typed without the spaces around it (digits stay as they were typed)."""
    return value.strip() if isinstance(value, str) else value


def _plain_number(text: str) -> str:
    latin = persian.to_latin_digits(text).strip().replace("٫", ".").replace("−", "-")
    return re.sub(r"[\s٬,،\u200c\u200e\u200f]", "", latin)


class BaseForm(FlaskForm):
    """Every staff form. Errors are Persian sentences; `form.problems` pairs each field in order with its first error."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> _Persian:
            return _Persian()

    @property
    def problems(self) -> list[tuple[Field, str]]:
        return [(field, str(field.errors[0])) for field in self if field.errors and isinstance(field.errors, list | tuple)]


class IntegerField(_IntegerField):
    """A whole number typed with any digits and thousands separators. A text input: browsers' number inputs refuse «۱۲»."""

    data: Any
    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        plain = [_plain_number(str(value)) for value in valuelist]
        if any(plain):  # left empty is None; whether that will do is for InputRequired to say
            super().process_formdata(plain)
        else:
            self.data = None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else persian.format_number(self.data)


class DecimalField(_DecimalField):
    """A decimal number typed with any digits, «٫» or a point."""

    data: Any
    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        plain = [_plain_number(str(value)) for value in valuelist]
        if any(plain):  # left empty is None; whether that will do is for InputRequired to say
            super().process_formdata(plain)
        else:
            self.data = None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else persian.format_number(self.data)


class CodeField(StringField):
    """A code or key: Latin digits whatever was typed, nothing around it."""

    data: str | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        self.data = LatinDigits()(self.data)


class MultiCheckboxField(SelectMultipleField):
    """Several of a few choices, each a box with its words."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PhoneField(StringField):
    """One Iranian mobile number in any writing; `data` is E.164 or None, with an error when it can't be read."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = persian.parse_phone(typed) if typed else None
        if typed and self.data is None:
            raise ValueError(str(_("This isn't a mobile number. Example: %(example)s", example="۰۹۱۲۱۲۳۴۵۶۷")))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return persian.to_persian_digits(persian.local_form(self.data)) if self.data else ""


class JalaliDateField(StringField):
    """A Jalali date as text, any digits: «۱۴۰۵/۰۹/۰۱», 1405-9-1, «۱ آذر ۱۴۰۵»; `data` is the Gregorian date or None."""

    data: date | None  # type: ignore[assignment]

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = persian.parse_jalali(typed) if typed else None
        if typed and self.data is None:
            raise ValueError(str(_("There is no such date. Write it like %(example)s", example="۱۴۰۵/۰۹/۰۱")))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return persian.format_jalali_short(self.data) if self.data else ""


_WITH_TIME = re.compile(r"(?P<date>.+?)[\s،,T]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")


class JalaliDateTimeField(StringField):
    """A Jalali date and Tehran's time as text: «۱۴۰۵/۰۹/۰۱ ۱۰:۰۰»; `data` is an aware UTC datetime or None."""

    data: datetime | None  # type: ignore[assignment]

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = self._read(typed) if typed else None
        if typed and self.data is None:
            raise ValueError(str(_("There is no such date and time. Write it like %(example)s", example="۱۴۰۵/۰۹/۰۱ ۱۰:۰۰")))

    def _read(self, typed: str) -> datetime | None:
        found = _WITH_TIME.fullmatch(persian.to_latin_digits(typed))
        day = persian.parse_jalali(found["date"]) if found else None
        if not found or day is None or int(found["hour"]) > 23 or int(found["minute"]) > 59:
            return None
        return datetime(day.year, day.month, day.day, int(found["hour"]), int(found["minute"]), tzinfo=TEHRAN).astimezone(UTC)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if not self.data:
            return ""
        return f"{persian.format_jalali_short(self.data)} {persian.to_persian_digits(f'{self.data.astimezone(TEHRAN):%H:%M}')}"


class UploadField(FileField):
    """A file of one of `suffixes` (with the dot, lower case) and at most `max_megabytes`, with Persian errors."""

    def __init__(self, label: Any = None, *, suffixes: Sequence[str], max_megabytes: int = 20, **kwargs: Any) -> None:
        self.suffixes = tuple(suffixes)
        self.max_megabytes = max_megabytes
        kwargs["render_kw"] = {"accept": ",".join(self.suffixes), **(kwargs.get("render_kw") or {})}
        super().__init__(label, **kwargs)

    def pre_validate(self, form: Any) -> None:
        if not isinstance(self.data, FileStorage) or not self.data.filename:
            return
        if not self.data.filename.lower().endswith(self.suffixes):
            raise ValidationError(str(_("This kind of file isn't accepted. Accepted: %(suffixes)s", suffixes="، ".join(self.suffixes))))
        self.data.stream.seek(0, 2)
        size = self.data.stream.tell()
        self.data.stream.seek(0)
        if not size:
            raise ValidationError(str(_("The file is empty.")))
        if size > self.max_megabytes * 1024 * 1024:
            limit = persian.format_number(self.max_megabytes)
            raise ValidationError(str(_("The file is larger than %(limit)s megabytes.", limit=limit)))
