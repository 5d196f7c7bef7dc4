"""Forms of the types that are neither chosen nor written: a tick, a file, a text, a value nobody types."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Regexp

from engage.persian import format_number
from engage.web.forms import IntegerField, stripped
from surveys.forms.question import QuestionForm, needed
from surveys.types.base import MAX_EXPRESSION
from surveys.types.consent import MAX_STATEMENT
from surveys.types.hidden import MAX_ALLOWED, MAX_VALUE, PARAMETER
from surveys.types.information import MAX_TEXT
from surveys.types.upload import MOST_MEGABYTES


class ConsentForm(QuestionForm):
    statement = TextAreaField(
        _l("What is agreed to"),
        [Length(max=MAX_STATEMENT)],
        filters=[stripped],
        description=_l("Stands beside the box, word for word. If an answer is required, nobody can send the form without ticking it."),
        render_kw={"rows": 3},
    )

    def show(self, question: Any) -> None:
        super().show(question)
        self.statement.data = question.statement

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"statement": self.statement.data or ""}


class UploadForm(QuestionForm):
    accepts_kinds = SelectField(
        _l("Accepted"),
        choices=[("photo", _l("Photos")), ("photo_or_pdf", _l("Photos and PDF files"))],
        description=_l("Photos lose the place, the device and the owner's name before they are kept. PDF files keep what was written into them: author, program, sometimes more."),
    )
    max_megabytes = IntegerField(_l("Megabytes at most"), [needed, NumberRange(1, MOST_MEGABYTES)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.accepts_kinds.data, self.max_megabytes.data = question.accepts_kinds, question.max_megabytes

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"accepts_kinds": self.accepts_kinds.data, "max_megabytes": self.max_megabytes.data}


class UnaskedForm(QuestionForm):
    """Of what nobody answers: so nothing is required here, and nothing can be wrong."""

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"required": False, "required_if": "", "valid_if": "", "valid_message": ""}


class InformationForm(UnaskedForm):
    label = StringField(_l("Heading"), [Length(max=500)], filters=[stripped])
    text = TextAreaField(_l("Text"), [Length(max=MAX_TEXT)], filters=[stripped], description=_l("Each line is a paragraph."), render_kw={"rows": 6})

    def show(self, question: Any) -> None:
        super().show(question)
        self.text.data = question.text

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"text": self.text.data or ""}


class HiddenForm(UnaskedForm):
    label = StringField(_l("Name in reports"), [Length(max=500)], filters=[stripped])
    parameter = StringField(
        _l("Name in the link"),
        [Regexp(f"(?:{PARAMETER.pattern})?$", message=_l("Small Latin letters, digits and _ only, at most 30; a letter first."))],
        filters=[stripped],
        description=_l("“poster” takes the value from a link that ends in ?poster=bazaar. Empty: the value is fixed."),
        render_kw={"dir": "ltr"},
    )
    value = StringField(
        _l("Value"), [Length(max=MAX_VALUE)], filters=[stripped], description=_l("Fixed, or what stands where the link says nothing.")
    )
    allowed = TextAreaField(
        _l("What the link may say"),
        filters=[stripped],
        description=_l("One value a line; anything else counts as nothing. Empty: any text up to %(limit)s characters.", limit=format_number(MAX_VALUE)),
        render_kw={"rows": 3},
    )

    def show(self, question: Any) -> None:
        super().show(question)
        self.parameter.data, self.value.data, self.allowed.data = question.parameter, question.value, "\n".join(question.allowed)

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"parameter": self.parameter.data or "", "value": self.value.data or "", "allowed": self._allowed()}

    def _allowed(self) -> list[str]:
        return list(dict.fromkeys(" ".join(line.split()) for line in (self.allowed.data or "").splitlines() if line.strip()))

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        allowed = self._allowed()
        if len(allowed) > MAX_ALLOWED or any(len(each) > MAX_VALUE for each in allowed):
            self.allowed.errors = [_l("At most %(count)s values of up to %(limit)s characters.", count=format_number(MAX_ALLOWED), limit=format_number(MAX_VALUE))]
            return False
        return fits


class CalculationForm(UnaskedForm):
    label = StringField(_l("Name in reports"), [Length(max=500)], filters=[stripped])
    formula = StringField(
        _l("Formula"),
        [Length(max=MAX_EXPRESSION)],
        filters=[stripped],
        description=_l("For example q1 + q2 * 2, or if(q3 >= 18, 1, 0)."),
        render_kw={"dir": "ltr", "spellcheck": "false", "autocomplete": "off"},
    )
    result = RadioField(_l("It comes to"), choices=[("number", _l("a number")), ("text", _l("a text"))])
    decimals = SelectField(_l("Decimals"), coerce=int, choices=[(places, format_number(places)) for places in range(5)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.formula.data, self.result.data, self.decimals.data = question.formula, question.result, question.decimals

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"formula": self.formula.data or "", "result": self.result.data, "decimals": self.decimals.data}

