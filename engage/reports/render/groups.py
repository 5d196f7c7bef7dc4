"""Groups: every question by every dimension, as far as it may be shown, and each group's way through the funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from engage.reports.analysis.shapes import Breakdown, FunnelSplit, GroupCell, GroupColumn, QuestionSplit
from engage.reports.content import Content
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import dimension_words, group_words
from engage.reports.render.texts import MOST_LABEL, printable
from engage.reports.tally import QuestionTally
from engage.web.filters import number, percent

MOST_OPTIONS = 12
"""Of a question with more, the most chosen ones are set in tables of groups"""
A_TABLE = 6
"""Options side by side in one table"""
MOST_GROUPS = 40
Cell = dict[str, Any]


def chapters_of(content: Content) -> list[dict[str, Any]]:
    """One chapter a dimension: its title, notes, and a table for every question that may be split by it."""
    questions = {each.key: each for each in content.questions}
    found = []
    for breakdown in content.analysis.breakdowns:
        tables = [
            table
            for split in breakdown.splits
            if split.question_key in questions and split.columns
            for table in _tables(questions[split.question_key], breakdown, split)
        ]
        if tables:
            found.append(
                {
                    "dimension": breakdown.dimension,
                    "title": _("By %(dimension)s", dimension=dimension_words(breakdown.dimension)),
                    "notes": _notes(breakdown),
                    "tables": tables,
                }
            )
    return found


def _notes(breakdown: Breakdown) -> list[str]:
    notes = []
    if breakdown.hidden_groups:
        notes.append(_("%(count)s groups of fewer than ten answers are not shown.", count=number(breakdown.hidden_groups)))
    cells = [cell for split in breakdown.splits for column in split.columns for cell in column.cells]
    if any(cell.count is None for cell in cells):
        notes.append(_("“Hidden”: one to four answers, or a figure that would tell them."))
    is_marked = any(cell.mark for cell in cells) or any(column.mean_mark for split in breakdown.splits for column in split.columns)
    if not is_marked and any(split.is_tested for split in breakdown.splits):
        notes.append(_("No difference between these groups holds."))
    return notes


def _tables(question: QuestionTally, breakdown: Breakdown, split: QuestionSplit) -> list[dict[str, Any]]:
    # Best first, as a scale stands in its own chart.
    options = list(reversed(question.options or [])) if question.scale else list(question.options or [])
    places = {option.id: place for place, option in enumerate(options)}
    title = (_("Question %(number)s", number=number(question.number)) + ": " if question.number else "") + printable(question.label, 240)
    shown = options
    note = ""
    if len(options) > MOST_OPTIONS:
        most = sorted(options, key=lambda option: -option.count)[:MOST_OPTIONS]
        shown = sorted(most, key=lambda option: places[option.id])
        note = _("The %(count)s most chosen options.", count=number(MOST_OPTIONS))
    with_mean = any(column.mean is not None for column in split.columns)
    found = []
    for first in range(0, len(shown), A_TABLE):
        part = shown[first : first + A_TABLE]
        is_last = first + A_TABLE >= len(shown)
        head = [dimension_words(breakdown.dimension), _("Answers"), *(option_label(question, each.id, each.label) for each in part)]
        if with_mean and is_last:
            head.append(_("Mean"))
        lines = []
        for column in split.columns[:MOST_GROUPS]:
            cells = {cell.option_id: cell for cell in column.cells}
            line: list[Cell] = [
                {"text": printable(group_words(breakdown.dimension, column.group, breakdown.labels), MOST_LABEL)},
                _count(column.base),
                *(_cell(cells.get(each.id)) for each in part),
            ]
            if with_mean and is_last:
                line.append(_mean(column))
            lines.append(line)
        if len(split.columns) > MOST_GROUPS:
            note = " ".join(
                filter(None, (note, _("%(count)s more groups are in the files.", count=number(len(split.columns) - MOST_GROUPS))))
            )
        title_here = title if first == 0 else _("%(title)s (continued)", title=title)
        found.append(
            {
                "key": question.key if first == 0 else "",
                "title": title_here,
                "head": [printable(each, 60) for each in head],
                "lines": lines,
                "note": note if is_last else "",
            }
        )
    return found


def _cell(cell: GroupCell | None) -> Cell:
    if cell is None:
        return {"text": ""}
    if cell.count is None or cell.share is None:
        return {"text": _("hidden"), "hidden": True}
    return {"text": percent(cell.share), "mark": mark_of(cell.mark)}


def _mean(column: GroupColumn) -> Cell:
    if column.mean is None:
        return {"text": _("hidden"), "hidden": True}
    return {"text": number(column.mean, 2), "mark": mark_of(column.mean_mark)}


def _count(count: int | None) -> Cell:
    return {"text": _("hidden"), "hidden": True} if count is None else {"text": number(count)}


def mark_of(mark: int) -> str:
    return "more" if mark > 0 else "less" if mark < 0 else ""


def step_words() -> Mapping[str, str]:
    return {
        "invited": _("Invited"),
        "delivered": _("Delivered"),
        "opened": _("Link opened"),
        "started": _("Started"),
        "answered": _("Answered"),
    }


def ways_of(splits: Sequence[FunnelSplit]) -> list[dict[str, Any]]:
    """Each dimension's groups on their way through the funnel, and in words where one falls behind the rest."""
    steps = step_words()
    found = []
    for split in splits:
        lines, lost = [], []
        for group in split.groups[:MOST_GROUPS]:
            name = printable(group_words(split.dimension, group.group, split.labels), MOST_LABEL)
            cells = [_count(getattr(group, step)) for step in steps]
            if group.lost_at in steps:
                cells[list(steps).index(group.lost_at)]["mark"] = "less"
                lost.append(_("%(group)s falls behind the rest at the step “%(step)s”.", group=name, step=steps[group.lost_at]))
            lines.append([{"text": name}, *cells])
        found.append(
            {
                "title": _("By %(dimension)s", dimension=dimension_words(split.dimension)),
                "head": [dimension_words(split.dimension), *steps.values()],
                "lines": lines,
                "is_lost": bool(lost),
                "lost": lost or [_("No group is lost at any step more than the rest, as far as these figures carry.")],
            }
        )
    return found
