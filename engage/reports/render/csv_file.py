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
from surveys.queries import definitions_of_survey, response_documents
from surveys.types import LongText, Multiple, ShortText, Single

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
    columns = [column for asked in asked_questions(definitions) for column in _columns(asked, definitions, report)]
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
    def __init__(self, asked: AskedQuestion, heading: str, *, hidden: bool) -> None:
        super().__init__(asked, heading)
        self._hidden = hidden

    def shown(self, version_id: int, answer: Any) -> Any:
        return _("(hidden until %(count)s answers)", count=MINIMUM) if self._hidden else mask_numbers(answer)


def _columns(asked: AskedQuestion, definitions: dict[int, Definition], report: Report) -> list[_Column]:
    question = asked.newest
    heading = f"{question.label} [{asked.key}]"
    if isinstance(question, Multiple):
        options = [*((option.id, option.label) for option in question.options), *asked.earlier_options]
        offered = {each: _versions_with_option(asked, definitions, each) for each, _label in options}
        return [_PickColumn(asked, f"{question.label}: {label} [{asked.key}.{each}]", each, offered[each]) for each, label in options]
    if isinstance(question, Single):
        labels = dict(asked.earlier_options) | {option.id: option.label for option in question.options}
        return [_LabelColumn(asked, heading, labels)]
    if isinstance(question, ShortText | LongText):
        figures = report.question(asked.key)
        return [_TextColumn(asked, heading, hidden=figures is None or figures.answered < MINIMUM)]
    return [_Column(asked, heading)]


def _versions_with_option(asked: AskedQuestion, definitions: dict[int, Definition], option_id: str) -> frozenset[int]:
    found = []
    for version_id in asked.version_ids:
        question = definitions[version_id].question(asked.newest.id)
        if isinstance(question, Multiple) and option_id in question.option_ids:
            found.append(version_id)
    return frozenset(found)
