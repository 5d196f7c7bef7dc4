"""Forms of the ballots: projects a line each, and what may be spent on them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, StringField
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import TextArea

from engage.persian import format_number
from engage.web.forms import IntegerField, stripped
from surveys.editing import read_options
from surveys.forms.question import QuestionForm, needed
from surveys.types.ballot_ranking import MOST_RANKS
from surveys.types.ballots import MAX_DESCRIPTION, MAX_RIALS, Project, toman
from surveys.types.base import MAX_OPTION, MAX_OPTIONS, Option
from surveys.types.number import plain_number
from surveys.types.points import MOST_POINTS

_AMOUNT = re.compile(r"(?P<number>[\W\d_]+)(?P<words>(?:[^\W\d_]|[ \u200c])*)")
"""Letters by what they are, not by a range: Arabic digits and «٫» lie between «آ» and «ی»."""
_SIZES = {"هزار": 10**3, "میلیون": 10**6, "میلیارد": 10**9}
_APART = "|"


def read_money(typed: str) -> int | None:
    """Rials in a text of any digits: «۶۴۰ میلیون تومان», «۱٫۲ میلیارد», «۵۰۰٬۰۰۰ ریال»; without a currency it is toman. None if it is no amount."""
    found = _AMOUNT.fullmatch(typed.strip().replace("ي", "ی").replace("ك", "ک"))
    number = plain_number(found["number"]) if found else None
    if found is None or number is None or number < 0:
        return None
    words = found["words"].replace("\u200c", " ").split()
    rials = Decimal(10)
    if words and words[-1] in ("تومان", "ریال"):
        rials = Decimal(10 if words.pop() == "تومان" else 1)
    for word in words:
        if word not in _SIZES:
            return None
        rials *= _SIZES[word]
    amount = number * rials
    return int(amount) if amount == amount.to_integral_value() and amount <= MAX_RIALS else None


class MoneyField(StringField):
    """An amount in words and any digits; `data` is rials, None for none."""

    data: int | None  # type: ignore[assignment]

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = read_money(typed) if typed else None
        if typed and self.data is None:
            raise ValueError(_("This amount can't be read. Write it like %(example)s.", example=toman(12 * 10**9)))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return toman(self.data) if self.data else ""


class ProjectsField(Field):
    """Projects a line each: name | cost | what it is | where. `data` is a list of Project; those there were before keep their ids."""

    widget = TextArea()
    data: list[Project]

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, default=list, **kwargs)
        self.before: list[Project] = []

    def process_formdata(self, valuelist: list[Any]) -> None:
        lines = [line for line in (str(valuelist[0]) if valuelist else "").splitlines() if line.strip()]
        if len(lines) > MAX_OPTIONS:
            raise ValueError(_("There are more than %(limit)s projects.", limit=format_number(MAX_OPTIONS)))
        self.data = [self._project(number, line) for number, line in enumerate(lines, 1)]

    def _project(self, number: int, line: str) -> Project:
        cells = [cell.strip() for cell in line.split(_APART, 3)] + [""] * 3
        label, money, description, place = cells[:4]
        cost = read_money(money) if money else 0
        if not label:
            raise ValueError(_("Line %(number)s begins without a project's name.", number=format_number(number)))
        if cost is None:
            raise ValueError(
                _("The cost in line %(number)s can't be read. Write it like %(example)s.", number=format_number(number), example=toman(12 * 10**9))
            )
        if len(label) > MAX_OPTION or len(place) > MAX_OPTION or len(description) > MAX_DESCRIPTION:
            raise ValueError(_("Line %(number)s is too long.", number=format_number(number)))
        return Project(id="new", label=label, cost=cost, description=description, place=place)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(_line(project) for project in self.data or [])

    def with_ids(self, before: list[Project]) -> list[Project]:
        """The projects of the field, those that were there before under their ids: reports count by them."""
        options = [Option(id=project.id, label=_one_line(project.label)) for project in before]
        found = read_options("\n".join(project.label for project in self.data), "", options)
        return [
            Project(id=option.id, label=each.label, cost=each.cost, description=each.description, place=each.place)
            for option, each in zip(found, self.data, strict=True)
        ]


def _line(project: Project) -> str:
    cells = [_one_line(project.label), toman(project.cost) if project.cost else "", _one_line(project.description), _one_line(project.place)]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return f" {_APART} ".join(cells)


def _one_line(text: str) -> str:
    return " ".join(text.replace(_APART, "/").split())


class BallotForm(QuestionForm):
    projects = ProjectsField(
        _l("Projects"),
        description=_l("One project a line: name | cost | what it is | where. Only the name is needed; a cost without a currency is in toman."),
        render_kw={"rows": 10},
    )
    none_label = StringField(
        _l("None of them"), [Length(max=MAX_OPTION)], filters=[stripped], description=_l("Drawn last and chosen alone; empty: not on offer.")
    )
    shuffle = BooleanField(_l("Another order on every page, so that no project is always first"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.projects.data, self.none_label.data, self.shuffle.data = question.projects, question.none_label, question.shuffle

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {
            "projects": self.projects.with_ids(question.projects),
            "none_label": self.none_label.data or "",
            "shuffle": bool(self.shuffle.data),
        }


class ApprovalForm(BallotForm):
    min_choices = IntegerField(_l("At least"), [Optional(), NumberRange(1, MAX_OPTIONS)])
    max_choices = IntegerField(_l("At most"), [Optional(), NumberRange(1, MAX_OPTIONS)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.min_choices.data, self.max_choices.data = question.min_choices, question.max_choices

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"min_choices": self.min_choices.data, "max_choices": self.max_choices.data}


class BallotRankingForm(BallotForm):
    ranks = IntegerField(_l("Ranks to give"), [needed, NumberRange(1, MOST_RANKS)])
    min_ranks = IntegerField(_l("Ranks at least"), [Optional(), NumberRange(1, MOST_RANKS)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.ranks.data, self.min_ranks.data = question.ranks, question.min_ranks

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"ranks": self.ranks.data, "min_ranks": self.min_ranks.data}


class PointsForm(BallotForm):
    points = IntegerField(_l("Points to share out"), [needed, NumberRange(1, MOST_POINTS)])
    most_each = IntegerField(_l("To one project at most"), [Optional(), NumberRange(1, MOST_POINTS)])
    spend_all = BooleanField(_l("All points must be given"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.points.data, self.most_each.data, self.spend_all.data = question.points, question.most_each, question.spend_all

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {
            "points": self.points.data,
            "most_each": self.most_each.data,
            "spend_all": bool(self.spend_all.data),
        }


class KnapsackForm(BallotForm):
    budget = MoneyField(_l("Budget"), description=_l("For example 2.5 billion toman. Without a currency it is in toman."))
    min_choices = IntegerField(_l("Projects at least"), [Optional(), NumberRange(1, MAX_OPTIONS)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.budget.data, self.min_choices.data = question.budget, question.min_choices

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"budget": self.budget.data or 0, "min_choices": self.min_choices.data}
