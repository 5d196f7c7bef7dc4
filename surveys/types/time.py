"""A time of day, in any script's digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engage.persian import to_persian_digits
from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, DefinitionProblem, Translate
from surveys.types.typed import Typed

STORED = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_APART = re.compile(r"([0-9]{1,2}) ?[:.٫،,؛;/\-h ] ?([0-9]{1,2})")
_TOGETHER = re.compile(r"([0-9]{1,2})([0-9]{2})")
_HOUR = re.compile(r"[0-9]{1,2}")


def time_typed(typed: str) -> str | None:
    """The time in a text with Latin digits as it is stored ("09:05"): 9:05, 9.05, 0905, 905, 9; None if it is none."""
    found = _APART.fullmatch(typed) or _TOGETHER.fullmatch(typed)
    if found:
        hours, minutes = int(found[1]), int(found[2])
    elif _HOUR.fullmatch(typed):
        hours, minutes = int(typed), 0
    else:
        return None
    return f"{hours:02}:{minutes:02}" if hours < 24 and minutes < 60 else None


class Time(Typed, frozen=True, kw_only=True, tag="time"):
    min: str = ""
    """"08:00"; empty: no limit"""
    max: str = ""

    def check(self) -> None:
        super().check()
        if any(limit and not STORED.fullmatch(limit) for limit in (self.min, self.max)):
            raise DefinitionProblem("time_limit_malformed", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        if self.min and self.max and self.min > self.max:
            found.append("time_limits_contradict")
        return found

    def _fits(self, time: str) -> bool:
        return (not self.min or time >= self.min) and (not self.max or time <= self.max)

    def value_of(self, typed: str) -> str:
        time = time_typed(typed)
        if time is None:
            raise AnswerProblem("not_a_time")
        if not self._fits(time):
            raise AnswerProblem("time_out_of_range")
        return time

    def is_value(self, value: str) -> bool:
        return STORED.fullmatch(value) is not None and self._fits(value)

    def shown(self, value: str) -> str:
        return to_persian_digits(value)

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.TIME)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        return to_persian_digits(str(entries.get("", "")))

    def instruction(self, _: Translate) -> str:
        example, low, high = (to_persian_digits(time) for time in ("14:30", self.min, self.max))
        if low and high:
            return _("A time from %(low)s to %(high)s, written as %(example)s.", low=low, high=high, example=example)
        if low:
            return _("A time not before %(low)s, written as %(example)s.", low=low, example=example)
        if high:
            return _("A time not after %(high)s, written as %(example)s.", high=high, example=example)
        return _("Hour and minute, written as %(example)s.", example=example)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "not_a_time":
            return _("write a time"), _("This can't be read as a time. Write hour and minute, for example %(example)s.", example=to_persian_digits("14:30"))
        if problem.code == "time_out_of_range":
            return _("the time is out of range"), self.instruction(_)
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write a time"), _("Please write a time.")
