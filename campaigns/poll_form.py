"""The form of the quick poll."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from campaigns.commands.quick_poll import MOST_OPTIONS, PollKind
from engage.web.forms import BaseForm, stripped

_needed = InputRequired(_l("Please fill this in."))
MARGINS = {"3": 0.03, "5": 0.05, "7": 0.07, "all": None}


class QuickPollForm(BaseForm):
    key = HiddenField()
    seed = HiddenField()
    question = StringField(_l("Question"), [_needed, Length(max=300)], filters=[stripped])
    kind = RadioField(
        _l("How it is answered"),
        choices=[
            (str(PollKind.YES_NO), _l("Yes or no")),
            (str(PollKind.SATISFACTION), _l("Satisfaction, five points")),
            (str(PollKind.CHOICE), _l("One of several options")),
        ],
        default=str(PollKind.YES_NO),
    )
    options = TextAreaField(_l("Options"), [Length(max=1000)], description=_l("One a line, two to six. Only for “One of several options”."))
    asks_why = BooleanField(_l("Also ask why, in their own words"), default=True)
    segment = SelectField(_l("Who is asked"), default="")
    precision = RadioField(_l("How precise"), default="5")
    days = SelectField(_l("Open for"), coerce=int, default=3)

    def offer(self, segments: list[tuple[str, str]]) -> None:
        self.segment.choices = [("", str(_("Everybody in the contact base"))), *segments]
        self.precision.choices = [
            ("3", _("±%(points)s points", points="۳")),
            ("5", _("±%(points)s points", points="۵")),
            ("7", _("±%(points)s points", points="۷")),
            ("all", _("Ask everybody")),
        ]
        self.days.choices = [(1, _("one day")), (3, _("three days")), (7, _("a week")), (14, _("two weeks"))]

    @property
    def wanted(self) -> float | None:
        return MARGINS[self.precision.data]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple((self.options.data or "").splitlines())[: MOST_OPTIONS + 20]
