"""A question's figures as what a sheet draws: the right chart for each type, in words and ratios. Needs the words of a language.

Every drawing is a mapping with `kind`: "bars" (label, share, text, count), "strip" (one whole in pieces, with its legend as bars), "counts"
(too few for percentages), "table" (head, lines). Ratios are numbers between 0 and 1; all else is text as it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from engage.persian import format_jalali, to_jalali
from engage.reports.content import DayCount
from engage.reports.numbers import Bin
from engage.reports.render.figures import option_label
from engage.reports.render.texts import MOST_LABEL, printable
from engage.reports.tally import MINIMUM, OptionTally, QuestionTally
from engage.web.filters import number, percent
from surveys.types import Tally

Drawing = dict[str, Any]
SCALE_FILLS = {
    5: ("blue", "sky", "grey", "light", "vermillion"),
    4: ("blue", "sky", "light", "vermillion"),
    3: ("blue", "grey", "vermillion"),
}
"""From best to worst, as on the page"""
MOST_BARS = 24
MOST_COLUMNS = 7
MOST_DAYS = 62


def drawings_of(question: QuestionTally) -> list[Drawing]:
    """What is drawn for one question; nothing for what people wrote, or while its figures are hidden."""
    if question.options is not None:
        if question.scale:
            return _scale(question)
        return [*_choices(question), *([_places(question)] if question.places and question.answered else [])]
    if question.tally == Tally.NUMBERS and question.figures is not None and question.answered >= MINIMUM:
        bins = question.figures.spread
        rows = [_row(question, _bin_words(each, question.figures.whole, each is bins[-1]), each.count) for each in bins]
        return [_bars(question, [*rows, *_silent(question)])]
    return []


def matrix_drawings(rows: Sequence[QuestionTally]) -> list[Drawing]:
    """The rows of one table: a strip a row where its answers are few enough to be told apart by colour, else a table of figures."""
    columns: dict[str, OptionTally] = {}
    for row in sorted(rows, key=lambda row: row.withdrawn):
        for option in row.options or []:
            columns.setdefault(option.id, option)
    found = []
    names = list(columns)
    for first in range(0, len(names), MOST_COLUMNS):
        part = names[first : first + MOST_COLUMNS]
        is_last = first + MOST_COLUMNS >= len(names)
        head = [_("Row of the table"), *(_withdrawn(columns[each].label, columns[each].withdrawn) for each in part)]
        lines = [_matrix_line(row, part) for row in rows]
        if is_last:
            head += [_("No answer"), _("Answers")]
            for line, row in zip(lines, rows, strict=True):
                line += [{"text": _figure(row, row.unanswered)}, {"text": number(row.answered)}]
        found.append({"kind": "table", "head": [printable(each, MOST_LABEL) for each in head], "lines": lines, "note": ""})
    return found


def days_drawing(days: Sequence[DayCount]) -> Drawing:
    """Answers by day in Tehran: the last two months; the busiest day's column is the full height."""
    shown = days[-MOST_DAYS:]
    most = max((each.count for each in shown), default=0)
    every = max(1, round(len(shown) / 10))
    busiest = next((place for place, each in enumerate(shown) if each.count == most), -1)
    columns = []
    for place, each in enumerate(shown):
        _year, month, day = to_jalali(each.day)
        tick = f"{number(month)}/{number(day)}" if place % every == 0 else ""
        columns.append({"share": each.count / most if most else 0.0, "tick": tick, "text": number(each.count) if place == busiest else ""})
    about = _("Answers by day, %(first)s to %(last)s", first=format_jalali(shown[0].day), last=format_jalali(shown[-1].day))
    return {"kind": "days", "columns": columns, "about": about}


def _choices(question: QuestionTally) -> list[Drawing]:
    options = question.options or []
    if not question.is_ordered:
        options = sorted(options, key=lambda option: (option.exclusive, -option.count))
    shown, left = options[:MOST_BARS], options[MOST_BARS:]
    rows = [
        _row(question, _withdrawn(option.label, option.withdrawn), option.count, fill="grey" if option.exclusive else "blue")
        for option in shown
    ]
    note = ""
    if left:
        note = _("%(count)s options that fewer chose aren't drawn; they are in the files.", count=number(len(left)))
    return [_bars(question, [*rows, *_silent(question)], note)]


def _scale(question: QuestionTally) -> list[Drawing]:
    options = list(reversed(question.options or []))
    fills = SCALE_FILLS.get(len(options), ("blue",) * len(options))
    rows = [
        _row(question, option_label(question, option.id, option.label), option.count, fill=fill)
        for option, fill in zip(options, fills, strict=True)
    ]
    rows += _silent(question)
    if len(options) not in SCALE_FILLS or not question.is_shown_in_percent or not question.answered:
        return [_bars(question, rows)]
    return [{"kind": "strip", "rows": rows}, _bars(question, rows)]


def _bars(question: QuestionTally, rows: list[dict[str, Any]], note: str = "") -> Drawing:
    return {"kind": "bars" if question.is_shown_in_percent else "counts", "rows": rows, "note": note}


def _row(question: QuestionTally, label: str, count: int, *, fill: str = "blue") -> dict[str, Any]:
    share = question.share(count)
    return {
        "label": printable(label, MOST_LABEL),
        "share": min(share or 0.0, 1.0),
        "text": percent(share) if share is not None else "",
        "count": number(count),
        "fill": fill,
    }


def _silent(question: QuestionTally) -> list[dict[str, Any]]:
    return [_row(question, _("No answer"), question.unanswered, fill="track")] if question.unanswered else []


def _bin_words(each: Bin, whole: bool, is_last: bool) -> str:
    if each.low == each.high or (whole and each.high - each.low == 1):
        return number(_plain(each.low))
    if whole:
        return _("%(low)s to %(high)s", low=number(_plain(each.low)), high=number(_plain(each.high - 1)))
    if is_last:
        return _("%(low)s to %(high)s", low=number(_plain(each.low)), high=number(_plain(each.high)))
    return _("%(low)s to below %(high)s", low=number(_plain(each.low)), high=number(_plain(each.high)))


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _places(question: QuestionTally) -> Drawing:
    """Places of things put in order, the most Borda points first; the first few places in columns."""
    labels = {option.id: _withdrawn(option.label, option.withdrawn) for option in question.options or []}
    places = question.places or []
    shown = min(len(places[0].counts), MOST_COLUMNS - 2) if places else 0
    last = len(places[0].counts) if places else 0
    head = [_("Option"), _("Borda points"), _("Mean place"), *(_("Place %(place)s", place=number(n)) for n in range(1, shown + 1))]
    lines: list[list[dict[str, Any]]] = []
    for each in places[:MOST_BARS]:
        mean = number(each.mean, 2) if question.is_shown_in_percent and each.mean is not None else "—"
        cells = [number(each.borda), mean, *(number(count) for count in each.counts[:shown])]
        lines.append([{"text": printable(labels.get(each.id, each.id), MOST_LABEL)}, *({"text": cell} for cell in cells)])
    note = _(
        "Points after Borda: %(last)s for the first place, one less for each further one, none without a place. The mean place is of those who gave one.",
        last=number(last),
    )
    return {"kind": "table", "head": head, "lines": lines, "note": note}


def _matrix_line(row: QuestionTally, columns: Sequence[str]) -> list[dict[str, Any]]:
    counts = {option.id: option.count for option in row.options or []}
    most = max(counts.values(), default=0)
    line: list[dict[str, Any]] = [{"text": printable(_withdrawn(row.part_label, row.withdrawn), MOST_LABEL)}]
    for column in columns:
        if column not in counts:
            line.append({"text": ""})
        else:
            line.append({"text": _figure(row, counts[column]), "strong": counts[column] == most > 0})
    return line


def _figure(row: QuestionTally, count: int) -> str:
    return percent(row.share(count)) if row.is_shown_in_percent else number(count)


def _withdrawn(label: str, is_withdrawn: bool) -> str:
    return _("%(label)s (in an earlier version of the form)", label=label) if is_withdrawn else label
