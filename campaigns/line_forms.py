"""Forms of the lines and of the days of rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from campaigns.forms import ClockField, optional_int
from campaigns.holidays import MAX_TITLE
from campaigns.kinds import TRAITS
from engage.persian import to_latin_digits
from engage.web.forms import BaseForm, CodeField, DecimalField, IntegerField, JalaliDateField, stripped

_needed: Any = InputRequired(_l("Please fill this in."))
_words_needed: Any = DataRequired(_l("Please fill this in."))

ALL_KINDS = "*"
TIMED_KINDS = (ALL_KINDS, *(str(kind) for kind, traits in TRAITS.items() if not traits.ignores_hours))
"""Kinds of campaigns that a line's hours hold back, and the name of those that aren't named"""
MAX_PER_SECOND = 10_000
MAX_PRICE = 1_000_000
MAX_PASTED = 40_000
_DAY = 24 * 60


class EndField(ClockField):
    """A time of day that may also be the day's end, «۲۴:۰۰»."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = to_latin_digits(str(valuelist[0])).strip() if valuelist else ""
        if typed in ("24", "24:00"):
            self.data = _DAY
        else:
            super().process_formdata(valuelist)


class LineForm(BaseForm):
    """A line; for each kind of campaign in `TIMED_KINDS` there are two more fields, `fields_of(kind)`."""

    seen = HiddenField()
    """What the line was when the page was opened (`queries.lines.stamp_of`)"""
    number = CodeField(_l("Number of the line"), [Length(max=24)])
    title = StringField(_l("Name"), [Length(max=60)], filters=[stripped], description=_l("Only colleagues see it."))
    kind = RadioField(
        _l("Kind of the line"),
        choices=[
            ("service", _l("Service: reaches everybody")),
            ("advertising", _l("Advertising: doesn't reach who closed such lines at the operator, and sends between 7:00 and 22:00 alone")),
        ],
        default="service",
    )
    unit = SelectField(_l("Whose line"), coerce=optional_int, description=_l("A unit's line serves that unit and those below it."))
    is_active = BooleanField(_l("In use"), default=True, description=_l("From a line that isn't in use no campaign can be sent any more."))
    allows_links = BooleanField(
        _l("The operator allows links on it"), default=True, description=_l("Without this no survey can be sent from the line.")
    )
    is_polled = BooleanField(
        _l("Ask the gateway for what citizens write to it"),
        description=_l("For a line without a webhook in the gateway's panel. Opt-outs are then known a little later."),
    )
    per_second = DecimalField(
        _l("Texts a second"),
        [Optional(), NumberRange(min=Decimal("0.01"), max=MAX_PER_SECOND)],
        description=_l("All workers together. Left empty, as fast as the gateway takes them."),
    )
    price_persian = IntegerField(_l("Rials a page, Persian text"), [_needed, NumberRange(0, MAX_PRICE)], default=1_800)
    price_latin = IntegerField(_l("Rials a page, Latin text"), [_needed, NumberRange(0, MAX_PRICE)], default=4_300)

    def fields_of(self, kind: str) -> tuple[Any, Any]:
        """From when and until when campaigns of this kind go out on the line."""
        name = _name(kind)
        start: Any = self[f"{name}_start"]
        end: Any = self[f"{name}_end"]
        return start, end

    def fill_hours(self, hours: Mapping[str, Sequence[int]]) -> None:
        for kind in TIMED_KINDS:
            start, end = self.fields_of(kind)
            start.data, end.data = hours.get(kind) or (None, None)

    @property
    def hours(self) -> dict[str, list[int]]:
        """What was said, as `LineDraft.hours`."""
        found = {}
        for kind in TIMED_KINDS:
            start, end = (field.data for field in self.fields_of(kind))
            if start is not None and end is not None:
                found[kind] = [start, end]
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for kind in TIMED_KINDS:
            start, end = self.fields_of(kind)
            if start.errors or end.errors:
                continue
            if (start.data is None) != (end.data is None):
                (start if start.data is None else end).errors = [_("Say both hours, or neither.")]
            elif start.data is not None and end.data is not None and end.data <= start.data:
                end.errors = [_("The hours must end after they begin.")]
        return not self.errors


def _name(kind: str) -> str:
    return "hours_all" if kind == ALL_KINDS else f"hours_{kind}"


for _kind in TIMED_KINDS:
    setattr(LineForm, f"{_name(_kind)}_start", ClockField())
    setattr(LineForm, f"{_name(_kind)}_end", EndField())


DAY_KINDS = [("holiday", _l("Holiday")), ("mourning", _l("Day of mourning"))]


class DayForm(BaseForm):
    day = JalaliDateField(_l("Day"), [_needed], description=_l("For example %(example)s", example="۱۴۰۶/۰۱/۰۱"))
    title = StringField(_l("Occasion"), [_words_needed, Length(max=MAX_TITLE)], filters=[stripped])
    kind = RadioField(_l("Kind of the day"), choices=DAY_KINDS, default="holiday")


class DayListForm(BaseForm):
    pasted = TextAreaField(
        _l("List of days"),
        [_words_needed, Length(max=MAX_PASTED)],
        filters=[stripped],
        description=_l("A date and its occasion on each line."),
    )
    all_kind = RadioField(_l("All of them are"), choices=DAY_KINDS, default="holiday")
