"""Several of several options, within limits; an exclusive option stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Column, DefinitionProblem, Drawn, Entries, Given, Tally, Translate, spoken
from surveys.types.choices import Choosing, draw_cards


class Multiple(Choosing, frozen=True, kw_only=True, tag="multiple"):
    tally = Tally.CHOICES

    min_choices: int | None = None
    max_choices: int | None = None
    shuffle: bool = False
    """Options come in an order that differs from citizen to citizen."""

    def check(self) -> None:
        super().check()
        for limit in (self.min_choices, self.max_choices):
            if limit is not None and not 1 <= limit <= 300:
                raise DefinitionProblem("choice_limit_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        free = sum(not option.exclusive for option in self.options)
        low, high = self.min_choices or 1, self.max_choices or max(free, 1)
        if low > high or (self.options and low > free):
            found.append("choice_limits_contradict")
        return found

    def _problem(self, chosen: Sequence[str]) -> AnswerProblem | None:
        """Why these options, known and distinct, are no answer together."""
        if not chosen:
            return None
        alone = [option.id for option in self.options if option.exclusive and option.id in chosen]
        if alone:
            return AnswerProblem("exclusive_with_others", option=alone[0]) if len(chosen) > 1 else None
        if self.max_choices is not None and len(chosen) > self.max_choices:
            return AnswerProblem("too_many_choices", count=len(chosen), limit=self.max_choices)
        if self.min_choices is not None and len(chosen) < self.min_choices:
            return AnswerProblem("too_few_choices", count=len(chosen), limit=self.min_choices)
        return None

    def read(self, given: Given) -> Entries:
        chosen, other = self.read_other(self.known(given.get("", ())), given)
        problem = self._problem(chosen)
        if problem is not None:
            raise problem
        return {"": chosen, **other} if chosen else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        if not isinstance(answer, list) or not answer or not all(isinstance(each, str) for each in answer):
            return False
        in_order = [each for each in self.option_ids if each in set(answer)]
        return answer == in_order and self._problem(answer) is None and self.accepts_other(answer, entries)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {part: list(value) if isinstance(value, list) else [str(value)] for part, value in entries.items()}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICES, frozenset(self.option_ids)), **self.other_names()}

    def instruction(self, _: Translate) -> str:
        low, high = self.min_choices, self.max_choices
        if high == 1:
            return _("Choose one.")
        if low is not None and low == high:
            return _("Choose exactly %(count)s.", count=spoken(low))
        if low is not None and low > 1 and high is not None:
            return _("Choose from %(low)s to %(high)s.", low=spoken(low), high=spoken(high))
        if low is not None and low > 1:
            return _("Choose at least %(count)s.", count=spoken(low))
        if high is not None:
            return _("Choose up to %(count)s.", count=spoken(high))
        return _("You may choose several.")

    def draw(self, drawn: Drawn) -> Markup:
        return draw_cards(self, "checkbox", drawn)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "too_many_choices":
            count, limit = spoken(problem.params["count"]), spoken(problem.params["limit"])
            return (
                _("more than %(limit)s are chosen", limit=limit),
                _("You have chosen %(count)s; the most is %(limit)s. Take some away.", count=count, limit=limit),
            )
        if problem.code == "too_few_choices":
            count, limit = spoken(problem.params["count"]), spoken(problem.params["limit"])
            return (
                _("fewer than %(limit)s are chosen", limit=limit),
                _("You have chosen %(count)s; the least is %(limit)s. Choose some more.", count=count, limit=limit),
            )
        if problem.code == "exclusive_with_others":
            label = next(option.label for option in self.options if option.id == problem.params["option"])
            return (
                _("this option stands alone"),
                _("“%(option)s” can't be chosen together with others. Keep it alone, or take it away.", option=label),
            )
        if problem.code == "option_unknown":
            return _("choose again"), _("A chosen option isn't on offer any more. Please choose from these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose at least one option"), _("Please choose at least one of the options.")

    def columns(self) -> list[Column]:
        return [*(Column(f"{self.id}.{option.id}", f"{self.label} · {option.label}") for option in self.options), *self.other_columns()]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        if not isinstance(answer, list):
            return [*[None] * len(self.options), *self.other_cells(entries)]
        return [*(int(option.id in answer) for option in self.options), *self.other_cells(entries)]
