"""Yes or no, and «نمی‌دانم» where that is offered. Stored: "yes", "no" or "unknown"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import (
    MAX_OPTION,
    AnswerProblem,
    Drawn,
    Entries,
    Given,
    Option,
    PartTally,
    Question,
    Tally,
    Translate,
    check_text,
    only_value,
)

YES, NO, UNKNOWN = "yes", "no", "unknown"


class YesNo(Question, frozen=True, kw_only=True, tag="yes_no"):
    tally = Tally.CHOICES
    parts = ("two",)
    text_fields = (*Question.text_fields, "yes_label", "no_label", "unknown_label")

    yes_label: str = "بله"
    no_label: str = "خیر"
    unknown_label: str = ""
    """«نمی‌دانم»; empty: not offered."""

    def check(self) -> None:
        super().check()
        for label in (self.yes_label, self.no_label, self.unknown_label):
            check_text(label, MAX_OPTION, self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        labels = [label.strip() for label in self.labels.values()]
        if not all(labels):
            found.append("option_without_label")
        if len(set(labels)) < len(labels):
            found.append("option_label_repeated")
        return found

    @property
    def labels(self) -> dict[str, str]:
        """What can be answered, in the order of the page."""
        known = {YES: self.yes_label, NO: self.no_label}
        return known | {UNKNOWN: self.unknown_label} if self.unknown_label else known

    def read(self, given: Given) -> Entries:
        answer = only_value(given)
        if not answer:
            return {}
        if answer not in self.labels:
            raise AnswerProblem("option_unknown")
        return {"": answer}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return set(entries) == {""} and isinstance(answer, str) and answer in self.labels

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        """A truth; with «نمی‌دانم» a choice, because then what isn't yes need not be no."""
        return {"": Name(Kind.CHOICE, frozenset(self.labels)) if self.unknown_label else Name(Kind.TRUTH)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        answer = entries.get("")
        return self.labels.get(answer, "") if isinstance(answer, str) else ""

    @property
    def first_control(self) -> str:
        return f"{self.id}.{YES}"

    def draw(self, drawn: Drawn) -> Markup:
        chosen = set(drawn.given.get("", ()))
        cards = Markup("\n").join(
            Markup('<div class="o"><input type="radio" id="%s.%s" name="%s" value="%s"%s%s><label for="%s.%s">%s</label></div>')
            % (
                self.id,
                value,
                self.id,
                value,
                Markup(" checked") if value in chosen else "",
                drawn.attributes(first=value == YES),
                self.id,
                value,
                label,
            )
            for value, label in self.labels.items()
        )
        return Markup('<div class="tw">\n%s\n</div>') % cards

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "option_unknown":
            return _("choose one of the options"), _("The chosen option isn't on offer any more. Please choose one of these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the options"), _("Please choose one of the options.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        return [self.in_words(entries, _plain) or None]

    def codes(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, str) else None]

    def tallies(self) -> list[PartTally]:
        options = tuple(Option(id=value, label=label, exclusive=value == UNKNOWN) for value, label in self.labels.items())
        return [PartTally("", self.label, self.tally, options)]


def _plain(text: str, **params: Any) -> str:
    return text % params if params else text
