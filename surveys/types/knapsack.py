"""A ballot: spend the budget. What costs more than there is, is refused, and the choice kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.types.approval import Ticking
from surveys.types.ballots import MAX_RIALS, NONE, check_limits, common_unit, draw_projects, limit_gaps, limit_problem, toman
from surveys.types.base import AnswerProblem, DefinitionProblem, Drawn, Entries, Given, Translate, spoken


class Knapsack(Ticking, frozen=True, kw_only=True, tag="knapsack"):
    """What a page's script finds: around the cards an element with `data-budget`; on every ticking field that costs `data-cost`, in
    the same unit; below, an element with `data-left` and `data-over`, sentences in which "{}" stands for the difference."""

    budget: int = 0
    """Rials"""
    min_choices: int | None = None

    def check(self) -> None:
        super().check()
        check_limits(self, self.min_choices)
        if not 0 <= self.budget <= MAX_RIALS:
            raise DefinitionProblem("cost_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps() + limit_gaps(self, self.min_choices, None)
        costs = sorted(project.cost for project in self.projects)
        if not self.budget:
            found.append("ballot_without_budget")
        elif costs and costs[0] > self.budget:
            found.append("budget_below_every_cost")
        elif costs and costs[-1] > self.budget:
            found.append("project_above_budget")
        elif sum(costs[: self.min_choices or 0]) > self.budget:
            found.append("budget_below_least_choices")
        if any(cost == 0 for cost in costs):
            found.append("project_without_cost")
        return found

    def warnings(self) -> list[str]:
        costs = [project.cost for project in self.projects]
        return ["budget_pays_everything"] if costs and 0 < sum(costs) <= self.budget else []

    def _problem(self, chosen: list[str]) -> AnswerProblem | None:
        if not chosen or chosen == [NONE]:
            return None
        spent = self.cost_of(chosen)
        if spent > self.budget:
            return AnswerProblem("over_budget", count=len(chosen), spent=spent, budget=self.budget)
        return limit_problem(len(chosen), self.min_choices, None)

    def read(self, given: Given) -> Entries:
        chosen = self.chosen(given)
        problem = self._problem(chosen)
        if problem is not None:
            raise problem
        return {"": chosen} if chosen else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        return super().accepts(entries) and self._problem(entries[""]) is None

    def instruction(self, _: Translate) -> str:
        budget = toman(self.budget)
        if self.min_choices is not None and self.min_choices > 1:
            return _("Choose at least %(count)s projects that together cost no more than %(budget)s.", count=spoken(self.min_choices), budget=budget)
        return _("Choose what you want, as far as the money goes: the budget is %(budget)s.", budget=budget)

    def draw(self, drawn: Drawn) -> Markup:
        _ = drawn.translate
        size, unit = common_unit([self.budget, *(project.cost for project in self.projects)])
        ticked = [each for each in drawn.given.get("", ()) if each in set(self.project_ids)]
        counts_itself = len(str(sum(project.cost for project in self.projects) // size)) <= 9 and all(
            len(str(project.cost // size)) <= 6 for project in self.projects
        )
        running = Markup("")
        if counts_itself:
            running = Markup('<p><span><b class="kn"></b> %s</span> <span><b class="ks"></b> %s</span></p>') % (
                _("projects"),
                _("of %(budget)s %(unit)s", budget=spoken(self.budget // size), unit=unit),
            )
        status = Markup('<p class="kb%s" role="status" data-left="%s" data-over="%s">%s</p>') % (
            " over" if self.cost_of(ticked) > self.budget else "",
            _("%(amount)s left", amount="{} " + unit),
            _("%(amount)s over the budget", amount="{} " + unit),
            self._balance(ticked, _),
        )
        return Markup('<div class="kl" data-budget="%s">\n%s\n<div class="bar">%s%s</div>\n</div>') % (
            self.budget // size,
            draw_projects(self, drawn, unit=size),
            running,
            status,
        )

    def _balance(self, ticked: list[str], _: Translate) -> str:
        """How it stood when the server last looked."""
        if not ticked:
            return ""
        left = self.budget - self.cost_of(ticked)
        return _("%(amount)s left", amount=toman(left)) if left >= 0 else _("%(amount)s over the budget", amount=toman(-left))

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        words = super().in_words(entries, _)
        chosen = entries.get("")
        if not words or not isinstance(chosen, list) or NONE in chosen:
            return words
        return f"{words} ({toman(self.cost_of(each for each in chosen if each in self.project_ids))})"

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "over_budget":
            spent, budget = problem.params["spent"], problem.params["budget"]
            over = toman(spent - budget)
            return (
                _("%(amount)s over the budget", amount=over),
                _(
                    "You have chosen %(count)s projects for %(spent)s in all; the budget is %(budget)s, so %(over)s is missing. Take one or more away.",
                    count=spoken(problem.params["count"]),
                    spent=toman(spent),
                    budget=toman(budget),
                    over=over,
                ),
            )
        return super().explain(problem, _)
