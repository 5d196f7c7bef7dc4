"""A ballot: share out points over the projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.ballots import NONE, Ballot, Project, described, draw_none
from surveys.types.base import (
    AnswerProblem,
    Column,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    PartTally,
    Tally,
    Translate,
    only_value,
    spoken,
)
from surveys.types.number import plain_number

MOST_POINTS = 1000


class Points(Ballot, frozen=True, kw_only=True, tag="points"):
    """Stored by project, as whole numbers above 0: {"p1": 4, "p2": 6}; or {"": "none"}.

    A page's script finds an element with `data-points` around the fields (`data-point`), and below it `data-left` and `data-over` as
    in a knapsack.
    """

    tally: ClassVar[Tally] = Tally.NUMBERS

    points: int = 10
    most_each: int | None = None
    """To one project at most"""
    spend_all: bool = False

    def check(self) -> None:
        super().check()
        if not 1 <= self.points <= MOST_POINTS or (self.most_each is not None and not 1 <= self.most_each <= MOST_POINTS):
            raise DefinitionProblem("points_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        if self.most_each is not None and (
            self.most_each > self.points or (self.spend_all and self.projects and self.most_each * len(self.projects) < self.points)
        ):
            found.append("points_limits_contradict")
        return found

    def read(self, given: Given) -> Entries:
        none = only_value(given)
        if none and (none != NONE or not self.none_label):
            raise AnswerProblem("option_unknown")
        shares: Entries = {}
        for project_id in self.project_ids:
            points = self._points(only_value(given, project_id), project_id)
            if points:
                shares[project_id] = points
        if none:
            if shares:
                raise AnswerProblem("none_with_others")
            return {"": NONE}
        problem = self._problem(shares)
        if problem is not None:
            raise problem
        return shares

    def _points(self, typed: str, project_id: str) -> int:
        if not typed.strip():
            return 0
        number = plain_number(typed)
        if number is None or number != number.to_integral_value() or number < 0 or number > 10**12:
            raise AnswerProblem("points_unreadable", project=project_id)
        return int(number)

    def _problem(self, shares: Mapping[str, Any]) -> AnswerProblem | None:
        if not shares:
            return None
        spent = sum(shares.values())
        if spent > self.points:
            return AnswerProblem("too_many_points", spent=spent)
        if self.most_each is not None and (above := [each for each, points in shares.items() if points > self.most_each]):
            return AnswerProblem("too_many_points_each", project=above[0])
        if self.spend_all and spent < self.points:
            return AnswerProblem("too_few_points", spent=spent)
        return None

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        if not entries:
            return False
        if "" in entries:
            return dict(entries) == {"": NONE} and bool(self.none_label)
        if not set(entries) <= set(self.project_ids) or not all(type(points) is int and points > 0 for points in entries.values()):
            return False
        return self._problem(entries) is None

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {part: [spoken(value) if isinstance(value, int) else str(value)] for part, value in entries.items()}

    def names(self) -> dict[str, Name]:
        found = {project_id: Name(Kind.NUMBER, low=1, high=self.most_each or self.points) for project_id in self.project_ids}
        return {"": Name(Kind.CHOICE, frozenset({NONE})), **found} if self.none_label else found

    @property
    def first_control(self) -> str:
        return f"{self.id}.{self.projects[0].id}" if self.projects else self.id

    def instruction(self, _: Translate) -> str:
        points = spoken(self.points)
        first = (
            _("Share out all %(points)s points; more points mean more important.", points=points)
            if self.spend_all
            else _("You have %(points)s points to share out; more points mean more important.", points=points)
        )
        return first if self.most_each is None else first + " " + _("At most %(limit)s to one project.", limit=spoken(self.most_each))

    def draw(self, drawn: Drawn) -> Markup:
        _ = drawn.translate
        rows = Markup("\n").join(self._row(project, drawn, is_first=index == 0) for index, project in enumerate(self.in_order(drawn.seed)))
        status = Markup('<div class="bar"><p class="kb%s" role="status" data-left="%s" data-over="%s">%s</p></div>') % (
            " over" if self._spent(drawn) > self.points else "",
            _("%(amount)s left", amount=_("%(points)s points", points="{}")),
            _("%(points)s points too many", points="{}"),
            self._balance(drawn, _),
        )
        none = Markup("\n").join(draw_none(self, drawn))
        return Markup('<div class="pts" data-points="%s">\n%s\n%s\n%s</div>') % (self.points, rows, none, status)

    def _row(self, project: Project, drawn: Drawn, *, is_first: bool) -> Markup:
        name = f"{self.id}.{project.id}"
        return Markup(
            '<div class="bp pj"><label for="%s">%s</label><input class="t" id="%s" name="%s" inputmode="numeric" autocomplete="off" maxlength="20" data-point value="%s"%s></div>'
        ) % (name, described(project), name, name, drawn.only(project.id), drawn.attributes(first=is_first))

    def _balance(self, drawn: Drawn, _: Translate) -> str:
        """How it stood when the server last looked."""
        spent = self._spent(drawn)
        if not spent:
            return ""
        left = self.points - spent
        if left < 0:
            return _("%(points)s points too many", points=spoken(-left))
        return _("%(amount)s left", amount=_("%(points)s points", points=spoken(left)))

    def _spent(self, drawn: Drawn) -> int:
        """The points that stand in the fields; 0 where one can't be read."""
        try:
            return sum(self._points(drawn.only(project_id), project_id) for project_id in self.project_ids)
        except AnswerProblem:
            return 0

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        if entries.get("") == NONE:
            return self.none_label
        labels = {project.id: project.label for project in self.projects}
        given = [(labels[part], points) for part, points in entries.items() if part in labels and isinstance(points, int)]
        return "، ".join(_("%(project)s: %(points)s points", project=label, points=spoken(points)) for label, points in given)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        labels = {project.id: project.label for project in self.projects}
        if problem.code == "points_unreadable":
            return _("write whole numbers"), _("The points of “%(project)s” can't be read. Please write a whole number.", project=labels[problem.params["project"]])
        if problem.code == "too_many_points":
            spent, points = problem.params["spent"], spoken(self.points)
            over = spoken(spent - self.points)
            return (
                _("%(points)s points too many", points=over),
                _("You have given %(spent)s points; there are %(points)s. Take %(over)s away.", spent=spoken(spent), points=points, over=over),
            )
        if problem.code == "too_few_points":
            spent, points = problem.params["spent"], spoken(self.points)
            left = spoken(self.points - spent)
            return (
                _("%(points)s points are left", points=left),
                _("You have given %(spent)s of %(points)s points. Please share out the other %(left)s, too.", spent=spoken(spent), points=points, left=left),
            )
        if problem.code == "too_many_points_each":
            limit = spoken(self.most_each or 0)
            return (
                _("too many points for one project"),
                _("“%(project)s” has more than %(limit)s points, the most for one project.", project=labels[problem.params["project"]], limit=limit),
            )
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("give points to at least one project"), _("Please give points to at least one project.")

    def tallies(self) -> list[PartTally]:
        """The points of each project; how many chose none of them."""
        found = [PartTally(project.id, project.label, Tally.NUMBERS) for project in self.projects]
        none = tuple(option for option in self.options if option.id == NONE)
        return [*found, PartTally("", self.none_label, Tally.CHOICES, none)] if none else found

    def columns(self) -> list[Column]:
        return [Column(f"{self.id}.{option.id}", f"{self.label} · {option.label}") for option in self.options]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        """Points by project, 0 where others got them; for «none of them» 1."""
        if not entries:
            return [None] * len(self.options)
        chose_none = entries.get("") == NONE
        return [int(chose_none) if option.id == NONE else entries.get(option.id, 0) for option in self.options]
