"""Forms of public results."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from engage.reports.results.rules import MOST_HEADLINE, MOST_INTRO, MOST_REASON
from engage.web.forms import BaseForm, stripped

_words_needed: Any = DataRequired(_l("Please fill this in."))


class PublicationForm(BaseForm):
    revision = HiddenField()
    headline = StringField(_l("Headline"), [_words_needed, Length(max=MOST_HEADLINE)], filters=[stripped])
    intro = TextAreaField(
        _l("What the office says"),
        [Length(max=MOST_INTRO)],
        filters=[stripped],
        description=_l("For example what will be done, and until when. Plain words; no links."),
    )
    shown = SelectMultipleField(_l("Questions that are published"))


class WithdrawForm(BaseForm):
    revision = HiddenField()
    reason = TextAreaField(
        _l("Reason for withdrawing"),
        [_words_needed, Length(max=MOST_REASON)],
        filters=[stripped],
        description=_l("It stands at the public address in the place of the figures."),
    )
