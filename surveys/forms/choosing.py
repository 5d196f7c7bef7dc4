"""Forms of the choosing types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from engage.identity.guard import known_actor
from engage.identity.models import UnitKind
from engage.identity.rules import is_below
from engage.persian import format_number
from engage.web.forms import IntegerField, stripped
from surveys.editing import read_options
from surveys.forms.question import QuestionForm
from surveys.types.base import MAX_OPTION, MAX_OPTIONS, Option
from surveys.types.long_list import MOST
from surveys.types.ranking import MOST as MOST_RANKED


class OptionsForm(QuestionForm):
    """Options a line each; their ids stay when lines are moved or reworded."""

    most_lines: ClassVar[int] = MAX_OPTIONS
    id_letter: ClassVar[str] = "a"

    options = TextAreaField(_l("Options"), description=_l("One option a line."), render_kw={"rows": 6})

    def show(self, question: Any) -> None:
        super().show(question)
        self.options.data = lines_of([option for option in question.options if not option.exclusive and not option.other])

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"options": self.read_options(question.options)}

    def read_options(self, before: Sequence[Option]) -> list[Option]:
        return read_options(self.options.data or "", self.alone, before, self.id_letter)

    @property
    def alone(self) -> str:
        """The lines of options that stand alone."""
        return ""

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        return check_lines(self.options, self.most_lines) and fits


class AloneForm(OptionsForm):
    exclusive = TextAreaField(
        _l("Options that stand alone"), description=_l("Drawn last, after “or”: for example “no opinion”."), render_kw={"rows": 2}
    )

    def show(self, question: Any) -> None:
        super().show(question)
        self.exclusive.data = lines_of([option for option in question.options if option.exclusive and not option.other])

    @property
    def alone(self) -> str:
        return self.exclusive.data or ""

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        # Too many lines above are one mistake, not two.
        return check_lines(self.exclusive, max(self.most_lines - _count(self.options), 0)) and fits


class SingleForm(AloneForm):
    other = StringField(
        _l("Option with a text of its own"),
        [Length(max=MAX_OPTION)],
        filters=[stripped],
        description=_l("For example “something else”: whoever chooses it writes what it is. Empty: not on offer."),
    )
    shuffle = BooleanField(_l("Another order for each citizen, so that no option is always first"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.other.data = next((option.label for option in question.options if option.other), "")
        self.shuffle.data = question.shuffle

    def read_options(self, before: Sequence[Option]) -> list[Option]:
        label = " ".join((self.other.data or "").split())
        if not label:
            return super().read_options(before)
        found = read_options(f"{self.options.data or ''}\n{label}", self.alone, before, self.id_letter)
        place = _count(self.options)
        stood_alone = any(option.other and option.exclusive for option in before)
        found[place] = msgspec.structs.replace(found[place], other=True, exclusive=stood_alone)
        return found

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"shuffle": bool(self.shuffle.data)}


class MultipleForm(SingleForm):
    min_choices = IntegerField(_l("At least"), [Optional(), NumberRange(1, 300)])
    max_choices = IntegerField(_l("At most"), [Optional(), NumberRange(1, 300)])

    def show(self, question: Any) -> None:
        super().show(question)
        self.min_choices.data, self.max_choices.data = question.min_choices, question.max_choices

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"min_choices": self.min_choices.data, "max_choices": self.max_choices.data}


class YesNoForm(QuestionForm):
    yes_label = StringField(_l("The word for yes"), [Length(max=MAX_OPTION)], filters=[stripped])
    no_label = StringField(_l("The word for no"), [Length(max=MAX_OPTION)], filters=[stripped])
    unknown_label = StringField(
        _l("The word for “I don't know”"), [Length(max=MAX_OPTION)], filters=[stripped], description=_l("Empty: not on offer.")
    )

    def show(self, question: Any) -> None:
        super().show(question)
        self.yes_label.data, self.no_label.data, self.unknown_label.data = question.yes_label, question.no_label, question.unknown_label

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {
            "yes_label": self.yes_label.data or "",
            "no_label": self.no_label.data or "",
            "unknown_label": self.unknown_label.data or "",
        }


class NeighbourhoodForm(AloneForm):
    options = TextAreaField(
        _l("Neighbourhoods"),
        description=_l("One a line. Up to seven are drawn as cards, more as a list to choose from."),
        render_kw={"rows": 8},
    )
    exclusive = TextAreaField(_l("Who lives in none of them chooses"), description=_l("For example “I live elsewhere”."), render_kw={"rows": 1})

    def show(self, question: Any) -> None:
        super().show(question)
        if not question.options:
            self.options.data = "\n".join(_neighbourhoods_below())


class LongListForm(AloneForm):
    most_lines = MOST

    options = TextAreaField(
        _l("Options"),
        description=_l("One a line, up to 2,000. Citizens write a few letters and choose among those found."),
        render_kw={"rows": 10},
    )


class RankingForm(OptionsForm):
    most_lines = MOST_RANKED

    most = IntegerField(
        _l("Places to give"), [Optional(), NumberRange(1, MOST_RANKED)], description=_l("Empty: everything is put in order.")
    )
    shuffle = BooleanField(_l("Another order for each citizen, so that no option is always first"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.most.data, self.shuffle.data = question.most, question.shuffle

    def changes(self, question: Any) -> dict[str, Any]:
        return super().changes(question) | {"most": self.most.data, "shuffle": bool(self.shuffle.data)}


def lines_of(things: Sequence[Any]) -> str:
    return "\n".join(" ".join(each.label.split()) for each in things)


def check_lines(field: Field, most: int) -> bool:
    """Whether a field's lines are few and short enough; if not, the field says so."""
    if any(len(line.strip()) > MAX_OPTION for line in (field.data or "").splitlines()):
        field.errors = [_l("A line is longer than %(limit)s characters.", limit=format_number(MAX_OPTION))]
        return False
    if _count(field) > most:
        field.errors = [_l("There are more than %(limit)s lines.", limit=format_number(most))]
        return False
    return True


def _count(field: Field) -> int:
    return sum(bool(line.strip()) for line in (field.data or "").splitlines())


def _neighbourhoods_below() -> list[str]:
    """The neighbourhoods of the unit the officer looks at: what a new list begins with."""
    actor = known_actor()
    if actor is None:
        return []
    return [node.name for node in actor.units if node.kind == UnitKind.NEIGHBOURHOOD and is_below(node.path, actor.unit.path)]
