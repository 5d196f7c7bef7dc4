"""Forms of the lexicon."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from engage.web.forms import BaseForm

LONGEST_NUMBER = 9


class ThemeForm(BaseForm):
    """One theme. What is too long, too many or missing the command says."""

    revision = HiddenField()
    label = StringField(_l("Name of the theme"))
    words = TextAreaField(_l("Words it is found by"))
    is_on = BooleanField(_l("Count this theme"))


class ChoiceForm(BaseForm):
    """A theme or a quote that is named by a hidden value or a list."""

    chosen = HiddenField()


def read_id(typed: str | None) -> int:
    """The number that was sent; -1, which nothing has, for anything else."""
    typed = typed or ""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_NUMBER else -1
