"""What every question type says about itself: its definition, how input is read, how it is drawn, counted and exported.

Pure. Sentences for citizens are made by the caller's translator `_`, so that the English sources stand beside what they explain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import msgspec
from markupsafe import Markup

from engage.persian import format_jalali, format_number, to_persian_digits
from surveys.logic.kinds import Kind, Name

Answer: TypeAlias = "str | list[str] | int | float"
"""One value of a stored document."""
Given: TypeAlias = Mapping[str, Sequence[str]]
"""What a form sent for one question, or is to show: raw values by part. The part "" is the field named as the question; any other
part `x` of question `q` is the field `q.x`."""
Entries: TypeAlias = "dict[str, Answer]"
"""What one question adds to a stored document, by part: "" lies under the question's id, `x` under `id.x`. Empty: not answered."""
Translate: TypeAlias = Callable[..., str]

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
MAX_LABEL = 500
MAX_HINT = 500
MAX_OPTION = 300
MAX_OPTIONS = 300
MAX_EXPRESSION = 1000
MAX_SKIPS = 20


class Tally(StrEnum):
    """How reports count a question."""

    CHOICES = "choices"
    """One count per option; a person may be in several."""
    SCALE = "scale"
    """One count per point, and a mean."""
    RANKS = "ranks"
    """An order: how often each option stands at which place."""
    NUMBERS = "numbers"
    TEXTS = "texts"


class DefinitionProblem(ValueError):
    """A definition can't be taken: `code`, and where (`place` is a question's id or "")."""

    def __init__(self, code: str, place: str = "") -> None:
        super().__init__(f"{code} at {place}" if place else code)
        self.code = code
        self.place = place


class AnswerProblem(ValueError):
    """What was typed or chosen isn't an answer to this question. `code` and `params` are explained by the type."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Column:
    """One column of an export: its key, unique within the question, and its heading."""

    key: str
    heading: str


@dataclass(frozen=True)
class PartTally:
    """One thing reports count: a part of the answer, what it is called, how it is counted, and for choices, ranks and points what there is.

    Points of a scale are options whose ids are the points as text.
    """

    part: str
    label: str
    tally: Tally
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """What a control needs to be drawn: what was typed before, and the attributes that lead a screen reader to hint and error."""

    given: Given = field(default_factory=dict)
    is_bad: bool = False
    described_by: str = ""
    seed: int = 0
    """What shuffled options are ordered by (0-15: so many orders of a page are kept ready)."""
    translate: Translate = field(default=lambda text, **params: text % params if params else text)

    def only(self, part: str = "") -> str:
        """What a control with one value shows."""
        return next(iter(self.given.get(part, ())), "")

    def attributes(self, *, first: bool = True) -> Markup:
        """aria attributes for a control; within a group only the first one carries them."""
        if not first:
            return Markup("")
        bad = Markup(' aria-invalid="true"') if self.is_bad else Markup("")
        told = Markup(' aria-describedby="%s"') % self.described_by if self.described_by else Markup("")
        return bad + told


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to choose. An exclusive one («نظری ندارم») can't be chosen together with others; with `other` («موارد دیگر») the
    citizen writes what is meant."""

    id: str
    label: str
    exclusive: bool = False
    other: bool = False


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """After this answer, where `when` holds, on to the question `to` ("": to the end)."""

    when: str
    to: str = ""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """One question of a survey. Subclasses are its types; each lives in its own file and is listed in `surveys.types`.

    A type whose value follows from earlier answers has a field `formula`, an expression, and `entries_of(value)`, what is stored for its value: the walk through a
    questionnaire (`surveys.flow`) fills it in, nobody is asked.
    """

    is_group: ClassVar[bool] = True
    """Drawn as a fieldset of several controls rather than one labelled input."""
    tally: ClassVar[Tally]
    parts: ClassVar[tuple[str, ...]] = ()
    """Parts of the citizen stylesheet this type needs."""
    asks: ClassVar[bool] = True
    """Whether a citizen is asked something here: it is numbered, counted, and may be required."""
    reveals: ClassVar[bool] = False
    """The answer may say who gave it (own words, numbers, files): erased with a person, masked where many may read."""
    takes_files: ClassVar[bool] = False
    """The page sends a file beside the form's values: its form must be multipart, and the caller stores the file (`surveys.uploads`)."""
    weight: ClassVar[int] = 1
    """How much room it takes: pages are cut where more than seven come together. A type that wants a page of its own says 7, one that
    isn't drawn at all (a hidden field, a calculation) 0."""

    text_fields: ClassVar[tuple[str, ...]] = ("label", "hint", "valid_message")
    """Fields that hold a text for readers, in the question itself and in the things it lists; a type with more of them names them all."""

    id: str
    label: str
    hint: str = ""
    required: bool = False
    new_page: bool = False
    """Begins a page."""
    show_if: str = ""
    """An expression of `surveys.logic` over earlier questions; empty: always shown."""
    required_if: str = ""
    """Required where this holds, besides `required`."""
    valid_if: str = ""
    """Must hold for an answer that was given; may name this question, too."""
    valid_message: str = ""
    """What the citizen is told where `valid_if` doesn't hold."""
    skips: list[Skip] = []
    """The first one that holds leads on to a later question; those between are not asked."""

    # -- the definition ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise DefinitionProblem when no form could be made of this."""
        if not ID_PATTERN.fullmatch(self.id):
            raise DefinitionProblem("question_id_malformed", self.id[:40])
        check_text(self.label, MAX_LABEL, self.id)
        check_text(self.hint, MAX_HINT, self.id)
        check_text(self.valid_message, MAX_HINT, self.id)
        for expression in (self.show_if, self.required_if, self.valid_if, *(skip.when for skip in self.skips)):
            check_text(expression, MAX_EXPRESSION, self.id)
        if len(self.skips) > MAX_SKIPS:
            raise DefinitionProblem("too_many_skips", self.id)

    def gaps(self) -> list[str]:
        """Codes of what must still be filled in or mended before this can be published."""
        return [] if self.label.strip() else ["question_without_label"]

    def warnings(self) -> list[str]:
        """Codes of what an officer should think over before publishing; nothing keeps them from it."""
        return []

    # -- answers -------------------------------------------------------------------------------------------------------

    def read(self, given: Given) -> Entries:
        """The answer in a form's raw values, empty when nothing was answered; AnswerProblem when it is none.

        Whether an answer is required is the caller's to check: it may depend on other answers.
        """
        raise NotImplementedError

    def protected(self, entries: Entries, protect: Callable[[str], str]) -> Entries:
        """The entries as they may be stored. `protect` makes a keyed digest of a text; types that must not be readable use it.

        Doing it twice changes nothing.
        """
        return entries

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        """Whether stored, not empty entries satisfy this definition, whoever wrote them. They are `protected`."""
        raise NotImplementedError

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        """Form values that `read` turns into these entries again."""
        raise NotImplementedError

    def names(self) -> dict[str, Name]:
        """What expressions may say of the answer: the kind of each part."""
        raise NotImplementedError

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        """The answer as a sentence may carry it («{q1}» in a later question): plain text in one line, empty where nothing was answered.

        This covers options, numbers, texts, yes and no, dates and times by the kinds of `names`; a type overrides it where its answer
        reads otherwise (stars, a sum of money, «other» in own words).
        """
        labels = {option.id: option.label for option in getattr(self, "options", ())}
        return "، ".join(filter(None, (_spoken_value(self.names().get(part), value, labels, _) for part, value in entries.items())))

    # -- texts ---------------------------------------------------------------------------------------------------------

    def texts(self) -> dict[str, str]:
        """What a reader sees of this question and another language says otherwise, by place: "label", "options.a1", "rows.r1".

        Found by itself: the fields named in `text_fields`, and those of the things in lists (options, rows, projects) that have an id.
        """
        return {place: text for place, text in _texts_of(self, self.text_fields) if text}

    def with_texts(self, texts: Mapping[str, str]) -> Self:
        """The same question saying these texts; a place that isn't named, or is named with nothing, stays as it is."""
        return _with_texts(self, self.text_fields, texts)

    # -- the page ------------------------------------------------------------------------------------------------------

    @property
    def first_control(self) -> str:
        """The HTML id an error leads to."""
        return self.id

    def instruction(self, _: Translate) -> str:
        """What the reader must know before answering (limits), or nothing."""
        return ""

    def draw(self, drawn: Drawn) -> Markup:
        """The controls, without label, hint and error."""
        raise NotImplementedError

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        """A problem in a few words for the summary, and in full for the place itself."""
        if problem.code == "answer_missing":
            return self.explain_missing(_)
        if problem.code == "several_answers":
            return _("more than one answer arrived"), _("More than one answer arrived for this question. Please answer it again.")
        if problem.code == "condition_unmet":
            return _("this answer doesn't fit"), self.valid_message or _("This answer doesn't fit. Please look at it again.")
        return _("this answer can't be read"), _("This answer can't be read. Please answer it again.")

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write your answer"), _("Please write your answer.")

    # -- reports -------------------------------------------------------------------------------------------------------

    def columns(self) -> list[Column]:
        return [Column(self.id, self.label)]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        """The values of `columns` for one answer as a reader wants them, None where nothing was answered."""
        raise NotImplementedError

    def codes(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        """The values of `columns` for one answer as stored (ids of options instead of labels), for programs."""
        return self.cells(entries)

    def tallies(self) -> list[PartTally]:
        """What reports count of this question, in the order of the page; one thing unless its parts are counted by themselves."""
        return [PartTally("", self.label, self.tally, tuple(getattr(self, "options", ())))]

    def reveals_in(self, part: str) -> bool:
        """Whether this part of an answer may say who gave it; see `reveals`."""
        return self.reveals


_Texts = TypeVar("_Texts", bound=msgspec.Struct)


def _texts_of(thing: msgspec.Struct, fields: tuple[str, ...], place: str = "") -> Iterator[tuple[str, str]]:
    """A thing's label lies under the thing's own place, its other texts under `place.field`."""
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if name in fields and isinstance(value, str):
            yield (place + name if not place else place if name == "label" else f"{place}.{name}"), value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, msgspec.Struct) and (item_id := getattr(item, "id", "")):
                    yield from _texts_of(item, fields, f"{place}.{name}.{item_id}" if place else f"{name}.{item_id}")


def _with_texts(thing: _Texts, fields: tuple[str, ...], texts: Mapping[str, str], place: str = "") -> _Texts:
    changes: dict[str, Any] = {}
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if name in fields and isinstance(value, str):
            new = texts.get(place + name if not place else place if name == "label" else f"{place}.{name}", "")
            if value and new.strip():
                changes[name] = new
        elif isinstance(value, list) and value and isinstance(value[0], msgspec.Struct) and hasattr(value[0], "id"):
            changes[name] = [_with_texts(item, fields, texts, f"{place}.{name}.{item.id}" if place else f"{name}.{item.id}") for item in value]
    return msgspec.structs.replace(thing, **changes) if changes else thing


def _spoken_value(name: Name | None, value: Any, labels: Mapping[str, str], _: Translate) -> str:
    """One stored value as a reader says it."""
    if isinstance(value, list):
        return "، ".join(filter(None, (_spoken_value(name, each, labels, _) for each in value)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if not isinstance(value, str):
        return format_number(value) if isinstance(value, int) or math.isfinite(value) else ""
    kind = name.kind if name else Kind.TEXT
    if kind in (Kind.CHOICE, Kind.CHOICES):
        return labels.get(value, "")
    if kind is Kind.TRUTH:
        return {"yes": _("yes"), "no": _("no")}.get(value, "")
    if kind is Kind.DATE:
        try:
            return format_jalali(date.fromisoformat(value))
        except ValueError:
            return ""
    if kind is Kind.TIME:
        return to_persian_digits(value)
    return " ".join(value.split())


def check_text(text: str, limit: int, place: str) -> None:
    """DefinitionProblem for a text that is too long or that PostgreSQL can't hold faithfully."""
    if len(text) > limit:
        raise DefinitionProblem("definition_text_too_long", place)
    if not is_storable(text):
        raise DefinitionProblem("definition_text_unreadable", place)


def is_storable(text: str) -> bool:
    """False for NUL and half characters (lone surrogates), which neither JSONB nor UTF-8 can carry."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def only_value(given: Given, part: str = "") -> str:
    """The one value of a control that has one; AnswerProblem when a forged form sends several different ones."""
    values = given.get(part, ())
    distinct = set(values)
    if len(distinct) > 1:
        raise AnswerProblem("several_answers")
    return values[0] if values else ""


def spoken(number: int | float) -> str:
    return format_number(number)
