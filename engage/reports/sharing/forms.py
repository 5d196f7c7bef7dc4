"""Forms of what follows from a report."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange

from engage.reports.sharing.commands.decisions import Plan
from engage.reports.sharing.labels import SECTIONS
from engage.reports.sharing.rules import MOST_DAYS, MOST_LABEL, MOST_MESSAGE, MOST_OWNER, MOST_TEXT, MOST_TITLE, Section
from engage.web.forms import BaseForm, IntegerField, JalaliDateField, MultiCheckboxField, stripped

_NEEDED = _l("Please fill this in.")


def read_revision(typed: str | None) -> int:
    """A revision that is no number matches none."""
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 9 else -1


def one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


class DecisionForm(BaseForm):
    """A decision's words. `note` is asked for where its day may be moved back."""

    revision = HiddenField()
    title = StringField(_l("What was decided"), [DataRequired(_NEEDED), Length(max=MOST_TITLE)], filters=[one_line])
    owner = StringField(
        _l("In charge"),
        [DataRequired(_NEEDED), Length(max=MOST_OWNER)],
        filters=[one_line],
        description=_l("A name or an office, as you say it in the letter."),
    )
    due_on = JalaliDateField(_l("To be done by"), [DataRequired(_NEEDED)])
    note = TextAreaField(
        _l("Why the day is moved back"),
        [Length(max=MOST_TEXT)],
        filters=[stripped],
        description=_l("Only for a later day; it stays in the decision's history."),
    )
    reason = TextAreaField(_l("What the answers said"), [Length(max=MOST_TEXT)], filters=[stripped])
    question_key = SelectField(_l("The question it rests on"), validate_choice=False)

    def plan(self) -> Plan:
        assert self.due_on.data is not None
        return Plan(
            self.title.data or "",
            self.reason.data or "",
            self.owner.data or "",
            self.due_on.data,
            self.question_key.data or "",
            self.note.data if "note" in self and self.note.data else "",
        )


class StepForm(BaseForm):
    """One step of a decision."""

    revision = HiddenField()
    to = HiddenField()
    note = TextAreaField(_l("Reason"), filters=[stripped])


class PromiseForm(BaseForm):
    """A new day of the results, or the old one, and the reason citizens are told."""

    results_on = JalaliDateField(_l("New day of the results"), [DataRequired(_NEEDED)])
    reason = TextAreaField(_l("Reason, as citizens read it"), [DataRequired(_NEEDED), Length(max=MOST_TEXT // 2)], filters=[one_line])


class ReasonForm(BaseForm):
    """The reason of a move that was made without one."""

    reason = TextAreaField(_l("Reason, as citizens read it"), [DataRequired(_NEEDED), Length(max=MOST_TEXT // 2)], filters=[one_line])


class LinkForm(BaseForm):
    """A new link: for whom, what it shows, how long."""

    label = StringField(_l("For whom"), [DataRequired(_NEEDED), Length(max=MOST_LABEL)], filters=[one_line])
    sections = MultiCheckboxField(_l("What it shows"), choices=[(str(each), SECTIONS[each]) for each in Section])
    days = IntegerField(_l("Valid for (days)"), [DataRequired(_NEEDED), NumberRange(1, MOST_DAYS)], default=14)


class TellForm(BaseForm):
    """The text to those who took part, and the decisions it tells of."""

    decisions = MultiCheckboxField(_l("What was done"), choices=[])
    text = TextAreaField(_l("Text of the message"), [DataRequired(_NEEDED), Length(max=MOST_MESSAGE)], filters=[stripped])
