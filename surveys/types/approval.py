"""A ballot: tick up to so many projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.ballots import NONE, Ballot, check_limits, draw_projects, is_list_of, limit_gaps, limit_problem
from surveys.types.base import Column, Drawn, Entries, Given, Translate, spoken


class Ticking(Ballot, frozen=True, kw_only=True):
    """A ballot answered by ticking projects. Stored as their ids in the order of the definition, or ["none"]."""

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        offered = [option.id for option in self.options]
        if set(entries) != {""} or not isinstance(answer, list) or not is_list_of(answer, offered):
            return False
        return answer == [each for each in offered if each in answer] and (answer == [NONE] or NONE not in answer)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        answer = entries[""]
        return {"": list(answer) if isinstance(answer, list) else []}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICES, frozenset(option.id for option in self.options))}

    @property
    def first_control(self) -> str:
        return f"{self.id}.{self.options[0].id}" if self.options else self.id

    def columns(self) -> list[Column]:
        return [Column(f"{self.id}.{option.id}", f"{self.label} · {option.label}") for option in self.options]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        if not isinstance(answer, list):
            return [None] * len(self.options)
        return [int(option.id in answer) for option in self.options]


class Approval(Ticking, frozen=True, kw_only=True, tag="approval"):
    min_choices: int | None = None
    max_choices: int | None = None

    def check(self) -> None:
        super().check()
        check_limits(self, self.min_choices, self.max_choices)

    def gaps(self) -> list[str]:
        return super().gaps() + limit_gaps(self, self.min_choices, self.max_choices)

    def read(self, given: Given) -> Entries:
        chosen = self.chosen(given)
        problem = limit_problem(len(chosen), self.min_choices, self.max_choices) if chosen and chosen != [NONE] else None
        if problem is not None:
            raise problem
        return {"": chosen} if chosen else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        if not super().accepts(entries):
            return False
        chosen = entries[""]
        return chosen == [NONE] or limit_problem(len(chosen), self.min_choices, self.max_choices) is None

    def instruction(self, _: Translate) -> str:
        low, high = self.min_choices, self.max_choices
        if high == 1:
            return _("Choose one project.")
        if low is not None and low == high:
            return _("Choose exactly %(count)s projects.", count=spoken(low))
        if low is not None and low > 1 and high is not None:
            return _("Choose from %(low)s to %(high)s projects.", low=spoken(low), high=spoken(high))
        if low is not None and low > 1:
            return _("Choose at least %(count)s projects.", count=spoken(low))
        if high is not None:
            return _("Choose up to %(count)s projects.", count=spoken(high))
        return _("You may choose several projects.")

    def draw(self, drawn: Drawn) -> Markup:
        return draw_projects(self, drawn)
