"""The form census figures come in by."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from engage.reports.census.rules import MOST_CHARACTERS, MOST_SOURCE
from engage.web.forms import BaseForm, JalaliDateField, stripped

_needed: Any = InputRequired(_l("Please fill this in."))
_words_needed: Any = DataRequired(_l("Please fill this in."))


class CensusForm(BaseForm):
    source = StringField(
        _l("Source"), [_words_needed, Length(max=MOST_SOURCE)], filters=[stripped], description=_l("For example: census of 1395")
    )
    dated_on = JalaliDateField(_l("Figures of the day"), [_needed], description=_l("For example %(example)s", example="۱۳۹۵/۰۸/۰۱"))
    pasted = TextAreaField(
        _l("Figures"),
        [Length(max=MOST_CHARACTERS)],
        description=_l("Three columns, copied from a spreadsheet: dimension, group, people."),
    )
    file = FileField(_l("Or a CSV file"))
