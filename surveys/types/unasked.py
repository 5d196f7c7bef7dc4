"""What stands between the questions without asking anything: no answer comes from a citizen's hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from markupsafe import Markup

from surveys.types.base import Drawn, Entries, Given, PartTally, Question, Tally


class Unasked(Question, frozen=True, kw_only=True):
    is_group: ClassVar[bool] = False
    tally: ClassVar[Tally] = Tally.TEXTS
    asks: ClassVar[bool] = False

    def read(self, given: Given) -> Entries:
        return {}

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {part: [str(value)] for part, value in entries.items()}

    def draw(self, drawn: Drawn) -> Markup:
        return Markup("")

    def tallies(self) -> list[PartTally]:
        return [PartTally("", self.label, self.tally)] if self.names() else []

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, str | int | float) else None]
