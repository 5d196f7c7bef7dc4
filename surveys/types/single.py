"""One of several options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Drawn, Entries, Given, Tally, Translate
from surveys.types.choices import Choosing, draw_cards


class Single(Choosing, frozen=True, kw_only=True, tag="single"):
    tally = Tally.CHOICES

    def read(self, given: Given) -> Entries:
        chosen = self.known(given.get("", ()))
        if len(chosen) > 1:
            raise AnswerProblem("several_answers")
        return {"": chosen[0]} if chosen else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        return set(entries) == {""} and isinstance(entries[""], str) and entries[""] in self.option_ids

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICE, frozenset(self.option_ids))}

    def draw(self, drawn: Drawn) -> Markup:
        return draw_cards(self, "radio", drawn)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "option_unknown":
            return _("choose one of the options"), _("The chosen option isn't on offer any more. Please choose one of these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the options"), _("Please choose one of the options.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        labels = {option.id: option.label for option in self.options}
        return [labels.get(entries.get("", ""))]
