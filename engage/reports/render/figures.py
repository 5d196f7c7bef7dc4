"""Figures of a report as the page draws them: every chart is a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import format_jalali, to_jalali
from engage.reports.content import DayCount, Report
from engage.reports.numbers import Bin, NumberTally
from engage.reports.render import tables
from engage.reports.tally import MINIMUM, QuestionTally
from engage.web import charts
from engage.web.filters import number
from surveys.types import Nps, Rating, Tally
from surveys.words import TYPES

MOST_DAYS = 62
KINDS = {
    "single": lambda: _("One option"),
    "multiple": lambda: _("Several options"),
    "rating": lambda: _("Scale"),
    "number": lambda: _("Number"),
    "short_text": lambda: _("Open answer"),
    "long_text": lambda: _("Open answer"),
}


@dataclass(frozen=True)
class QuestionCard:
    """One question as it stands on the page. `drawing` is chart and table in one; `note` says why there is none."""

    question: QuestionTally
    about: str
    drawing: Markup
    stats: list[tuple[Any, Any, Any]]
    note: str = ""
    quotes: tuple[str, ...] = ()


def card_of(question: QuestionTally, quotes: tuple[str, ...] = ()) -> QuestionCard:
    drawing, stats, note = Markup(""), [], ""
    if question.options is not None:
        drawing = _scale(question) if question.scale else _choices(question)
        if question.places is not None and question.answered:
            drawing += tables.places_table(question)
        if question.scale and question.mean is not None and question.is_shown_in_percent:
            stats = [(_("Mean"), number(question.mean, 2), _("of %(scale)s", scale=number(question.scale)))]
    elif question.tally == Tally.NUMBERS:
        if question.answered < MINIMUM or question.figures is None:
            note = _("Until %(count)s answers have arrived, mean and spread aren't shown.", count=number(MINIMUM))
        else:
            stats, drawing = _number_stats(question, question.figures), _spread(question, question.figures)
    elif question.is_written and question.answered < MINIMUM:
        note = _("What was written is shown from %(count)s answers on.", count=number(MINIMUM))
    return QuestionCard(question, _about(question), drawing, stats, note, quotes)


def cards_of(questions: Sequence[QuestionTally], quotes: Mapping[str, tuple[str, ...]]) -> list[QuestionCard]:
    """A card for every question, and one for all rows of a table."""
    rows: dict[str, list[QuestionTally]] = {}
    for question in questions:
        rows.setdefault(question.whole or question.key, []).append(question)
    return [_table_card(each) if each[0].whole else card_of(each[0], quotes.get(each[0].key, ())) for each in rows.values()]


def _table_card(rows: Sequence[QuestionTally]) -> QuestionCard:
    """The rows of one table; those only an earlier version had don't make it an earlier one."""
    first = min(rows, key=lambda row: row.withdrawn)
    most = {name: max(getattr(row, name) for row in rows) for name in ("asked", "answered")}
    whole = replace(first, key=first.whole, label=first.whole_label, options=None, **most)
    counts = {"rows": number(len(rows)), "asked": number(whole.asked)}
    if whole.is_conditional:
        words = _("%(rows)s rows · %(asked)s people whose earlier answers led here", **counts)
    else:
        words = _("%(rows)s rows · %(asked)s people asked", **counts)
    about = " · ".join([_("Question %(number)s", number=number(whole.number)), str(TYPES["matrix"]), words])
    return QuestionCard(whole, "", tables.matrix_table(rows, caption=about), [])


def few_words() -> str:
    return _("Until %(count)s answers have arrived, percentages aren't shown.", count=number(MINIMUM))


def _about(question: QuestionTally) -> str:
    kind = KINDS[question.type]() if question.type in KINDS else str(TYPES.get(question.type, question.type))
    if question.is_written and question.type not in KINDS:
        kind = _("Open answer")
    if question.max_choices is not None and question.max_choices > 1:
        kind = _("Up to %(count)s options", count=number(question.max_choices))
    parts = [_("Question %(number)s", number=number(question.number)), kind] if question.number else [kind]
    if question.tally == Tally.RANKS:
        parts.append(_("how often each stood first"))
    counts = {"answered": number(question.answered), "asked": number(question.asked)}
    if question.is_conditional:
        parts.append(_("%(answered)s answers from %(asked)s people whose earlier answers led here", **counts))
    else:
        parts.append(_("%(answered)s answers from %(asked)s people asked", **counts))
    if question.is_many and question.is_shown_in_percent:
        parts.append(_("shares add up to more than 100"))
    if question.withdrawn:
        parts.append(_("no longer asked"))
    return " · ".join(parts)


def option_label(question: QuestionTally, option_id: str, label: str) -> str:
    """The words of an option; for a point of a scale its usual word or its place."""
    if question.scale is None:
        return label
    if question.type == "nps":
        return Nps(id="r", label="", low_label=question.low_label, high_label=question.high_label).words(int(option_id), _)
    drawn = Rating(id="r", label="", low_label=question.low_label, high_label=question.high_label, scale=question.scale)
    return drawn.words(int(option_id), _)


def _choices(question: QuestionTally) -> Markup:
    options = question.options or []
    if not question.is_ordered:
        options = sorted(options, key=lambda option: (option.exclusive, -option.count))
    rows = [
        charts.Bar(
            option.label,
            option.count,
            fill="dk" if option.exclusive else "",
            note=_("in an earlier version of the form") if option.withdrawn else "",
        )
        for option in options
    ]
    return _table(question, rows)


def _scale(question: QuestionTally) -> Markup:
    options = list(reversed(question.options or []))
    labels = [option_label(question, option.id, option.label) for option in options]
    fills: tuple[str, ...] = {5: charts.SCALE, 4: ("1", "5", "7", "6"), 3: ("1", "dk", "6")}.get(len(options), ("",) * len(options))
    rows = [charts.Bar(label, option.count, fill=fill) for option, label, fill in zip(options, labels, fills, strict=True)]
    return _table(question, rows)


def scale_strip_of(question: QuestionTally) -> Markup:
    """The whole scale as one strip, best first; nothing for scales it can't show, or while percentages are hidden."""
    if question.scale is None or not 3 <= question.scale <= 5 or not question.is_shown_in_percent or not question.answered:
        return Markup("")
    options = list(reversed(question.options or []))
    labels = [option_label(question, option.id, option.label) for option in options]
    fills = {5: charts.SCALE, 4: ("1", "5", "7", "6"), 3: ("1", "dk", "6")}[len(options)]
    parts = [charts.Part(label, option.count, fill) for option, label, fill in zip(options, labels, fills, strict=True)]
    if question.unanswered:
        parts.append(charts.Part(_("No answer"), question.unanswered, "track"))
    return charts.strip(parts)


def _table(question: QuestionTally, rows: list[charts.Bar]) -> Markup:
    if question.unanswered:
        rows = [*rows, charts.Bar(_("No answer"), question.unanswered, fill="dk")]
    if not question.is_shown_in_percent:
        return _plain(rows)
    return charts.bar_table(rows, caption=_about(question), total=question.asked, fill="1")


def _plain(rows: list[charts.Bar]) -> Markup:
    body = Markup("").join(
        Markup('<tr><th scope="row">%s</th><td class="num">%s</td></tr>') % (row.label, number(row.count)) for row in rows
    )
    return Markup(
        '<table class="ledger"><thead class="visually-hidden"><tr><th scope="col">%s</th><th scope="col">%s</th></tr></thead><tbody>%s</tbody></table>'
    ) % (_("Option"), _("Count"), body)


def _number_stats(question: QuestionTally, figures: NumberTally) -> list[tuple[Any, Any, Any]]:
    return [
        (_("Mean"), number(figures.mean), question.unit),
        (_("Median"), number(figures.median), question.unit),
        (_("Middle half"), _range(figures.lower_quartile, figures.upper_quartile), question.unit),
        (_("Lowest to highest"), _range(figures.lowest, figures.highest), question.unit),
    ]


def _range(low: float, high: float) -> str:
    return _("%(low)s to %(high)s", low=number(_whole(low)), high=number(_whole(high)))


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _spread(question: QuestionTally, figures: NumberTally) -> Markup:
    rows = [charts.Bar(_bin_label(each, figures.whole, each is figures.spread[-1]), each.count) for each in figures.spread]
    if question.unanswered:
        rows.append(charts.Bar(_("No answer"), question.unanswered, fill="dk"))
    return charts.bar_table(rows, caption=_about(question), total=question.asked, fill="1", label_head=_("Number"))


def _bin_label(each: Bin, whole: bool, is_last: bool) -> str:
    if each.low == each.high or (whole and each.high - each.low == 1):
        return number(_whole(each.low))
    if whole:
        return _range(each.low, each.high - 1)
    return _("%(low)s to below %(high)s", low=number(_whole(each.low)), high=number(_whole(each.high)))


def funnel_rows(report: Report, *, stacked: bool) -> Markup:
    """The six steps, as shares of the invited; `stacked` for the side column."""
    funnel = report.funnel
    steps = [
        charts.Bar(_("Invited"), funnel.invited),
        charts.Bar(_("Accepted by the gateway"), funnel.accepted),
        charts.Bar(_("Delivered"), funnel.delivered),
        charts.Bar(_("Link opened"), funnel.opened, note=_("robots are counted, too")),
    ]
    if not funnel.is_under_seal:
        steps += [charts.Bar(_("Started"), funnel.started), charts.Bar(_("Answered"), funnel.answered)]
    elif not report.is_sealed and funnel.answered:
        steps.append(charts.Bar(_("Answered"), funnel.answered, note=_("at least; more are under seal")))
    if not funnel.invited:
        return _plain(steps)
    return charts.bar_table(
        steps, caption=_("Each step as a share of the invited"), total=funnel.invited, stacked=stacked, fill="accent", label_head=_("Step")
    )


def days_chart(days: list[DayCount]) -> Markup:
    """Answers by day: the last two months in columns, all days in the table."""
    shown = days[-MOST_DAYS:]
    columns = [charts.Column(_tick(each), each.count) for each in shown]
    label = _("Answers by day, %(first)s to %(last)s", first=format_jalali(shown[0].day), last=format_jalali(shown[-1].day))
    rows = [(format_jalali(each.day), number(each.count)) for each in days]
    return charts.columns(columns, label=label, with_table=False) + charts.table_behind([_("Day"), _("Answers")], rows)


def _tick(each: DayCount) -> str:
    _year, month, day = to_jalali(each.day)
    return f"{number(month)}/{number(day)}"
