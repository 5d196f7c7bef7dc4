"""One of several options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from surveys.types.base import Answer, AnswerProblem, Drawn, Tally, Translate
from surveys.types.choices import Choosing, draw_cards


class Single(Choosing, frozen=True, kw_only=True, tag="single"):
    tally = Tally.CHOICES

    def read(self, values: Sequence[str]) -> Answer | None:
        chosen = self.known(values)
        if len(chosen) > 1:
            raise AnswerProblem("several_answers")
        if not chosen:
            if self.required:
                raise AnswerProblem("answer_missing")
            return None
        return chosen[0]

    def accepts(self, answer: Any) -> bool:
        return isinstance(answer, str) and answer in self.option_ids

    def typed(self, answer: Answer) -> list[str]:
        return [str(answer)]

    def draw(self, drawn: Drawn) -> Markup:
        return draw_cards(self, "radio", drawn)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "option_unknown":
            return _("choose one of the options"), _("The chosen option isn't on offer any more. Please choose one of these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the options"), _("Please choose one of the options.")

    def cells(self, answer: Answer | None) -> list[str | int | float | None]:
        labels = {option.id: option.label for option in self.options}
        return [labels.get(answer) if isinstance(answer, str) else None]
