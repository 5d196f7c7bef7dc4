"""The columns of a file with one row a response: the same for every format, and stable over all versions of a form. Pure.

A column is one thing that can be said of an answer: the choice of a question, one option of several, one row of a table, one rank. What a
version withdrew keeps its column, marked; a response whose version didn't have it has nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from engage.reports.tally import AskedQuestion, asked_questions
from surveys.definitions import Definition
from surveys.documents import split_by_question
from surveys.types import (
    AnyQuestion,
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Knapsack,
    LongText,
    Matrix,
    Multiple,
    Number,
    Points,
    Ranking,
    ShortText,
    Tally,
    Time,
    YesNo,
    type_of,
)
from surveys.types.ballots import NONE
from surveys.types.choices import OTHER, OneOf
from surveys.types.rating import Scale

Code: TypeAlias = "str | int | float | None"
"""A cell as a program reads it; None where nothing was answered"""
Read: TypeAlias = Callable[[Mapping[str, Any]], Code]


class Kind(StrEnum):
    """What the cells of a column are."""

    CHOICE = "choice"
    """The id of one of `values`"""
    PICK = "pick"
    """1 chosen, 0 not chosen"""
    SCALE = "scale"
    """A point of a scale"""
    NUMBER = "number"
    DATE = "date"
    """ISO, Gregorian"""
    TIME = "time"
    """HH:MM"""
    TEXT = "text"
    """Own words: masked wherever they go"""
    GIVEN = "given"
    """1 where something was given that says who it was"""


@dataclass(frozen=True)
class Value:
    """One thing a cell may hold, and what it is called."""

    code: str
    label: str
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Column:
    """`key` and the order of `values` depend on the questions alone, so that two exports of one survey fit together."""

    key: str
    heading: str
    question_id: str
    question_label: str
    type: str
    number: int
    kind: Kind
    readers: Mapping[int, Read]
    """By version; a version that isn't here didn't have it"""
    values: tuple[Value, ...] = ()
    tally_key: str = ""
    """Of the figures that say how many wrote something, for own words"""
    name: str = ""
    """Where own words stand in a document"""
    is_withdrawn: bool = False
    is_background: bool = False
    """Nobody was asked: a link brought it along"""
    may_be_negative: bool = False
    unit: str = ""
    """Of a number"""


@dataclass
class _Whole:
    """A question over the versions that ask it with the same type, oldest first."""

    key: str
    asked: AskedQuestion
    versions: dict[int, Any] = field(default_factory=dict)

    @property
    def newest(self) -> AnyQuestion:
        return self.asked.newest


def columns_of(definitions: Mapping[int, Definition], *, with_background: bool = True) -> list[Column]:
    """Columns of all versions (oldest first in `definitions`), in the newest form's order; withdrawn questions follow."""
    newest_version = list(definitions)[-1] if definitions else None
    found: list[Column] = []
    for whole in _wholes(definitions):
        is_withdrawn = newest_version not in whole.versions
        for column in _columns(whole):
            gone = is_withdrawn or newest_version not in column.readers
            if with_background or not column.is_background:
                found.append(column if column.is_withdrawn == gone else _withdrawn(column))
    return found


def _withdrawn(column: Column) -> Column:
    return Column(**{**column.__dict__, "is_withdrawn": True})


def _wholes(definitions: Mapping[int, Definition]) -> list[_Whole]:
    wholes: dict[tuple[str, str], _Whole] = {}
    for asked in asked_questions(definitions):
        key = asked.key.removesuffix(f".{asked.part.part}") if asked.part.part else asked.key
        wholes.setdefault((asked.newest.id, type_of(asked.newest)), _Whole(key, asked))
    for version_id, definition in definitions.items():
        for question in definition.questions:
            whole = wholes.get((question.id, type_of(question)))
            if whole is not None:
                whole.versions[version_id] = question
    return list(wholes.values())


def _columns(whole: _Whole) -> Iterator[Column]:
    question = whole.newest
    if isinstance(question, ShortText | LongText):
        yield _column(whole, Kind.TEXT, _text_at(question.id), tally_key=whole.key, name=question.id)
    elif isinstance(question, Multiple | Approval | Knapsack):
        yield from _picks(whole)
        yield from _other(whole)
    elif isinstance(question, OneOf):
        yield _column(whole, Kind.CHOICE, _text_at(question.id), values=_values(whole, lambda each: each.options))
        yield from _other(whole)
    elif isinstance(question, YesNo):
        pairs = {version_id: each.labels.items() for version_id, each in whole.versions.items()}
        yield _column(whole, Kind.CHOICE, _text_at(question.id), values=_values_of(whole, pairs))
    elif isinstance(question, Matrix):
        for row_id, label in _parts(whole, lambda each: each.rows).items():
            having = {version_id for version_id, each in whole.versions.items() if row_id in {row.id for row in each.rows}}
            values = _values(whole, lambda each: each.options)
            yield _part(whole, row_id, label, Kind.CHOICE, _text_at(f"{question.id}.{row_id}"), having, values)
    elif isinstance(question, Ranking | BallotRanking):
        yield from _option_columns(whole, Kind.NUMBER, lambda option_id: _rank_of(question.id, option_id))
    elif isinstance(question, Points):
        yield from _points(whole)
    elif isinstance(question, Scale):
        yield _column(whole, Kind.SCALE, _number_at(question.id), values=_points_of_scale(question))
    elif isinstance(question, Number):
        below = any(each.min is None or each.min < 0 for each in whole.versions.values())
        yield _column(whole, Kind.NUMBER, _number_at(question.id), unit=question.unit, may_be_negative=below)
    elif isinstance(question, Consent):
        yield _column(whole, Kind.GIVEN, _given_at(question.id, "yes"))
    elif isinstance(question, Date | Time):
        yield _column(whole, Kind.DATE if isinstance(question, Date) else Kind.TIME, _text_at(question.id))
    elif question.reveals:
        yield _column(whole, Kind.GIVEN, _given_at(question.id))
    elif isinstance(question, Calculation) and question.tally == Tally.NUMBERS:
        yield _column(whole, Kind.NUMBER, _number_at(question.id), may_be_negative=True)
    else:
        yield from _said_by_type(whole, is_background=isinstance(question, Hidden))


def _column(
    whole: _Whole,
    kind: Kind,
    read: Read,
    *,
    heading: str = "",
    key: str = "",
    having: Iterable[int] | None = None,
    values: tuple[Value, ...] = (),
    tally_key: str = "",
    name: str = "",
    may_be_negative: bool = False,
    unit: str = "",
    is_background: bool = False,
) -> Column:
    question = whole.newest
    return Column(
        key or whole.key,
        heading or question.label,
        question.id,
        question.label,
        type_of(question),
        whole.asked.number,
        kind,
        dict.fromkeys(whole.versions if having is None else having, read),
        values,
        tally_key,
        name,
        may_be_negative=may_be_negative,
        unit=unit,
        is_background=is_background,
    )


def _part(whole: _Whole, part: str, label: str, kind: Kind, read: Read, having: Iterable[int], values: tuple[Value, ...] = ()) -> Column:
    between = ": " if isinstance(whole.newest, Multiple) else " · "
    heading = f"{whole.newest.label}{between}{label}"
    return _column(whole, kind, read, heading=heading, key=f"{whole.key}.{part}", having=having, values=values)


# -- values and parts over versions ------------------------------------------------------------------------------------


def _parts(whole: _Whole, things: Callable[[Any], Iterable[Any]]) -> dict[str, str]:
    """id → label of all things any version had, the newest form's first."""
    found: dict[str, str] = {}
    for question in reversed(whole.versions.values()):
        for thing in things(question):
            found.setdefault(thing.id, thing.label)
    return found


def _values(whole: _Whole, things: Callable[[Any], Iterable[Any]]) -> tuple[Value, ...]:
    return _values_of(
        whole, {version_id: [(thing.id, thing.label) for thing in things(each)] for version_id, each in whole.versions.items()}
    )


def _values_of(whole: _Whole, pairs: Mapping[int, Iterable[tuple[str, str]]]) -> tuple[Value, ...]:
    """In the order in which versions brought them, oldest first: a code keeps its place when a later version adds or drops another."""
    newest = dict(pairs[list(whole.versions)[-1]])
    labels: dict[str, str] = {}
    for version_id in whole.versions:
        for code, label in pairs[version_id]:
            labels[code] = label
    return tuple(Value(code, newest.get(code, label), code not in newest) for code, label in labels.items())


def _options_of(question: Any) -> list[Any]:
    return list(question.options)


def _option_columns(whole: _Whole, kind: Kind, read_of: Callable[[str], Read]) -> Iterator[Column]:
    for option_id, label in _parts(whole, _options_of).items():
        having = [version_id for version_id, each in whole.versions.items() if option_id in {option.id for option in each.options}]
        yield _part(whole, option_id, label, kind, read_of(option_id), having)


def _picks(whole: _Whole) -> Iterator[Column]:
    question_id = whole.newest.id

    def read_of(option_id: str) -> Read:
        def read(answers: Mapping[str, Any]) -> Code:
            chosen = answers.get(question_id)
            return int(option_id in chosen) if type(chosen) is list else None

        return read

    return _option_columns(whole, Kind.PICK, read_of)


def _points(whole: _Whole) -> Iterator[Column]:
    question_id = whole.newest.id
    names = [question_id, *(f"{question_id}.{option_id}" for option_id in _parts(whole, _options_of))]

    def read_of(option_id: str) -> Read:
        name = f"{question_id}.{option_id}"

        def read(answers: Mapping[str, Any]) -> Code:
            if option_id == NONE and answers.get(question_id) is not None:
                return int(answers[question_id] == NONE)
            given = answers.get(name)
            if given is None and any(each in answers for each in names):
                return 0
            return given if type(given) in (int, float) else None

        return read

    return _option_columns(whole, Kind.NUMBER, read_of)


def _points_of_scale(question: Scale) -> tuple[Value, ...]:
    points = [int(option.id) for option in question.tallies()[0].options]
    ends = {points[0]: question.low_label, points[-1]: question.high_label} if points else {}
    return tuple(Value(str(point), label) for point, label in ends.items() if label)


def _other(whole: _Whole) -> Iterator[Column]:
    """What people wrote for «other»."""
    options = {version_id: getattr(each, "other_option", None) for version_id, each in whole.versions.items()}
    having = {version_id: option for version_id, option in options.items() if option is not None}
    if having:
        key, name = f"{whole.key}.{OTHER}", f"{whole.newest.id}.{OTHER}"
        heading = f"{whole.newest.label} · {list(having.values())[-1].label}"
        yield _column(whole, Kind.TEXT, _text_at(name), heading=heading, key=key, having=having, tally_key=key, name=name)


def _said_by_type(whole: _Whole, *, is_background: bool) -> Iterator[Column]:
    """The columns a type says itself."""
    readers: dict[str, dict[int, Read]] = {}
    headings: dict[str, str] = {}
    for version_id, question in reversed(whole.versions.items()):
        for place, column in enumerate(question.columns()):
            headings.setdefault(column.key, column.heading)
            readers.setdefault(column.key, {})[version_id] = _cell_of(question, place)
    for key, words in headings.items():
        own = key.replace(whole.newest.id, whole.key, 1)
        made = _column(
            whole, Kind.TEXT, _nothing, heading=words, key=own, tally_key=whole.key, is_background=is_background, name=whole.newest.id
        )
        yield Column(**{**made.__dict__, "readers": dict(sorted(readers[key].items()))})


# -- readers -----------------------------------------------------------------------------------------------------------


def _nothing(answers: Mapping[str, Any]) -> Code:
    return None


def _text_at(name: str) -> Read:
    def read(answers: Mapping[str, Any]) -> Code:
        value = answers.get(name)
        return value if type(value) is str else None

    return read


def _number_at(name: str) -> Read:
    def read(answers: Mapping[str, Any]) -> Code:
        value = answers.get(name)
        return value if type(value) in (int, float) else None

    return read


def _given_at(name: str, wanted: str = "") -> Read:
    def read(answers: Mapping[str, Any]) -> Code:
        value = answers.get(name)
        return 1 if value and (not wanted or value == wanted) else None

    return read


def _rank_of(question_id: str, option_id: str) -> Read:
    def read(answers: Mapping[str, Any]) -> Code:
        order = answers.get(question_id)
        return order.index(option_id) + 1 if type(order) is list and option_id in order else None

    return read


def _cell_of(question: Any, place: int) -> Read:
    def read(answers: Mapping[str, Any]) -> Code:
        entries = split_by_question(answers).get(question.id, {})
        cells: list[Code] = question.cells(entries)
        return cells[place]

    return read
