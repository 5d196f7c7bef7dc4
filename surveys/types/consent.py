"""A tick below an exact text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Drawn, Entries, Given, Option, Question, Tally, Translate, check_text, only_value

MAX_STATEMENT = 2000
YES = "yes"


class Consent(Question, frozen=True, kw_only=True, tag="consent"):
    """Stored "yes", or not at all."""

    tally = Tally.CHOICES
    text_fields = (*Question.text_fields, "statement")

    statement: str = ""
    """What is agreed to, word for word"""

    def check(self) -> None:
        super().check()
        check_text(self.statement, MAX_STATEMENT, self.id)

    def gaps(self) -> list[str]:
        return super().gaps() + ([] if self.statement.strip() else ["consent_without_statement"])

    @property
    def options(self) -> list[Option]:
        return [Option(id=YES, label=self.statement or self.label)]

    @property
    def first_control(self) -> str:
        return f"{self.id}.{YES}"

    def read(self, given: Given) -> Entries:
        ticked = only_value(given)
        if ticked and ticked != YES:
            raise AnswerProblem("option_unknown")
        return {"": YES} if ticked else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        return dict(entries) == {"": YES}

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [YES]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.TRUTH)}

    def draw(self, drawn: Drawn) -> Markup:
        return Markup('<div class="o"><input type="checkbox" id="%s.yes" name="%s" value="yes"%s%s><label for="%s.yes">%s</label></div>') % (
            self.id,
            self.id,
            Markup(" checked") if drawn.only() == YES else "",
            drawn.attributes(),
            self.id,
            Markup("<br>").join(line for line in self.statement.splitlines() if line.strip()) or self.label,
        )

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("tick this box"), _("To go on, please read this sentence and tick the box.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        return [1 if entries.get("") == YES else None]
