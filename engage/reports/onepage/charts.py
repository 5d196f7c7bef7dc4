"""The one chart of the page: a question's answers, or one answer of it in the groups of a dimension, as far as they may be shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from engage.reports.analysis.shapes import Difference, QuestionSplit
from engage.reports.content import Report
from engage.reports.print.charts import SCALE_FILLS
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import dimension_words, group_words
from engage.reports.render.groups import mark_of
from engage.reports.render.texts import printable
from engage.reports.tally import QuestionTally
from engage.web.filters import number, percent
from surveys.types import Tally

ABOUT_PEOPLE = ("neighbourhood", "unit", "age", "gender")
MOST_ROWS = 6
MOST_LABEL = 60


@dataclass(frozen=True)
class ChartChoice:
    """One chart that can be drawn, and its name in a list."""

    question_key: str
    dimension: str
    words: str

    @property
    def value(self) -> str:
        return f"{self.question_key}@{self.dimension}"


def choices_of(report: Report) -> list[ChartChoice]:
    """Every chart this report's figures carry, question by question, the whole before its groups; none of sealed or too few answers."""
    if report.is_sealed:
        return []
    found = []
    for question in report.content.questions:
        if not _is_drawn(question):
            continue
        name = (f"{number(question.number)}. " if question.number else "") + printable(question.label, 90)
        found.append(ChartChoice(question.key, "", name))
        for breakdown in report.content.analysis.breakdowns:
            chart = _groups(report, question, breakdown.dimension)
            if chart is not None:
                words = _("%(question)s, by %(dimension)s", question=name, dimension=dimension_words(breakdown.dimension))
                found.append(ChartChoice(question.key, breakdown.dimension, words))
    return found


def leading_differences(report: Report) -> list[Difference]:
    """Differences that hold between groups of people and can be told in one line, the largest first: an answer whose words say what was
    asked, no row of a table."""
    if report.is_sealed:
        return []
    told = {each.key for each in report.content.questions if not (each.whole or each.is_ordered or each.is_conditional)}
    return [
        each
        for each in report.content.analysis.differences
        if each.dimension in ABOUT_PEOPLE and each.group and each.option_id and each.question_key in told
    ]


def first_choice(report: Report) -> tuple[str, str]:
    """(question, dimension) of the largest difference that can be told, else the first question that can be drawn."""
    choices = {(each.question_key, each.dimension) for each in choices_of(report)}
    for difference in leading_differences(report):
        if (difference.question_key, difference.dimension) in choices:
            return difference.question_key, difference.dimension
    return next(((each.question_key, "") for each in choices_of(report)), ("", ""))


def chart_of(report: Report, question_key: str, dimension: str, most_rows: int = MOST_ROWS) -> dict[str, Any] | None:
    """The chart as the sheet draws it; of everybody's answers where the groups can't be shown any more; None where nothing can."""
    question = report.question(question_key)
    if report.is_sealed or question is None or not _is_drawn(question):
        return None
    groups = _groups(report, question, dimension, most_rows) if dimension else None
    return groups if groups is not None else _answers(question, most_rows)


def _is_drawn(question: QuestionTally) -> bool:
    is_too_long = (bool(question.scale) or question.is_ordered) and len(question.options or []) > MOST_ROWS
    return (
        bool(question.options)
        and not is_too_long
        and question.tally in (Tally.CHOICES, Tally.SCALE, Tally.RANKS)
        and question.answered > 0
        and question.is_shown_in_percent
    )


def _answers(question: QuestionTally, most_rows: int) -> dict[str, Any]:
    options = list(question.options or [])
    fills: tuple[str, ...] = ()
    if question.scale:
        options.reverse()
        fills = SCALE_FILLS.get(len(options), ())
    elif not question.is_ordered:
        options.sort(key=lambda option: (option.exclusive, -option.count))
    # A scale is shown whole or not at all: without one of its ends it would say something else.
    is_whole = bool(question.scale) or question.is_ordered
    shown = options if is_whole or len(options) <= most_rows else sorted(options, key=lambda option: -option.count)[:most_rows]
    left = len(options) - len(shown)
    rows = [
        {
            "label": printable(option_label(question, option.id, option.label), MOST_LABEL),
            "value": question.share(option.count) or 0.0,
            "text": percent(question.share(option.count)),
            "base": _("%(count)s answers", count=number(option.count)),
            "fill": fills[place] if fills and not left else "grey" if option.exclusive else "blue",
        }
        for place, option in enumerate(shown)
    ]
    notes = [_("Share of %(count)s people asked.", count=number(question.asked))]
    if question.is_many:
        notes.append(_("Several answers were possible."))
    if question.tally == Tally.RANKS:
        notes.append(_("How often each stood first."))
    if left:
        notes.append(_("%(count)s options that fewer chose aren't drawn; they are in the files.", count=number(left)))
    return _scaled({"title": printable(question.label, 110), "about": "", "note": " ".join(notes), "rows": rows})


def _groups(report: Report, question: QuestionTally, dimension: str, most_rows: int = MOST_ROWS) -> dict[str, Any] | None:
    breakdown = next((each for each in report.content.analysis.breakdowns if each.dimension == dimension), None)
    split = next((each for each in breakdown.splits if each.question_key == question.key), None) if breakdown else None
    if breakdown is None or split is None:
        return None
    option_id = _told_option(report, question, split, dimension)
    rows = []
    hidden = breakdown.hidden_groups
    for column in split.columns:
        cell = next((each for each in column.cells if each.option_id == option_id), None)
        if cell is None or cell.share is None or column.base is None:
            hidden += 1
            continue
        rows.append(
            {
                "label": printable(group_words(dimension, column.group, breakdown.labels), MOST_LABEL),
                "value": cell.share,
                "lo": cell.low,
                "hi": cell.high,
                "text": percent(cell.share),
                "base": _("%(count)s answers", count=number(column.base)),
                "fill": {1: "accent", -1: "vermillion"}.get(cell.mark, "blue"),
                "mark": mark_of(cell.mark),
                "size": column.base,
            }
        )
    if len(rows) < 2:
        return None
    left = max(len(rows) - most_rows, 0)
    # Groups that differ come first, then the largest; what is left out is told.
    kept = sorted(rows, key=lambda row: (not row["mark"], -int(row["size"])))[:most_rows]
    rows = [row for row in rows if any(row is each for each in kept)]
    label = next((option_label(question, each.id, each.label) for each in question.options or [] if each.id == option_id), option_id)
    title = _("Share of “%(option)s”, by %(dimension)s", option=printable(label, 50), dimension=dimension_words(dimension))
    about = printable(question.label, 110)
    notes = [about if about.endswith((".", "؟", "?", "…")) else f"{about}.", _("Black line: the 95 percent interval.")]
    if any(row["mark"] for row in rows):
        notes.append(_("Orange: less than the rest; turquoise: more."))
    if hidden:
        notes.append(_("Groups whose answers are hidden aren't drawn."))
    if left:
        notes.append(_("%(count)s more groups are in the report.", count=number(left)))
    return _scaled({"title": title, "about": about, "note": " ".join(notes), "rows": rows})


def _told_option(report: Report, question: QuestionTally, split: QuestionSplit, dimension: str) -> str:
    """The answer with the largest difference that holds, else the one most people gave."""
    for each in report.content.analysis.differences:
        if each.question_key == question.key and each.dimension == dimension and each.option_id:
            return each.option_id
    return max(question.options or [], key=lambda option: (not option.exclusive, option.count)).id


def _scaled(chart: dict[str, Any]) -> dict[str, Any]:
    """With the end of its axis: a multiple of a fifth above everything that is drawn."""
    most = max((max(row["value"], row.get("hi") or 0.0) for row in chart["rows"]), default=0.0)
    top = min(max(math.ceil(most * 5 + 1e-9) / 5, 0.2), 1.0)
    chart["top"] = top
    chart["grid"] = [place / 5 for place in range(1, round(top * 5) + 1)]
    return chart
