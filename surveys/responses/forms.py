"""Forms of the responses' pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from engage.web.forms import BaseForm, stripped
from surveys.responses.rules import LONGEST_REASON


class ReasonForm(BaseForm):
    """Why something is left out. `upto` and `expected` say what the person was shown, where it is more than one."""

    reason = StringField(
        _l("Why it is left out"),
        description=_l("For example: trial by a colleague; the same person twice. It stands in the audit log."),
        filters=[stripped],
        validators=[InputRequired(), Length(max=LONGEST_REASON)],
    )


class ManyForm(ReasonForm):
    upto = HiddenField()
    expected = HiddenField()


class AgainForm(BaseForm):
    """Left-out responses are taken in again: no reason is needed."""

    upto = HiddenField()
    expected = HiddenField()
