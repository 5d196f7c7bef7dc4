"""CSV: one row a response, one stable column a question (or option), labels as people read them; no number, no name, no hour."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, BinaryIO

from flask_babel import gettext as _

from engage.clock import TEHRAN
from engage.persian import format_jalali_short, to_latin_digits
from engage.reports.content import Report
from engage.reports.masking import mask_numbers
from engage.reports.tally import MINIMUM, AskedQuestion, asked_questions
from surveys.definitions import Definition
from surveys.documents import split_by_question
from surveys.queries import definitions_of_survey, response_documents
from surveys.types import LongText, Multiple, Nps, Number, Rating, ShortText, type_of
from surveys.types.choices import OTHER, OneOf

BOM = "\ufeff"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(report: Report, target: BinaryIO) -> None:
    """Everything into `target`, in UTF-8 with a byte order mark; memory doesn't grow with the number of responses."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    try:
        text.write(BOM)
        writer = csv.writer(text)
        for row in _rows(report):
            writer.writerow([safe(cell) for cell in row])
    finally:
        text.detach()


def safe(cell: Any) -> Any:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) or cell.lstrip().startswith(_STARTS_FORMULA[:4]) else cell


def _rows(report: Report) -> Iterator[Sequence[Any]]:
    definitions = definitions_of_survey(report.survey_id)
    wholes = list({(each.newest.id, type_of(each.newest)): each for each in reversed(asked_questions(definitions))}.values())[::-1]
    columns = [column for asked in wholes for column in _columns(asked, definitions, report)]
    numbers = {version_id: place for place, version_id in enumerate(definitions, 1)}
    yield [_("Row"), _("Day"), _("Form version"), *(column.heading for column in columns)]
    days: dict[date, str] = {}
    for place, document in enumerate(response_documents(report.survey_id), 1):
        date_ = document.submitted_at.astimezone(TEHRAN).date()
        day = days.get(date_) or days.setdefault(date_, to_latin_digits(format_jalali_short(date_)))
        yield [place, day, numbers[document.version_id], *(column.cell(document.version_id, document.answers) for column in columns)]


class _Column:
    """One column over all versions; blank for responses whose version didn't ask it."""

    def __init__(self, asked: AskedQuestion, heading: str) -> None:
        self.heading = heading
        self._id = asked.newest.id
        self._versions = frozenset(asked.version_ids)

    def cell(self, version_id: int, answers: dict[str, Any]) -> Any:
        if version_id not in self._versions or self._id not in answers:
            return ""
        return self.shown(version_id, answers[self._id])

    def shown(self, version_id: int, answer: Any) -> Any:
        return answer


class _LabelColumn(_Column):
    def __init__(self, asked: AskedQuestion, heading: str, labels: dict[str, str]) -> None:
        super().__init__(asked, heading)
        self._labels = labels

    def shown(self, version_id: int, answer: Any) -> Any:
        return self._labels.get(answer, answer)


class _PickColumn(_Column):
    """1 chosen, 0 not chosen, blank where the version had no such option."""

    def __init__(self, asked: AskedQuestion, heading: str, option_id: str, offered: frozenset[int]) -> None:
        super().__init__(asked, heading)
        self._option_id = option_id
        self._versions = offered

    def shown(self, version_id: int, answer: Any) -> Any:
        return int(self._option_id in answer)


class _TextColumn(_Column):
    def __init__(self, asked: AskedQuestion, heading: str, *, hidden: bool, name: str = "") -> None:
        super().__init__(asked, heading)
        self._id = name or self._id
        self._hidden = hidden

    def shown(self, version_id: int, answer: Any) -> Any:
        return _("(hidden until %(count)s answers)", count=MINIMUM) if self._hidden else mask_numbers(answer)


class _TypeColumns:
    """The columns a type says itself, over all versions; one answer is taken apart once for all of them."""

    def __init__(self, question_id: str, type_name: str, definitions: dict[int, Definition]) -> None:
        self._id = question_id
        found = {version_id: definition.question(question_id) for version_id, definition in definitions.items()}
        self._questions = {version_id: each for version_id, each in found.items() if each is not None and type_of(each) == type_name}
        self._keys = {version_id: [column.key for column in each.columns()] for version_id, each in self._questions.items()}
        self._last: tuple[dict[str, Any] | None, dict[str, Any]] = (None, {})

    def headings(self) -> dict[str, str]:
        """Headings by key, those of the newest version first."""
        return {column.key: column.heading for each in reversed(self._questions.values()) for column in each.columns()}

    def cell(self, version_id: int, answers: dict[str, Any], key: str) -> Any:
        if self._last[0] is not answers:
            self._last = (answers, self._cells(version_id, answers))
        return self._last[1].get(key, "")

    def _cells(self, version_id: int, answers: dict[str, Any]) -> dict[str, Any]:
        question = self._questions.get(version_id)
        if question is None:
            return {}
        entries = split_by_question(answers).get(self._id, {})
        cells = question.cells(entries)
        return {key: "" if cell is None else cell for key, cell in zip(self._keys[version_id], cells, strict=True)}


class _TypeColumn(_Column):
    """One of a type's own columns."""

    def __init__(self, asked: AskedQuestion, heading: str, of_type: _TypeColumns, key: str) -> None:
        super().__init__(asked, heading)
        self._of_type, self._key = of_type, key

    def cell(self, version_id: int, answers: dict[str, Any]) -> Any:
        return self._shown(self._of_type.cell(version_id, answers, self._key))

    def _shown(self, cell: Any) -> Any:
        return mask_numbers(cell) if isinstance(cell, str) else cell


class _GivenColumn(_TypeColumn):
    """1 where something was given that says who it was: a phone number, a national id, a file."""

    def _shown(self, cell: Any) -> Any:
        return "" if cell == "" else 1


def _columns(asked: AskedQuestion, definitions: dict[int, Definition], report: Report) -> list[_Column]:
    question = asked.newest
    heading = f"{question.label} [{_key(asked)}]"
    if isinstance(question, ShortText | LongText):
        return [_TextColumn(asked, heading, hidden=_is_hidden(report, asked.key))]
    if isinstance(question, Multiple):
        earlier = _every_option(asked, definitions)
        return [
            *(
                _PickColumn(
                    asked, f"{question.label}: {label} [{_key(asked)}.{each}]", each, _versions_with_option(asked, definitions, each)
                )
                for each, label in earlier.items()
            ),
            *_other_columns(asked, report),
        ]
    if isinstance(question, OneOf):
        return [_LabelColumn(asked, heading, _every_option(asked, definitions)), *_other_columns(asked, report)]
    if isinstance(question, Rating | Number | Nps):
        return [_Column(asked, heading)]
    of_type = _TypeColumns(question.id, type_of(question), definitions)
    kind = _GivenColumn if question.reveals else _TypeColumn
    return [kind(asked, f"{words} [{key.replace(question.id, _key(asked), 1)}]", of_type, key) for key, words in of_type.headings().items()]


def _key(asked: AskedQuestion) -> str:
    """The key of the whole question."""
    return asked.key.removesuffix(f".{asked.part.part}") if asked.part.part else asked.key


def _is_hidden(report: Report, key: str) -> bool:
    figures = report.question(key)
    return figures is None or figures.answered < MINIMUM


def _every_option(asked: AskedQuestion, definitions: dict[int, Definition]) -> dict[str, str]:
    """Labels of all options any version had, the newest form's first."""
    found: dict[str, str] = {}
    for version_id in reversed(asked.version_ids):
        question = definitions[version_id].question(asked.newest.id)
        for option in getattr(question, "options", ()):
            found.setdefault(option.id, option.label)
    return found


def _other_columns(asked: AskedQuestion, report: Report) -> list[_Column]:
    """What people wrote for «other»."""
    option = getattr(asked.newest, "other_option", None)
    if option is None:
        return []
    key = f"{_key(asked)}.{OTHER}"
    words = f"{asked.newest.label} · {option.label} [{key}]"
    return [_TextColumn(asked, words, hidden=_is_hidden(report, key), name=f"{asked.newest.id}.{OTHER}")]


def _versions_with_option(asked: AskedQuestion, definitions: dict[int, Definition], option_id: str) -> frozenset[int]:
    found = []
    for version_id in asked.version_ids:
        question = definitions[version_id].question(asked.newest.id)
        if isinstance(question, Multiple) and option_id in question.option_ids:
            found.append(version_id)
    return frozenset(found)
