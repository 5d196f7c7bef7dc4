"""What the ballots share: projects with what they cost, money in words, and «none of them».

Money is whole rials everywhere; citizens read toman.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import msgspec
from markupsafe import Markup

from engage.persian import format_number, format_rial
from surveys.types.base import (
    ID_PATTERN,
    MAX_OPTION,
    MAX_OPTIONS,
    AnswerProblem,
    DefinitionProblem,
    Drawn,
    Given,
    Option,
    Question,
    Tally,
    Translate,
    check_text,
)
from surveys.types.choices import shuffled

MAX_DESCRIPTION = 1000
MAX_RIALS = 10**16
"""A thousand million million toman: beyond any budget of a city, within what browsers count exactly."""
NONE = "none"
"""The id of «none of them»; no project may have it."""
_UNITS = (
    (10**13, "هزار میلیارد تومان"),
    (10**10, "میلیارد تومان"),
    (10**7, "میلیون تومان"),
    (10**4, "هزار تومان"),
    (10, "تومان"),
)
"""Rials in each unit people speak of"""


def toman(rials: int) -> str:
    """An amount of rials in toman, exactly: «۶۴۰ میلیون تومان», «۱٫۲۵ میلیارد تومان»; in rials where it isn't whole toman."""
    if rials % 10:
        return format_rial(rials)
    for size, unit in _UNITS:
        # At most two decimals: «۲٬۵۴۵ میلیون» reads easier than «۲٫۵۴۵ میلیارد».
        if abs(rials) >= size and rials * 100 % size == 0:
            hundredths = rials * 100 // size
            whole, rest = divmod(abs(hundredths), 100)
            decimals = f"٫{_digits(rest)}" if rest else ""
            return f"{format_number(-whole if rials < 0 else whole)}{decimals} {unit}"
    return f"{format_number(rials // 10)} تومان"


def _digits(hundredths: int) -> str:
    return "".join(format_number(int(digit)) for digit in f"{hundredths:02}".rstrip("0"))


def common_unit(amounts: Iterable[int]) -> tuple[int, str]:
    """The largest unit in which all these rials are whole numbers, and its name; (1, «ریال») where none is."""
    amounts = list(amounts)
    for size, unit in _UNITS:
        if all(amount % size == 0 for amount in amounts) and any(amounts):
            return size, unit
    return 1, "ریال"


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing on a ballot."""

    id: str
    label: str
    description: str = ""
    cost: int = 0
    """Rials; 0: not told"""
    place: str = ""
    """Where it would be, in words"""


class Ballot(Question, frozen=True, kw_only=True):
    """A question about projects."""

    weight: ClassVar[int] = 7
    tally: ClassVar[Tally] = Tally.CHOICES
    parts: ClassVar[tuple[str, ...]] = ("ballot",)
    text_fields: ClassVar[tuple[str, ...]] = (*Question.text_fields, "description", "place", "none_label")

    projects: list[Project] = []
    none_label: str = ""
    """«None of them», standing alone; empty: not on offer"""
    shuffle: bool = False
    """Each page's seed gives another order, so that no project is always the first."""

    def check(self) -> None:
        super().check()
        check_text(self.none_label, MAX_OPTION, self.id)
        if len(self.projects) > MAX_OPTIONS:
            raise DefinitionProblem("too_many_options", self.id)
        seen = {NONE}
        for project in self.projects:
            if not ID_PATTERN.fullmatch(project.id):
                raise DefinitionProblem("option_id_malformed", self.id)
            if project.id in seen:
                raise DefinitionProblem("option_id_repeated", self.id)
            seen.add(project.id)
            check_text(project.label, MAX_OPTION, self.id)
            check_text(project.description, MAX_DESCRIPTION, self.id)
            check_text(project.place, MAX_OPTION, self.id)
            if not 0 <= project.cost <= MAX_RIALS:
                raise DefinitionProblem("cost_out_of_range", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        labels = [project.label.strip() for project in self.projects]
        if len(labels) < 2:
            found.append("too_few_projects")
        if not all(labels):
            found.append("project_without_label")
        if len({(project.label.strip(), project.place.strip()) for project in self.projects}) < len(labels):
            found.append("project_label_repeated")
        return found

    @property
    def project_ids(self) -> list[str]:
        return [project.id for project in self.projects]

    @property
    def options(self) -> list[Option]:
        """What can be counted, in the order of the definition."""
        found = [Option(id=project.id, label=project.label) for project in self.projects]
        return [*found, Option(id=NONE, label=self.none_label, exclusive=True)] if self.none_label else found

    def in_order(self, seed: int) -> list[Project]:
        """The projects as a page with this seed shows them; another seed, another order, the same on every machine."""
        return shuffled(self.projects, seed, self.id) if self.shuffle else self.projects

    def cost_of(self, project_ids: Iterable[str]) -> int:
        """Rials, summed exactly."""
        costs = {project.id: project.cost for project in self.projects}
        return sum(costs[each] for each in project_ids)

    # -- answers that are a list of projects ---------------------------------------------------------------------------

    def chosen(self, given: Given) -> list[str]:
        """The ticked ids in the order of the definition, or ["none"]; AnswerProblem for strangers and for «none» beside others."""
        ticked = {value for value in given.get("", ()) if value}
        offered = [option.id for option in self.options]
        if not ticked <= set(offered):
            raise AnswerProblem("option_unknown")
        if NONE in ticked and len(ticked) > 1:
            raise AnswerProblem("none_with_others")
        return [each for each in offered if each in ticked]

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "option_unknown":
            return _("choose again"), _("A chosen project isn't on offer any more. Please choose from these.")
        if problem.code == "none_with_others":
            return (
                _("this option stands alone"),
                _("“%(option)s” can't be chosen together with others. Keep it alone, or take it away.", option=self.none_label),
            )
        if problem.code == "too_many_choices":
            count, limit = format_number(problem.params["count"]), format_number(problem.params["limit"])
            return (
                _("more than %(limit)s projects are chosen", limit=limit),
                _("You have chosen %(count)s projects; the most is %(limit)s. Take some away.", count=count, limit=limit),
            )
        if problem.code == "too_few_choices":
            count, limit = format_number(problem.params["count"]), format_number(problem.params["limit"])
            return (
                _("fewer than %(limit)s projects are chosen", limit=limit),
                _("You have chosen %(count)s projects; the least is %(limit)s. Choose some more.", count=count, limit=limit),
            )
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose at least one project"), _("Please choose at least one of the projects.")


def limit_problem(count: int, least: int | None, most: int | None) -> AnswerProblem | None:
    """Why so many chosen projects, at least one, are too many or too few."""
    if most is not None and count > most:
        return AnswerProblem("too_many_choices", count=count, limit=most)
    if least is not None and count < least:
        return AnswerProblem("too_few_choices", count=count, limit=least)
    return None


def check_limits(question: Ballot, *limits: int | None) -> None:
    if any(limit is not None and not 1 <= limit <= MAX_OPTIONS for limit in limits):
        raise DefinitionProblem("choice_limit_out_of_range", question.id)


def limit_gaps(question: Ballot, least: int | None, most: int | None) -> list[str]:
    found = []
    if max(least or 0, most or 0) > len(question.projects):
        found.append("limit_above_projects")
    if least and most and least > most:
        found.append("choice_limits_contradict")
    return found


# -- drawing ---------------------------------------------------------------------------------------------------------------


def described(project: Project) -> Markup:
    """A project's lines inside its label: name, what it is, where, and at the end what it costs."""
    pieces = [Markup("<b>%s</b>") % project.label]
    pieces += [Markup('<span class="m">%s</span>') % text for text in (project.description, project.place) if text.strip()]
    if project.cost:
        pieces.append(Markup('<span class="c">%s</span>') % toman(project.cost))
    return Markup("").join(pieces)


def draw_projects(question: Ballot, drawn: Drawn, *, unit: int = 0) -> Markup:
    """Cards to tick, «none of them» at the end. With a `unit` (rials) each card carries its cost in that unit, for running totals."""
    ticked = set(drawn.given.get("", ()))
    cards = [
        _card(question, project.id, described(project), project.id in ticked, drawn.attributes(first=index == 0), project.cost // unit if unit else None)
        for index, project in enumerate(question.in_order(drawn.seed))
    ]
    return Markup("\n").join([*cards, *draw_none(question, drawn)])


def draw_none(question: Ballot, drawn: Drawn) -> list[Markup]:
    if not question.none_label:
        return []
    _, ticked = drawn.translate, NONE in drawn.given.get("", ())
    return [Markup('<p class="or">%s</p>') % _("or"), _card(question, NONE, question.none_label, ticked, Markup(""), None)]


def _card(question: Ballot, project_id: str, content: Markup | str, is_ticked: bool, attributes: Markup, cost: int | None) -> Markup:
    return Markup('<div class="o pj"><input type="checkbox" id="%s.%s" name="%s" value="%s"%s%s%s><label for="%s.%s">%s</label>%s</div>') % (
        question.id,
        project_id,
        question.id,
        project_id,
        Markup(' data-cost="%s"') % cost if cost is not None else Markup(""),
        Markup(" checked") if is_ticked else "",
        attributes,
        question.id,
        project_id,
        content,
        _counted(cost) if cost is not None else Markup(""),
    )


COUNTED_PLACES = 6
"""Sums of up to so many digits run without any script"""


def _counted(cost: int) -> Markup:
    """The cost as marks that the stylesheet adds up while the card is ticked: "g3" is 3·10⁰, "i6" 6·10²."""
    digits = f"{cost}"[::-1]
    if len(digits) > COUNTED_PLACES:
        return Markup("")
    marks = ["kc", *("ghijkl"[place] + digit for place, digit in enumerate(digits) if digit != "0")]
    return Markup("").join(Markup('<i class="%s"></i>') % mark for mark in marks)


def is_list_of(answer: object, offered: Sequence[str]) -> bool:
    """Whether a stored value is a list of distinct ids that are on offer."""
    return isinstance(answer, list) and bool(answer) and all(isinstance(each, str) and each in offered for each in answer) and len(set(answer)) == len(answer)
