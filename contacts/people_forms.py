"""Forms of a person's pages: the fields every unit has, and those an office added itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from contacts.forms import PersonForm
from contacts.looks import KINDS, LANGUAGES
from contacts.queries.fields import FieldRecord
from contacts.queries.people import ContactRecord
from contacts.rules.custom_values import CustomKind, CustomValue, show_value
from contacts.rules.fields import NOTE_LIMIT, TAG_LIMIT, TITLE_LIMIT, read_value
from contacts.words import problem_words
from engage.web.forms import BaseForm, CodeField, stripped

_PREFIX = "own_"


class EditForm(PersonForm):
    language = SelectField(_l("Language"), choices=[("", _l("the office's own")), *LANGUAGES.items()], default="")

    def own(self, fields: Sequence[FieldRecord]) -> list[Any]:
        """The form's own fields in the order of `fields`."""
        return [self[f"{_PREFIX}{field.id}"] for field in fields]

    def read_own(self, fields: Sequence[FieldRecord], record: ContactRecord) -> dict[str, CustomValue | None] | None:
        """What was typed into own fields, read by their kinds; None with errors at the fields when something can't be read."""
        found: dict[str, CustomValue | None] = {}
        wrong = False
        for field in fields:
            part = self[f"{_PREFIX}{field.id}"]
            value, problem = read_value(field.kind, field.options, part.data or "", record.custom.get(field.key))
            if problem:
                part.errors = [*part.errors, str(problem_words(problem))]
                wrong = True
            found[field.key] = value
        return None if wrong else found


def edit_form(record: ContactRecord, fields: Sequence[FieldRecord]) -> EditForm:
    """The form of one contact with a part for each own field, filled with what is stored."""
    parts = {f"{_PREFIX}{field.id}": _part(field, record.custom.get(field.key)) for field in fields}
    made = type("OwnEditForm", (EditForm,), parts)
    return made(obj=record)  # type: ignore[no-any-return]


def _part(field: FieldRecord, stored: CustomValue | None) -> Any:
    if field.kind is CustomKind.CHOICE:
        options = list(field.options)
        if isinstance(stored, str) and stored and stored not in options:
            options.append(stored)  # taken out of the list since; it stays until somebody changes it
        return SelectField(field.title, choices=[("", _l("not known")), *((each, each) for each in options)], default=str(stored or ""))
    if field.kind is CustomKind.YES_NO:
        now = "" if stored is None else "yes" if stored else "no"
        return SelectField(field.title, choices=[("", _l("not known")), ("yes", _l("yes")), ("no", _l("no"))], default=now)
    hint = _l("Solar date, such as %(date)s", date="۱۴۰۵/۰۹/۰۱") if field.kind is CustomKind.DATE else ""
    return StringField(
        field.title, description=hint, filters=[stripped], validators=[Length(max=200)], default="" if stored is None else show_value(field.kind, stored)
    )


class FieldForm(BaseForm):
    """A field of a unit. Key and kind are chosen once."""

    title = StringField(_l("Name of the field"), filters=[stripped], validators=[DataRequired(), Length(max=TITLE_LIMIT)])
    kind = SelectField(_l("Kind"), choices=[(kind.value, words) for kind, words in KINDS.items()], validators=[InputRequired()])
    options = TextAreaField(_l("Options of a choice, one a line"), filters=[stripped], validators=[Length(max=12_000)])
    key = CodeField(
        _l("Key for files and the command line"),
        description=_l("Latin letters, digits and underscores. Left empty, one is made."),
        validators=[Length(max=40)],
    )

    def lines(self) -> list[str]:
        return (self.options.data or "").splitlines()


class RenameFieldForm(BaseForm):
    title = StringField(_l("Name of the field"), filters=[stripped], validators=[DataRequired(), Length(max=TITLE_LIMIT)])
    options = TextAreaField(_l("Options of a choice, one a line"), filters=[stripped], validators=[Length(max=12_000)])

    def lines(self) -> list[str]:
        return (self.options.data or "").splitlines()


class TagForm(BaseForm):
    name = StringField(_l("Name of the tag"), filters=[stripped], validators=[DataRequired(), Length(max=TAG_LIMIT)])


class NoteForm(BaseForm):
    text = TextAreaField(
        _l("New note"),
        description=_l("The person sees it when asking what is held about them."),
        filters=[stripped],
        validators=[DataRequired(), Length(max=NOTE_LIMIT)],
    )
