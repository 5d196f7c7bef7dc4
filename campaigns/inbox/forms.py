"""Forms of the inbox."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from campaigns.forms import ClockField, optional_int
from campaigns.inbox.labels import ACTION_LABELS, WEEK
from campaigns.inbox.rules import MAX_WORD
from engage.sms.port import MAX_CHARACTERS
from engage.web.forms import BaseForm, IntegerField, MultiCheckboxField, stripped

_needed: Any = InputRequired(_l("Please fill this in."))


class KeywordForm(BaseForm):
    label = StringField(_l("Keyword"), [_needed, Length(max=2 * MAX_WORD)], filters=[stripped])
    line = SelectField(_l("Line"), description=_l("On which the word is acted upon"))
    action = RadioField(_l("What it does"), [_needed], choices=list(ACTION_LABELS.items()))
    text = TextAreaField(
        _l("Text of the answer"),
        [Length(max=MAX_CHARACTERS)],
        description=_l("With a survey, its link follows on a line of its own."),
        filters=[stripped],
    )
    survey = SelectField(_l("Survey"), coerce=optional_int)
    to_unit = SelectField(_l("To the unit"), coerce=optional_int)
    to_user = SelectField(_l("To the person"), coerce=optional_int)
    is_active = BooleanField(_l("In use"), default=True)


class InboxSettingForm(BaseForm):
    opens = ClockField(_l("The office opens"), [_needed])
    closes = ClockField(_l("The office closes"), [_needed])
    work_days = MultiCheckboxField(_l("Working days"), coerce=int, choices=list(WEEK), validate_choice=True)
    due_days = IntegerField(_l("Answer within so many working days"), [_needed, NumberRange(min=1, max=30)])
    answers_off_hours = BooleanField(_l("Outside office hours an answer goes out by itself, once per number and day"))
    off_hours_text = TextAreaField(
        _l("Text outside office hours"),
        [Length(max=MAX_CHARACTERS)],
        description=_l("It has to name 137, 125 and 115. Left empty, the words of the platform are used."),
        filters=[stripped],
    )
