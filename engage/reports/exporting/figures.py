"""The figures of a report as one long table: everybody, then group by group, exactly what was published and nothing worked out anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from flask_babel import gettext as _

from engage.reports.analysis.shapes import Breakdown, GroupColumn
from engage.reports.content import Report
from engage.reports.exporting.cells import NOTHING, Cell, safe
from engage.reports.render.csv_file import write_table
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import dimension_words, group_words
from engage.reports.tally import MINIMUM, QuestionTally
from surveys.sealing import sealed_count_words
from surveys.types import Tally

DECIMALS = 4


@dataclass(frozen=True)
class FigureRow:
    """One figure. `share` is a ratio of `base`; both are empty where they may not be shown."""

    key: str
    question: str
    dimension: str
    group: str
    option_id: str
    option: str
    figure: str
    value: Cell = NOTHING
    share: Cell = NOTHING
    base: Cell = NOTHING
    remark: str = ""

    @property
    def cells(self) -> list[Cell]:
        first = [safe(each) for each in (self.key, self.question, self.dimension, self.group, self.option_id, self.option, self.figure)]
        return [*first, self.value, self.share, self.base, self.remark]


def headings() -> list[str]:
    return [
        _("Question code"), _("Question in words"), _("Divided by"), _("Group"), _("Option code"), _("Option"), _("Figure"), _("Value"),
        _("Share"), _("Share of how many"), _("Note"),
    ]  # fmt: skip


def write(report: Report, target: BinaryIO) -> None:
    """As CSV; also for anonymous surveys, whose answers leave the house in no other way."""
    write_table(target, headings(), (row.cells for row in figure_rows(report)))


def figure_rows(report: Report) -> Iterator[FigureRow]:
    if report.is_sealed:
        yield FigureRow("", report.title, "", "", "", "", _("answers"), sealed_count_words())
        return
    for question in report.content.questions:
        yield from _of_everybody(question)
    for breakdown in report.content.analysis.breakdowns:
        for split in breakdown.splits:
            whole = report.question(split.question_key)
            if whole is not None:
                for column in split.columns:
                    yield from _of_group(whole, breakdown, column)


def _of_everybody(question: QuestionTally) -> Iterator[FigureRow]:
    whole = _("Everybody")
    remark = _("no longer asked") if question.withdrawn else ""

    def row(
        figure: str, value: Cell, option_id: str = "", option: str = "", share: Cell = NOTHING, base: Cell = NOTHING, note: str = ""
    ) -> FigureRow:
        return FigureRow(question.key, question.label, "", whole, option_id, option, figure, value, share, base, note or remark)

    yield row(_("asked"), question.asked)
    yield row(_("answered"), question.answered)
    for option in question.options or []:
        share = question.share(option.count)
        label = option_label(question, option.id, option.label)
        note = _("in an earlier version of the form") if option.withdrawn else ""
        yield row(_("count"), option.count, option.id, label, NOTHING if share is None else round(share, DECIMALS), question.asked, note)
    if question.mean is not None and question.is_shown_in_percent:
        yield row(_("mean"), round(question.mean, DECIMALS), base=question.answered)
    if question.tally == Tally.NUMBERS and question.figures is not None and question.answered >= MINIMUM:
        figures = question.figures
        named = (
            (_("mean"), figures.mean),
            (_("lower quartile"), figures.lower_quartile),
            (_("median"), figures.median),
            (_("upper quartile"), figures.upper_quartile),
        )
        for name, value in named:
            yield row(name, round(value, DECIMALS), base=question.answered)


def _of_group(question: QuestionTally, breakdown: Breakdown, column: GroupColumn) -> Iterator[FigureRow]:
    dimension, group = dimension_words(breakdown.dimension), group_words(breakdown.dimension, column.group, breakdown.labels)
    labels = {option.id: option_label(question, option.id, option.label) for option in question.options or []}
    if column.base is None:
        yield FigureRow(
            question.key,
            question.label,
            dimension,
            group,
            "",
            "",
            _("answered"),
            remark=_("hidden: fewer than %(count)s people", count=MINIMUM),
        )
        return
    for cell in column.cells:
        value: Cell
        label = labels.get(cell.option_id, cell.option_id)
        share = NOTHING if cell.share is None else round(cell.share, DECIMALS)
        if cell.count is None:
            value, remark = NOTHING, _("hidden: too few people")
        else:
            value, remark = cell.count, {1: _("higher than the rest"), -1: _("lower than the rest")}.get(cell.mark, "")
        yield FigureRow(
            question.key, question.label, dimension, group, cell.option_id, label, _("count"), value, share, column.base, remark
        )
    if column.mean is not None:
        yield FigureRow(question.key, question.label, dimension, group, "", "", _("mean"), round(column.mean, DECIMALS), base=column.base)
