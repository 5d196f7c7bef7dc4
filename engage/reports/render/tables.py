"""Figures that are tables in themselves: the rows of a matrix, and the places things were given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from engage.reports.tally import OptionTally, Place, QuestionTally
from engage.web.filters import number, percent


def matrix_table(rows: Sequence[QuestionTally], *, caption: str) -> Markup:
    """One line a row, one column an answer: shares of those who were asked that row, counts while they are too few.

    An answer that only some rows ever had is blank in the others; each line's largest figure is set in bold.
    """
    columns: dict[str, OptionTally] = {}
    for row in sorted(rows, key=lambda row: row.withdrawn):
        for option in row.options or []:
            columns.setdefault(option.id, option)
    heads = [_("Row of the table"), *(_withdrawn(each.label, each.withdrawn) for each in columns.values()), _("No answer"), _("Answers")]
    lines = [[_withdrawn(row.part_label, row.withdrawn), *_cells(row, columns)] for row in rows]
    return _table(heads, lines, caption)


def _cells(row: QuestionTally, columns: Iterable[str]) -> list[Any]:
    counts = {option.id: option.count for option in row.options or []}
    most = max(counts.values(), default=0)
    cells: list[Any] = []
    for column in columns:
        if column not in counts:
            cells.append("")
            continue
        shown = _figure(row, counts[column])
        cells.append(Markup("<b>%s</b>") % shown if counts[column] == most > 0 else shown)
    return [*cells, _figure(row, row.unanswered), number(row.answered)]


def _figure(row: QuestionTally, count: int) -> str:
    return percent(row.share(count)) if row.is_shown_in_percent else number(count)


def places_table(question: QuestionTally) -> Markup:
    """How often each stood at each place, its mean place and its points, the most points first."""
    labels = {option.id: _withdrawn(option.label, option.withdrawn) for option in question.options or []}
    places = question.places or []
    last = len(places[0].counts) if places else 0
    heads = [
        _("Option"),
        _("Borda points"),
        _("Mean place"),
        *(_("Place %(place)s", place=number(place)) for place in range(1, last + 1)),
        _("Without a place"),
    ]
    lines = [
        [
            labels.get(each.id, each.id),
            number(each.borda),
            _mean(question, each),
            *map(number, each.counts),
            number(_without(question, each)),
        ]
        for each in places
    ]
    caption = _(
        "Points after Borda: %(last)s for the first place, one less for each further one, none without a place. The mean place is of those who gave one.",
        last=number(last),
    )
    return _table(heads, lines, caption)


def _mean(question: QuestionTally, place: Place) -> str:
    return number(place.mean, 2) if question.is_shown_in_percent and place.mean is not None else "—"


def _without(question: QuestionTally, place: Place) -> int:
    """Those who put things in order, but not this one; «none of them» is no order."""
    alone = sum(option.count for option in question.options or [] if option.exclusive)
    return max(question.answered - alone - sum(place.counts), 0)


def _withdrawn(label: str, is_withdrawn: bool) -> str:
    return _("%(label)s (in an earlier version of the form)", label=label) if is_withdrawn else label


def _table(heads: Sequence[Any], lines: Sequence[Sequence[Any]], caption: str) -> Markup:
    head = Markup("").join(Markup('<th scope="col">%s</th>') % words for words in heads)
    body = Markup("").join(
        Markup('<tr><th scope="row">%s</th>%s</tr>')
        % (line[0], Markup("").join(Markup('<td class="num">%s</td>') % cell for cell in line[1:]))
        for line in lines
    )
    return Markup(
        '<div class="table-wrap" tabindex="0" role="region" aria-label="%s"><table class="grid-table figures-table"><caption>%s</caption>'
        "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
    ) % (caption, caption, head, body)
