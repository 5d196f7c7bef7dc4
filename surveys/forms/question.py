"""What every type of question asks the officer."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length

from engage.web.forms import BaseForm, stripped
from surveys.types.base import MAX_HINT, MAX_LABEL

needed: Any = InputRequired(_l("Please fill this in."))


class QuestionForm(BaseForm):
    """What every type asks the officer."""

    revision = HiddenField()
    label = StringField(_l("Question"), [Length(max=MAX_LABEL)], filters=[stripped])
    hint = StringField(_l("Hint"), [Length(max=MAX_HINT)], filters=[stripped])
    required = BooleanField(_l("An answer is required"))

    def show(self, question: Any) -> None:
        """Fill the form from a question."""
        self.label.data, self.hint.data, self.required.data = question.label, question.hint, question.required

    def changes(self, question: Any) -> dict[str, Any]:
        """The fields of the question this form decides."""
        return {"label": self.label.data or "", "hint": self.hint.data or "", "required": bool(self.required.data)}
