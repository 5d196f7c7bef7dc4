"""What the types answered by one short typed value share: the field, and digits of any script in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from markupsafe import Markup

from surveys.types.base import Drawn, Entries, Given, Question, Tally, only_value

INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
LONGEST_TYPED = 60


def plain_typed(typed: str) -> str:
    """What was typed without invisible marks and outer space, every script's digits written 0-9; at most 60 letters count."""
    letters = INVISIBLE.sub("", typed)[: LONGEST_TYPED + 1]
    return " ".join("".join(_plain_letter(letter) for letter in letters).split())


def _plain_letter(letter: str) -> str:
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)


class Typed(Question, frozen=True, kw_only=True):
    """One line whose text stands for a value: a day, a time, a number to ring."""

    is_group: ClassVar[bool] = False
    tally: ClassVar[Tally] = Tally.TEXTS
    parts: ClassVar[tuple[str, ...]] = ("typed",)
    keyboard: ClassVar[str] = "text"
    """The keys a phone offers: an inputmode of HTML"""
    autocomplete: ClassVar[str] = "off"

    def value_of(self, typed: str) -> str:
        """The value as it is stored; AnswerProblem where the text is none. It isn't empty."""
        raise NotImplementedError

    def is_value(self, value: str) -> bool:
        """Whether this is what `value_of` could have made."""
        raise NotImplementedError

    def shown(self, value: str) -> str:
        """The value as a Persian reader writes it."""
        raise NotImplementedError

    def read(self, given: Given) -> Entries:
        typed = plain_typed(only_value(given))
        return {"": self.value_of(typed)} if typed else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return set(entries) == {""} and isinstance(answer, str) and self.is_value(answer)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [self.shown(str(entries[""]))]}

    def draw(self, drawn: Drawn) -> Markup:
        return Markup('<input class="t sp ty" id="%s" name="%s" dir="ltr" inputmode="%s" autocomplete="%s" maxlength="%s" value="%s"%s>') % (
            self.id,
            self.id,
            self.keyboard,
            self.autocomplete,
            LONGEST_TYPED,
            drawn.only(),
            drawn.attributes(),
        )

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, str) else None]
