"""A ballot: the most important projects in order, one tap a rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.ballots import NONE, Ballot, Project, check_limits, described, draw_none, is_list_of, limit_gaps, limit_problem
from surveys.types.base import AnswerProblem, Column, DefinitionProblem, Drawn, Entries, Given, Tally, Translate, only_value, spoken
from surveys.types.number import plain_number

MOST_RANKS = 10


class BallotRanking(Ballot, frozen=True, kw_only=True, tag="ballot_ranking"):
    """Stored as the projects' ids, the most important first, or ["none"]. Left-out ranks close up: 1 and 3 are 1 and 2."""

    tally: ClassVar[Tally] = Tally.RANKS
    parts: ClassVar[tuple[str, ...]] = ("ballot", "places")

    ranks: int = 3
    """So many projects may be ranked"""
    min_ranks: int | None = None

    def check(self) -> None:
        super().check()
        if not 1 <= self.ranks <= MOST_RANKS:
            raise DefinitionProblem("ranks_out_of_range", self.id)
        check_limits(self, self.min_ranks)

    def gaps(self) -> list[str]:
        return super().gaps() + limit_gaps(self, self.min_ranks, self.ranks)

    def read(self, given: Given) -> Entries:
        none = only_value(given)
        if none and (none != NONE or not self.none_label):
            raise AnswerProblem("option_unknown")
        by_rank: dict[int, str] = {}
        for project_id in self.project_ids:
            rank = self._rank(only_value(given, project_id))
            if not rank:
                continue
            if rank in by_rank:
                raise AnswerProblem("rank_repeated", rank=rank, projects=[by_rank[rank], project_id])
            by_rank[rank] = project_id
        if none:
            if by_rank:
                raise AnswerProblem("none_with_others")
            return {"": [NONE]}
        ordered = [by_rank[rank] for rank in sorted(by_rank)]
        problem = limit_problem(len(ordered), self.min_ranks, self.ranks) if ordered else None
        if problem is not None:
            raise problem
        return {"": ordered} if ordered else {}

    def _rank(self, typed: str) -> int:
        if not typed.strip():
            return 0
        number = plain_number(typed)
        if number is None or number != number.to_integral_value() or not 0 <= number <= self.ranks:
            raise AnswerProblem("rank_unknown")
        return int(number)

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        if set(entries) != {""}:
            return False
        if answer == [NONE]:
            return bool(self.none_label)
        return is_list_of(answer, self.project_ids) and limit_problem(len(answer), self.min_ranks, self.ranks) is None  # type: ignore[arg-type]

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        answer = entries[""]
        if answer == [NONE]:
            return {"": [NONE]}
        return {project_id: [str(rank)] for rank, project_id in enumerate(answer, 1)} if isinstance(answer, list) else {}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICES, frozenset(option.id for option in self.options))}

    @property
    def first_control(self) -> str:
        return f"{self.id}.{self.projects[0].id}.1" if self.projects else self.id

    def instruction(self, _: Translate) -> str:
        if self.ranks == 1:
            return _("Mark the most important project with 1.")
        if self.min_ranks == self.ranks:
            return _("Give %(count)s projects a rank; %(first)s is the most important.", count=spoken(self.ranks), first=spoken(1))
        return _("Give up to %(count)s projects a rank; %(first)s is the most important.", count=spoken(self.ranks), first=spoken(1))

    def draw(self, drawn: Drawn) -> Markup:
        rows = [self._row(project, drawn, is_first=index == 0) for index, project in enumerate(self.in_order(drawn.seed))]
        return Markup("\n").join([*rows, *draw_none(self, drawn)])

    def _row(self, project: Project, drawn: Drawn, *, is_first: bool) -> Markup:
        _ = drawn.translate
        typed = plain_number(drawn.only(project.id))
        chosen = int(typed) if typed is not None and abs(typed) <= MOST_RANKS else 0
        cells = [self._cell(project, rank, spoken(rank), _("Rank %(rank)s", rank=spoken(rank)), chosen) for rank in range(1, self.ranks + 1)]
        cells.append(self._cell(project, 0, "–", _("without a rank"), chosen))
        return Markup('<div class="pk pj" role="radiogroup" aria-labelledby="%s.%s"%s><p id="%s.%s">%s</p><div class="pt">%s</div></div>') % (
            self.id,
            project.id,
            drawn.attributes(first=is_first),
            self.id,
            project.id,
            described(project),
            Markup("").join(cells),
        )

    def _cell(self, project: Project, rank: int, mark: str, words: str, chosen: int) -> Markup:
        name = f"{self.id}.{project.id}"
        return Markup(
            '<label><input type="radio" id="%s.%s" name="%s" value="%s"%s><span><span aria-hidden="true">%s</span><span class="v">%s</span></span></label>'
        ) % (name, rank, name, rank, Markup(" checked") if rank == chosen else "", mark, words)

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        labels = {option.id: option.label for option in self.options}
        answer = entries.get("")
        chosen = [labels[each] for each in answer if each in labels] if isinstance(answer, list) else []
        if answer == [NONE] or len(chosen) < 2:
            return "، ".join(chosen)
        return "، ".join(_("%(rank)s. %(project)s", rank=spoken(rank), project=label) for rank, label in enumerate(chosen, 1))

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "rank_repeated":
            labels = {project.id: project.label for project in self.projects}
            first, second = (labels[each] for each in problem.params["projects"])
            rank = spoken(problem.params["rank"])
            return (
                _("rank %(rank)s is given twice", rank=rank),
                _("Rank %(rank)s is given to “%(first)s” and “%(second)s”. Each rank can be given once.", rank=rank, first=first, second=second),
            )
        if problem.code == "rank_unknown":
            return _("choose a rank"), _("A rank can't be read. Please choose from %(low)s to %(high)s.", low=spoken(1), high=spoken(self.ranks))
        if problem.code == "too_few_choices":
            limit = spoken(problem.params["limit"])
            return _("rank some more projects"), _("Please give at least %(limit)s projects a rank.", limit=limit)
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("give at least one project a rank"), _("Please give at least one project a rank.")

    def columns(self) -> list[Column]:
        return [Column(f"{self.id}.{option.id}", f"{self.label} · {option.label}") for option in self.options]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        """Each project's rank; for «none of them» 1."""
        answer = entries.get("")
        if not isinstance(answer, list):
            return [None] * len(self.options)
        ranks = {project_id: rank for rank, project_id in enumerate(answer, 1)}
        return [ranks.get(option.id) for option in self.options]
