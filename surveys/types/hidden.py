"""A value nobody types: fixed, or carried by the link (`?poster=bazaar`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import DefinitionProblem, Drawn, Entries, Given, check_text, is_storable
from surveys.types.unasked import Unasked

PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,29}")
MAX_VALUE = 100
MAX_ALLOWED = 300


class Hidden(Unasked, frozen=True, kw_only=True, tag="hidden"):
    """The caller passes what the link's `parameter` holds as the form's value; anything that isn't allowed counts as nothing."""

    weight = 0

    parameter: str = ""
    """The name in the link, without the question mark; empty: the value is fixed."""
    value: str = ""
    """What stands in every response, or where the link says nothing"""
    allowed: list[str] = []
    """What the link may say; empty: anything of up to 100 letters"""

    def check(self) -> None:
        super().check()
        if self.parameter and not PARAMETER.fullmatch(self.parameter):
            raise DefinitionProblem("parameter_malformed", self.id)
        if len(self.allowed) > MAX_ALLOWED:
            raise DefinitionProblem("too_many_options", self.id)
        for value in (self.value, *self.allowed):
            check_text(value, MAX_VALUE, self.id)

    def gaps(self) -> list[str]:
        return super().gaps() + ([] if self.parameter or self.value.strip() else ["hidden_without_value"])

    @property
    def fixed(self) -> str:
        return " ".join(self.value.split())

    def read(self, given: Given) -> Entries:
        values = given.get("", ()) if self.parameter else ()
        said = " ".join(values[0].split()) if values else ""
        if said and self._may_say(said):
            return {"": said}
        return {"": self.fixed} if self.fixed else {}

    def _may_say(self, said: str) -> bool:
        return len(said) <= MAX_VALUE and is_storable(said) and (not self.allowed or said in (" ".join(each.split()) for each in self.allowed))

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        if set(entries) != {""} or not isinstance(answer, str) or not answer or answer != " ".join(answer.split()):
            return False
        return answer == self.fixed or bool(self.parameter and self._may_say(answer))

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.TEXT)}

    def draw(self, drawn: Drawn) -> Markup:
        """The field that carries the link's value from page to page."""
        said = drawn.only()
        return Markup('<input type="hidden" name="%s" value="%s">') % (self.id, said) if self.parameter and said else Markup("")
