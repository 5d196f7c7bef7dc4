"""An Iranian mobile number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engage.persian import local_form, parse_phone, parse_phones, to_persian_digits
from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Translate
from surveys.types.typed import Typed


class Phone(Typed, frozen=True, kw_only=True, tag="phone"):
    """Stored in E.164: "+989121234567"."""

    reveals = True
    keyboard = "tel"
    autocomplete = "tel"

    def value_of(self, typed: str) -> str:
        found = parse_phones(typed)
        if found.further:
            raise AnswerProblem("several_phones")
        if found.first is None:
            raise AnswerProblem("not_a_phone", problem=found.problem)
        return found.first

    def is_value(self, value: str) -> bool:
        return value.startswith("+98") and parse_phone(value) == value

    def shown(self, value: str) -> str:
        return to_persian_digits(local_form(value)) if self.is_value(value) else ""

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.TEXT)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        return self.shown(str(entries.get("", "")))

    def instruction(self, _: Translate) -> str:
        return _("A mobile number, written as %(example)s.", example=to_persian_digits("09121234567"))

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "several_phones":
            return _("write one number"), _("There is more than one number here. Please write only one.")
        if problem.code == "not_a_phone":
            short = _("write a mobile number")
            example = to_persian_digits("09121234567")
            reasons = {
                "too_short": _("This number has too few digits. Please write it as %(example)s.", example=example),
                "too_long": _("This number has too many digits. Please write it as %(example)s.", example=example),
                "landline": _("This is a landline. Please write a mobile number."),
                "foreign": _("This is a number of another country. Please write an Iranian mobile number."),
            }
            usual = _("This can't be read as a mobile number. Please write it as %(example)s.", example=example)
            return short, reasons.get(problem.params["problem"], usual)
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write a mobile number"), _("Please write a mobile number.")
