"""A survey's answers as a sheet: which columns, what may stand in them, and the rows as they come from the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _

from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.exporting.cells import NOTHING, Cell, Show, code_of, jalali_day, label_of, makers_of, safe
from engage.reports.exporting.columns import Column, Kind, columns_of
from engage.reports.tally import MINIMUM
from surveys.definitions import Definition
from surveys.queries import definitions_of_survey, get_survey
from surveys.queries.rows import AnswerRow, answer_rows
from surveys.responses.words import CHANNELS


@dataclass(frozen=True)
class Sheet:
    """Four columns about the response stand before `columns`: row, day, form version, channel."""

    report: Report
    definitions: dict[int, Definition]
    columns: list[Column]
    versions: dict[int, int]
    """Version → its number in the file, from 1"""
    is_anonymous: bool
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Keys of columns whose words too few people wrote"""

    @property
    def about(self) -> list[str]:
        return [_("Row"), _("Day"), _("Form version"), _("Channel")]

    @property
    def channels(self) -> dict[str, str]:
        return {str(code): str(words) for code, words in CHANNELS.items()}

    def hidden_words(self, column: Column) -> str | None:
        """What stands for the words of this column; None where they may be read, masked."""
        return _("(hidden until %(count)s answers)", count=MINIMUM) if column.key in self.hidden else None

    def rows(self) -> Iterator[AnswerRow]:
        """Within a transaction; Refused("report_rows_anonymous") for a survey whose single answers are shown to nobody."""
        if self.is_anonymous:
            raise Refused("report_rows_anonymous")
        return answer_rows(self.report.survey_id)

    def labelled(self) -> Iterator[list[Cell]]:
        """Rows as people read them: labels, Jalali days."""
        return self._rows(label_of, jalali_day, self.channels)

    def coded(self) -> Iterator[list[Cell]]:
        """Rows as they are stored: ids of options, Gregorian days."""
        return self._rows(code_of, date.isoformat, {})

    def _rows(
        self, show: Callable[[Column, str | None], Show | None], day_as: Callable[[date], str], channels: dict[str, str]
    ) -> Iterator[list[Cell]]:
        makers = makers_of(self.columns, [show(column, self.hidden_words(column)) for column in self.columns])
        days: dict[date, str] = {}
        place = 0
        for version_id, day, channel, answers in self.rows():
            version = self.versions.get(version_id)
            if version is None:
                continue  # published while the file was being written: in the next one
            place += 1
            shown = days.get(day) or days.setdefault(day, day_as(day))
            cells: list[Cell] = [place, shown, version, channels.get(channel, channel)]
            cells += [make(answers) for make in makers.get(version_id) or [_blank] * len(self.columns)]
            yield cells


def _blank(answers: Any) -> Cell:
    return NOTHING


def open_sheet(report: Report, *, whole: bool = False) -> Sheet:
    """The sheet of a report's survey as it stands now; `whole`: with what links brought along, for whoever may read single responses.

    Refused("survey_not_found") where the survey is gone.
    """
    survey = get_survey(report.survey_id)
    if survey is None:
        raise Refused("survey_not_found")
    definitions = definitions_of_survey(report.survey_id)
    columns = columns_of(definitions, with_background=whole)
    versions = {version_id: place for place, version_id in enumerate(definitions, 1)}
    return Sheet(report, definitions, columns, versions, survey.is_anonymous, frozenset(_hidden(report, columns)))


def _hidden(report: Report, columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        if column.kind == Kind.TEXT:
            figures = report.question(column.tally_key)
            if figures is None or figures.answered < MINIMUM:
                yield column.key


def titles_of(columns: Sequence[Column]) -> list[str]:
    """Headings of the columns, unique, and marked where the newest form has them no more."""
    return [safe(f"{heading_of(column)} [{column.key}]") for column in columns]


def heading_of(column: Column) -> str:
    return _("%(title)s (no longer asked)", title=column.heading) if column.is_withdrawn else column.heading
