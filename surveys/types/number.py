"""A number with an optional unit and limits, in any script's digits."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from engage.persian import format_number
from surveys.logic.kinds import Kind, Name
from surveys.types.base import (
    AnswerProblem,
    Column,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Question,
    Tally,
    Translate,
    check_text,
    only_value,
)

FURTHEST = 10**12
_IGNORED = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,5})?(?:\.[0-9]{1,12})?")


def plain_number(typed: str) -> Decimal | None:
    """The number in a text written with any script's digits, «٬» or commas between thousands and «٫», «/» or a point; None if it is none."""
    letters = []
    for letter in _IGNORED.sub("", typed)[:60]:
        value = unicodedata.decimal(letter, None)
        letters.append(str(value) if value is not None else {"٬": ",", "،": ",", "٫": ".", "/": ".", "−": "-", "–": "-"}.get(letter, letter))
    text = "".join(letters)
    if not _NUMBER.fullmatch(text) or not any(letter.isdigit() for letter in text):
        return None
    return Decimal(text.replace(",", ""))


class Number(Question, frozen=True, kw_only=True, tag="number"):
    is_group = False
    tally = Tally.NUMBERS
    parts = ("unit",)
    text_fields = (*Question.text_fields, "unit")

    min: float | None = None
    max: float | None = None
    unit: str = ""
    decimals: int = 0

    def check(self) -> None:
        super().check()
        check_text(self.unit, 60, self.id)
        if not 0 <= self.decimals <= 4:
            raise DefinitionProblem("decimals_out_of_range", self.id)
        for limit in (self.min, self.max):
            if limit is not None and (not math.isfinite(limit) or abs(limit) > FURTHEST):
                raise DefinitionProblem("number_limit_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        if self.min is not None and self.max is not None and self.min > self.max:
            found.append("number_limits_contradict")
        return found

    def _problem(self, number: Decimal) -> AnswerProblem | None:
        if abs(number) > FURTHEST:
            return AnswerProblem("number_out_of_range")
        if number != round(number, self.decimals):
            return AnswerProblem("too_many_decimals", limit=self.decimals)
        if (self.min is not None and number < _exact(self.min)) or (self.max is not None and number > _exact(self.max)):
            return AnswerProblem("number_out_of_range")
        return None

    def read(self, given: Given) -> Entries:
        typed = only_value(given)
        if not _IGNORED.sub("", typed):
            return {}
        number = plain_number(typed)
        if number is None:
            raise AnswerProblem("not_a_number")
        problem = self._problem(number)
        if problem is not None:
            raise problem
        return {"": int(number) if number == number.to_integral_value() else float(number)}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("", "")
        if set(entries) != {""} or type(answer) not in (int, float) or not math.isfinite(answer):
            return False
        if isinstance(answer, float) and answer.is_integer():
            return False
        return self._problem(_exact(answer)) is None

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        answer = entries[""]
        shown = format_number(_exact(answer), None if isinstance(answer, int) else self.decimals) if isinstance(answer, int | float) else ""
        return {"": [shown]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.NUMBER, low=self.min, high=self.max)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        shown = self.typed({"": entries.get("", "")})[""][0]
        return f"{shown} {self.unit}".strip() if shown else ""

    def instruction(self, _: Translate) -> str:
        low, high = self._limits()
        if low and high:
            return _("A number from %(low)s to %(high)s.", low=low, high=high)
        if low:
            return _("A number not below %(low)s.", low=low)
        if high:
            return _("A number not above %(high)s.", high=high)
        return ""

    def _limits(self) -> tuple[str, str]:
        return tuple("" if limit is None else format_number(_exact(limit), _places(limit)) for limit in (self.min, self.max))  # type: ignore[return-value]

    def draw(self, drawn: Drawn) -> Markup:
        unit = Markup('<span class="u" id="%s-unit">%s</span>') % (self.id, self.unit) if self.unit else Markup("")
        told = " ".join(filter(None, (drawn.described_by, f"{self.id}-unit" if self.unit else "")))
        described = Drawn(drawn.given, drawn.is_bad, told, translate=drawn.translate)
        return Markup('<div class="sp nu"><input class="t" id="%s" name="%s" inputmode="%s" autocomplete="off" maxlength="60" value="%s"%s>%s</div>') % (
            self.id,
            self.id,
            "decimal" if self.decimals else "numeric",
            drawn.only(),
            described.attributes(),
            unit,
        )

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "not_a_number":
            return _("write a number"), _("This can't be read as a number. Write digits only, for example %(example)s.", example=format_number(12))
        if problem.code == "too_many_decimals" and not self.decimals:
            return _("write a whole number"), _("Please write a whole number, without a decimal part.")
        if problem.code == "too_many_decimals":
            places = format_number(self.decimals)
            return _("too many decimals"), _("Please write at most %(places)s decimals.", places=places)
        if problem.code == "number_out_of_range":
            return _("the number is out of range"), self.instruction(_) or _("The number is too large.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write a number"), _("Please write a number.")

    def columns(self) -> list[Column]:
        return [Column(self.id, f"{self.label} ({self.unit})" if self.unit else self.label)]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, int | float) else None]


def _exact(number: int | float) -> Decimal:
    """The decimal a person sees, not the binary fraction behind it."""
    return Decimal(str(number))


def _places(number: float) -> int:
    exponent = _exact(number).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
