"""The form that adds one person by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import Length

from contacts.forms import AddForm
from contacts.looks import LANGUAGES
from contacts.queries.fields import FieldRecord
from contacts.rules.custom_values import CustomKind, CustomValue
from contacts.rules.fields import read_value
from contacts.words import problem_words
from engage.web.forms import stripped

STATE, ASK = "state", "ask"
_PREFIX = "own_"


class OnePersonForm(AddForm):
    how = RadioField(
        _l("How does this person's consent come about?"),
        choices=[
            (STATE, _l("I state the basis and what proves it")),
            (ASK, _l("Ask the person by one SMS; nothing is stored before they answer")),
        ],
        default=STATE,
    )
    language = SelectField(_l("Language"), choices=[("", _l("the office's own")), *LANGUAGES.items()], default="")

    def validate(self, extra_validators: Any = None) -> bool:
        """Basis and proof are asked of whoever states them."""
        if self.how.data == ASK:
            for field in (self.basis, self.evidence):
                field.validators = ()
                field.flags.required = False
            self.basis.validate_choice = False
        return bool(super().validate(extra_validators))

    def own(self, fields: Sequence[FieldRecord]) -> list[Any]:
        return [self[f"{_PREFIX}{field.id}"] for field in fields]

    def read_own(self, fields: Sequence[FieldRecord]) -> dict[str, CustomValue] | None:
        """What was typed into the office's own fields, read by their kinds; None, with errors at the fields, when something can't be read."""
        found: dict[str, CustomValue] = {}
        wrong = False
        for field in fields:
            part = self[f"{_PREFIX}{field.id}"]
            value, problem = read_value(field.kind, field.options, part.data or "", None)
            if problem:
                part.errors = [*part.errors, str(problem_words(problem))]
                wrong = True
            elif value is not None:
                found[field.key] = value
        return None if wrong else found


def one_person_form(fields: Sequence[FieldRecord]) -> OnePersonForm:
    """The form with a part for each of the office's own fields."""
    made = type("OwnOnePersonForm", (OnePersonForm,), {f"{_PREFIX}{field.id}": _part(field) for field in fields})
    return made()  # type: ignore[no-any-return]


def _part(field: FieldRecord) -> Any:
    if field.kind is CustomKind.CHOICE:
        return SelectField(field.title, choices=[("", _l("not known")), *((each, each) for each in field.options)], default="")
    if field.kind is CustomKind.YES_NO:
        return SelectField(field.title, choices=[("", _l("not known")), ("yes", _l("yes")), ("no", _l("no"))], default="")
    hint = _l("Solar date, such as %(date)s", date="۱۴۰۵/۰۹/۰۱") if field.kind is CustomKind.DATE else ""
    return StringField(field.title, description=hint, filters=[stripped], validators=[Length(max=200)], default="")
