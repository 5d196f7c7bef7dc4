"""A text between the questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Name
from surveys.types.base import Column, Drawn, Question, check_text
from surveys.types.unasked import Unasked

MAX_TEXT = 5000


class Information(Unasked, frozen=True, kw_only=True, tag="information"):
    text_fields = (*Question.text_fields, "text")

    text: str = ""
    """Paragraphs, a line each"""

    def check(self) -> None:
        super().check()
        check_text(self.text, MAX_TEXT, self.id)

    def gaps(self) -> list[str]:
        return [] if self.label.strip() or self.text.strip() else ["information_empty"]

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        return False

    def names(self) -> dict[str, Name]:
        return {}

    def draw(self, drawn: Drawn) -> Markup:
        return Markup("\n").join(Markup("<p>%s</p>") % line for line in self.text.splitlines() if line.strip())

    def columns(self) -> list[Column]:
        return []

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        return []
