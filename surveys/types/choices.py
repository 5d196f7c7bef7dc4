"""What the choosing types share: options, their order, the text of «other», and how they are drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import (
    ID_PATTERN,
    MAX_OPTION,
    MAX_OPTIONS,
    AnswerProblem,
    Column,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Option,
    Question,
    Tally,
    Translate,
    check_text,
    is_storable,
    only_value,
    spoken,
)

OTHER = "other"
"""The part that holds what «other» means."""
MAX_OTHER = 200
MANY = 15
"""Beyond so many options their cards are drawn smaller."""

Cell = str | int | float | None


class Labelled(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...


_Thing = TypeVar("_Thing", bound=Labelled)


class Choosing(Question, frozen=True, kw_only=True):
    """A question with options."""

    most_options: ClassVar[int] = MAX_OPTIONS
    may_have_other: ClassVar[bool] = True
    may_have_exclusive: ClassVar[bool] = True

    options: list[Option] = []

    def check(self) -> None:
        super().check()
        check_list(self.options, self.most_options, self.id)
        others = sum(option.other for option in self.options)
        if others > 1:
            raise DefinitionProblem("other_option_repeated", self.id)
        if (others and not self.may_have_other) or (not self.may_have_exclusive and any(option.exclusive for option in self.options)):
            raise DefinitionProblem("option_flag_unfit", self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        labels = [option.label.strip() for option in self.options]
        if sum(not option.exclusive for option in self.options) < 2:
            found.append("too_few_options")
        if not all(labels):
            found.append("option_without_label")
        if len(set(labels)) < len(labels):
            found.append("option_label_repeated")
        return found

    @property
    def option_ids(self) -> list[str]:
        return [option.id for option in self.options]

    @property
    def labels(self) -> dict[str, str]:
        return {option.id: option.label for option in self.options}

    @property
    def is_shuffled(self) -> bool:
        return bool(getattr(self, "shuffle", False))

    @property
    def drawn_options(self) -> list[Option]:
        """«Other» comes after the options, those that stand alone at the very end, after «یا»."""
        return self.ordered(0)

    def ordered(self, seed: int) -> list[Option]:
        """The options as this order of the page has them: shuffled ones by the seed, «other» and those that stand alone last."""
        free = [option for option in self.options if not option.exclusive and not option.other]
        if self.is_shuffled:
            free = shuffled(free, seed, self.id)
        last = sorted((option for option in self.options if option.exclusive or option.other), key=lambda option: option.exclusive)
        return free + last

    @property
    def other_option(self) -> Option | None:
        return next((option for option in self.options if option.other), None)

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        many = ("many",) if len(self.options) > MANY else ()
        return (*many, "other") if self.other_option else many

    def reveals_in(self, part: str) -> bool:
        return self.reveals or part == OTHER

    @property
    def first_control(self) -> str:
        first = self.drawn_options[:1]
        return control_id(self, first[0], 0) if first else self.id

    def known(self, values: Sequence[str]) -> list[str]:
        """The chosen ids in the order of the definition; AnswerProblem for one that isn't on offer."""
        chosen = {value for value in values if value}
        if not chosen <= set(self.option_ids):
            raise AnswerProblem("option_unknown")
        return [each for each in self.option_ids if each in chosen]

    # -- «other» -------------------------------------------------------------------------------------------------------

    def read_other(self, chosen: list[str], given: Given) -> tuple[list[str], Entries]:
        """What was chosen, and the text of «other» where it was; a text with nothing chosen says that «other» is meant.

        Beside another choice the text doesn't count: its field is shown to those only who chose «other».
        """
        option = self.other_option
        if option is None:
            return chosen, {}
        text = " ".join(only_value(given, OTHER).split()) if chosen in ([], [option.id]) or option.id in chosen else ""
        if not chosen and text:
            chosen = [option.id]
        if option.id not in chosen:
            return chosen, {}
        if not text:
            raise AnswerProblem("other_missing", option=option.id)
        if not is_storable(text):
            raise AnswerProblem("other_unreadable")
        if len(text) > MAX_OTHER:
            raise AnswerProblem("other_too_long", count=len(text), limit=MAX_OTHER)
        return chosen, {OTHER: text}

    def accepts_other(self, chosen: Sequence[str], entries: Mapping[str, Any]) -> bool:
        """Whether the parts besides "" are those this choice needs."""
        option = self.other_option
        if option is None or option.id not in chosen:
            return set(entries) == {""}
        text = entries.get(OTHER)
        if set(entries) != {"", OTHER} or not isinstance(text, str) or not text or len(text) > MAX_OTHER:
            return False
        return text == " ".join(text.split()) and is_storable(text)

    def other_names(self) -> dict[str, Name]:
        return {OTHER: Name(Kind.TEXT)} if self.other_option else {}

    def other_columns(self) -> list[Column]:
        # No option's id has a dot, so this key is nobody else's.
        option = self.other_option
        return [Column(f"{self.id}.{OTHER}.text", f"{self.label} · {option.label}")] if option else []

    def other_cells(self, entries: Mapping[str, Any]) -> list[Cell]:
        text = entries.get(OTHER)
        return [text if isinstance(text, str) else None] if self.other_option else []

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        """Labels; instead of «other», what it means."""
        if "" not in entries:
            return super().in_words(entries, _)
        value, text, labels = entries[""], entries.get(OTHER), self.labels
        if self.other_option and isinstance(text, str) and text:
            labels |= {self.other_option.id: text}
        return "، ".join(filter(None, (labels.get(each, "") for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))))

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "other_missing":
            label = self.labels.get(problem.params.get("option", ""), "")
            return _("write what you mean"), _("You have chosen “%(option)s”. Please write what you mean.", option=label)
        if problem.code == "other_unreadable":
            return _("the text has an unreadable character"), _("There is a character in this text that can't be stored. Please type it again.")
        if problem.code == "other_too_long":
            count, limit = spoken(problem.params["count"]), spoken(problem.params["limit"])
            return _("the text is too long"), _("Your text has %(count)s characters; the most is %(limit)s. Please shorten it.", count=count, limit=limit)
        return super().explain(problem, _)


class OneOf(Choosing, frozen=True, kw_only=True):
    """A question answered with one of its options. Stored: the option's id; besides, in the part "other", what «other» means."""

    tally: ClassVar[Tally] = Tally.CHOICES

    def read(self, given: Given) -> Entries:
        chosen, other = self.read_other(self.known(given.get("", ())), given)
        if len(chosen) > 1:
            raise AnswerProblem("several_answers")
        return {"": chosen[0], **other} if chosen else {}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return isinstance(answer, str) and answer in self.option_ids and self.accepts_other([answer], entries)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {part: [str(value)] for part, value in entries.items()}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICE, frozenset(self.option_ids)), **self.other_names()}

    def draw(self, drawn: Drawn) -> Markup:
        return draw_cards(self, "radio", drawn)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "option_unknown":
            return _("choose one of the options"), _("The chosen option isn't on offer any more. Please choose one of these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the options"), _("Please choose one of the options.")

    def columns(self) -> list[Column]:
        return [*super().columns(), *self.other_columns()]

    def cells(self, entries: Mapping[str, Any]) -> list[Cell]:
        answer = entries.get("")
        return [self.labels.get(answer) if isinstance(answer, str) else None, *self.other_cells(entries)]

    def codes(self, entries: Mapping[str, Any]) -> list[Cell]:
        answer = entries.get("")
        return [answer if isinstance(answer, str) else None, *self.other_cells(entries)]


def check_list(things: Sequence[Labelled], most: int, place: str) -> None:
    """DefinitionProblem for options or rows that are too many, or whose ids or labels can't be used."""
    if len(things) > most:
        raise DefinitionProblem("too_many_options" if most == MAX_OPTIONS else "list_too_long", place)
    seen: set[str] = set()
    for each in things:
        if not ID_PATTERN.fullmatch(each.id):
            raise DefinitionProblem("option_id_malformed", place)
        if each.id in seen:
            raise DefinitionProblem("option_id_repeated", place)
        seen.add(each.id)
        check_text(each.label, MAX_OPTION, place)


def shuffled(things: Sequence[_Thing], seed: int, salt: str) -> list[_Thing]:
    """The things in an order of their own for each seed, always the same for the same one.

    Over as many seeds as there are things each stands once at every place and, where their number is even, once behind every other
    (a Williams square): sixteen orders drawn by lot would favour some.
    """
    count = len(things)
    if count < 2:
        return list(things)
    block, turn = divmod(seed, count)
    base = sorted(things, key=lambda each: hashlib.sha256(f"{salt}\0{block}\0{each.id}".encode()).digest())
    zigzag = [place // 2 if place % 2 == 0 else count - (place + 1) // 2 for place in range(count)]
    return [base[(place + turn) % count] for place in zigzag]


def control_id(question: Choosing, option: Option, place: int) -> str:
    """The HTML id of an option's control. Where options are shuffled it goes by the place, so that errors lead to the first one drawn."""
    return f"{question.id}.{place}" if question.is_shuffled else f"{question.id}.{option.id}"


def draw_cards(question: Choosing, kind: str, drawn: Drawn, options: Sequence[Option] | None = None) -> Markup:
    """A card an option; `options` are those to be drawn, in order, if not all of the question's."""
    chosen = set(drawn.given.get("", ()))
    options = question.ordered(drawn.seed) if options is None else options
    pieces = []
    for index, option in enumerate(options):
        if option.exclusive and index and not options[index - 1].exclusive:
            pieces.append(Markup('<p class="or">%s</p>') % drawn.translate("or"))
        control = control_id(question, option, index)
        pieces.append(
            Markup('<div class="o"><input type="%s" id="%s" name="%s" value="%s"%s%s><label for="%s">%s</label>%s</div>')
            % (
                Markup(kind),
                control,
                question.id,
                option.id,
                Markup(" checked") if option.id in chosen else "",
                drawn.attributes(first=index == 0),
                control,
                option.label,
                _draw_other(question, option, drawn) if option.other else "",
            )
        )
    cards = Markup("\n").join(pieces)
    return Markup('<div class="k">\n%s\n</div>') % cards if len(options) > MANY else cards


def _draw_other(question: Choosing, option: Option, drawn: Drawn) -> Markup:
    """The text field of «other»: it shows while its option is chosen, by the stylesheet alone."""
    return Markup('<p class="ot"><label for="%s:other">%s</label><input class="t" id="%s:other" name="%s.%s" maxlength="%s" autocomplete="off" value="%s"></p>') % (
        question.id,
        drawn.translate("Write what you mean by “%(option)s”:", option=option.label),
        question.id,
        question.id,
        OTHER,
        MAX_OTHER * 2,
        drawn.only(OTHER),
    )
