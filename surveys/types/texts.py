"""What the writing types share: reading a text faithfully and within its limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, DefinitionProblem, Entries, Given, Question, Tally, Translate, is_storable, only_value, spoken


class Writing(Question, frozen=True, kw_only=True):
    """A question answered in the citizen's own words. Stored as typed: only line ends are made one kind and outer space is dropped."""

    is_group: ClassVar[bool] = False
    tally: ClassVar[Tally] = Tally.TEXTS
    reveals: ClassVar[bool] = True
    most: ClassVar[int] = 10_000
    has_lines: ClassVar[bool] = True

    @property
    def limit(self) -> int:
        raise NotImplementedError

    def check(self) -> None:
        super().check()
        if not 1 <= self.limit <= self.most:
            raise DefinitionProblem("text_limit_out_of_range", self.id)

    def read(self, given: Given) -> Entries:
        text = only_value(given).replace("\r\n", "\n").replace("\r", "\n").strip()
        if not text:
            return {}
        if not is_storable(text):
            raise AnswerProblem("text_unreadable")
        if not self.has_lines and "\n" in text:
            text = " ".join(text.split("\n"))
        if len(text) > self.limit:
            raise AnswerProblem("text_too_long", count=len(text), limit=self.limit)
        return {"": text}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        if set(entries) != {""} or not isinstance(answer, str) or not answer or answer != answer.strip() or "\r" in answer:
            return False
        return is_storable(answer) and len(answer) <= self.limit and (self.has_lines or "\n" not in answer)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.TEXT)}

    def instruction(self, _: Translate) -> str:
        return _("Up to %(count)s characters.", count=spoken(self.limit))

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "text_too_long":
            count, limit = spoken(problem.params["count"]), spoken(problem.params["limit"])
            return _("the text is too long"), _("Your text has %(count)s characters; the most is %(limit)s. Please shorten it.", count=count, limit=limit)
        if problem.code == "text_unreadable":
            return _("the text has an unreadable character"), _("There is a character in this text that can't be stored. Please type it again.")
        return super().explain(problem, _)

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, str) else None]
