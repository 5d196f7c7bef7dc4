"""Forms of the contact pages."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as Maybe

from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.people import Person
from contacts.words import BASES, GENDERS
from engage import persian
from engage.web.forms import BaseForm, IntegerField, PhoneField, UploadField, stripped

_BASES = [(basis.value, BASES[basis.value]) for basis in Basis]


class YearField(IntegerField):
    """A year: its digits stand together, as everybody writes them."""

    def _value(self) -> str:
        return super()._value() if self.raw_data or self.data is None else persian.to_persian_digits(str(self.data))


class UploadForm(BaseForm):
    file = UploadField(_l("File"), suffixes=(".csv", ".txt", ".xlsx", ".xls", ".ods"), max_megabytes=50, validators=[InputRequired()])


class BasisForm(BaseForm):
    basis = RadioField(_l("On what basis may the office write to these people?"), choices=_BASES, validators=[InputRequired()])
    purpose = SelectField(_l("For what?"), default=DEFAULT_PURPOSE, validators=[InputRequired()])
    evidence = TextAreaField(
        _l("What proves it?"),
        description=_l("For example: paper forms of the culture house, folder 12. It stays with every contact of this list."),
        filters=[stripped],
        validators=[InputRequired(), Length(max=500)],
    )


class PersonForm(BaseForm):
    first_name = StringField(_l("First name"), filters=[stripped], validators=[Length(max=200)])
    last_name = StringField(_l("Family name"), filters=[stripped], validators=[Length(max=200)])
    neighbourhood = StringField(_l("Neighbourhood"), filters=[stripped], validators=[Length(max=200)])
    gender = SelectField(_l("Gender"), choices=[("", _l("not known")), *GENDERS.items()], default="")
    birth_year = YearField(_l("Birth year"), validators=[Maybe(), NumberRange(min=1250, max=1500)])

    def person(self, custom: dict[str, Any] | None = None) -> Person:
        return Person(
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            neighbourhood=self.neighbourhood.data or "",
            gender=self.gender.data or "",
            birth_year=self.birth_year.data,
            custom=custom or {},
        )


class AddForm(PersonForm):
    phone = PhoneField(_l("Mobile number"), validators=[InputRequired()])
    basis = SelectField(_l("Basis"), choices=_BASES, validators=[InputRequired()])
    purpose = SelectField(_l("For what?"), default=DEFAULT_PURPOSE, validators=[InputRequired()])
    evidence = StringField(
        _l("What proves it?"),
        description=_l("For example: paper form of the culture house, number 318"),
        filters=[stripped],
        validators=[InputRequired(), Length(max=500)],
    )


class ConsentForm(BaseForm):
    purpose = SelectField(_l("For what?"), validators=[InputRequired()])
    basis = SelectField(_l("Basis"), choices=_BASES, validators=[InputRequired()])
    evidence = StringField(_l("What proves it?"), filters=[stripped], validators=[InputRequired(), Length(max=500)])


class SegmentForm(BaseForm):
    title = StringField(_l("Title of the segment"), filters=[stripped], validators=[InputRequired(), Length(max=120)])
    sharing = RadioField(
        _l("Who sees it"), choices=[("shared", _l("Everybody in the unit")), ("private", _l("Only I"))], default="shared"
    )
    purpose = SelectField(_l("Consent is counted for"), default=DEFAULT_PURPOSE)
