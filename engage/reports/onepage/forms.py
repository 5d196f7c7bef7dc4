"""The form of the mayor's page."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from engage.reports.onepage.rules import OnePage
from engage.web.forms import BaseForm, JalaliDateField


def one_line(value: Any) -> Any:
    """What was typed as one line, without the spaces around it: a sheet knows no paragraphs."""
    return " ".join(value.split()) if isinstance(value, str) else value


class OnePageForm(BaseForm):
    """Lengths are the command's to judge: it says by how much."""

    revision = HiddenField()
    headline = TextAreaField(_l("Headline"), [DataRequired(_l("Please fill this in."))], filters=[one_line])
    lead = TextAreaField(_l("What stands below it"), filters=[one_line])
    chart = SelectField(_l("Chart"), validate_choice=False)
    wanted = TextAreaField(
        _l("Decision wanted"),
        filters=[one_line],
        description=_l("What exactly, from when, for how much. Left empty, there is a line to write on."),
    )
    addressee = StringField(_l("Addressee"), filters=[one_line])
    letter_number = StringField(_l("Number of the letter"), filters=[one_line])
    letter_date = JalaliDateField(_l("Date of the letter"))
    attachment = StringField(_l("Attachment"), filters=[one_line])

    @property
    def page(self) -> OnePage:
        """What was typed. A revision that is no number matches none."""
        key, _at, dimension = (self.chart.data or "").partition("@")
        typed = self.revision.data or ""
        return OnePage(
            self.headline.data or "",
            self.lead.data or "",
            self.wanted.data or "",
            self.addressee.data or "",
            key,
            dimension,
            self.letter_number.data or "",
            self.letter_date.data,
            self.attachment.data or "",
            int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1,
        )
