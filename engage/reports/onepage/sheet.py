"""The one page and the square picture as typst draws them. A sheet is one page or it isn't handed out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst
from flask_babel import gettext as _

from engage.identity.queries import get_unit
from engage.persian import to_persian_digits
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.onepage.charts import MOST_ROWS, chart_of
from engage.reports.onepage.rules import OnePage, within
from engage.reports.render import limits
from engage.reports.render.claims import fieldwork_words
from engage.reports.render.texts import printable
from engage.web.filters import NOTHING, jalali, number, percent
from engage.web.sheets import draw_sheet
from surveys.sealing import sealed_count_words

# Beside the report's own sheets, whose look they share: typst reads nothing outside a template's folder.
SHEETS = Path(__file__).parents[1] / "print" / "sheets"
OVERFULL = "more than one page"
"""What the sheet says when it is"""
MOST_CANNOT = 3
CANNOT = 150
SQUARE_ROWS = 5
SQUARE_PPI = 144.0
"""540 points across are 1080 pixels"""


def draw_page(report: Report, page: OnePage) -> bytes:
    """The A4 as PDF. Where options' and groups' names are so long that it would be two, the chart has fewer rows and fewer limits are
    named; Refused("onepage_overfull") where that doesn't help either."""
    return _one_page(report, page, "pdf")


def preview_page(report: Report, page: OnePage, *, ppi: float = 96.0) -> bytes:
    """The same as PNG, to look at."""
    return _one_page(report, page, "png", ppi)


def draw_square(report: Report, page: OnePage, *, ppi: float = SQUARE_PPI) -> bytes:
    """1080 × 1080 pixels for messengers: headline, chart, base, office."""
    data = json.dumps(square_of(report, page), ensure_ascii=False)
    return draw_sheet(SHEETS / "square.typ", {"data": data}, format="png", ppi=ppi)


def _one_page(report: Report, page: OnePage, format: str, ppi: float | None = None) -> bytes:
    for rows, cannot in ((MOST_ROWS, MOST_CANNOT), (5, MOST_CANNOT), (4, 2), (3, 2), (3, 1), (2, 1)):
        data = json.dumps(page_of(report, page, most_rows=rows, most_cannot=cannot), ensure_ascii=False)
        try:
            return draw_sheet(SHEETS / "onepage.typ", {"data": data}, format=format, ppi=ppi)
        except typst.TypstError as error:
            if OVERFULL not in str(error):
                raise
    raise Refused("onepage_overfull")


def page_of(report: Report, page: OnePage, *, most_rows: int = MOST_ROWS, most_cannot: int = MOST_CANNOT) -> dict[str, Any]:
    """What the A4 says."""
    office = _office(report)
    chart = chart_of(report, page.question_key, page.dimension, most_rows)
    attachment = printable(page.attachment, 40)
    return {
        "title": printable(_("One page for the mayor: %(title)s", title=report.title), 200),
        "office": office,
        "from": printable(_("To: %(addressee)s", addressee=page.addressee), 80) if page.addressee else "",
        "letter": [
            (_("Letter no."), to_persian_digits(printable(page.letter_number, 40))),
            (_("Date"), jalali(page.letter_date) if page.letter_date else ""),
            (_("Attachment"), to_persian_digits(attachment)),
        ],
        "kicker": within(printable(" · ".join(filter(None, (_title_beside(report, page), _fieldwork(report))))), 95),
        "headline": printable(page.headline),
        "lead": printable(page.lead),
        "numbers": three_numbers(report),
        "chart": chart,
        "no_chart": "" if chart else _no_chart(report),
        "cannot_title": _("What cannot be said"),
        "cannot": [within(printable(each), CANNOT) for each in limits.what_cannot_be_said(report)[:most_cannot]] if report.answers else [],
        "decision_title": _("Decision wanted"),
        "decision": printable(page.wanted),
        "ticks": [_("I agree"), _("I don't agree"), _("We need to talk")],
        "order": _("Order"),
        "date": _("Date"),
        "signature": _("Signature"),
        "foot": _foot(report, attachment),
    }


def square_of(report: Report, page: OnePage) -> dict[str, Any]:
    """What the picture says: nothing that isn't on the page."""
    chart = chart_of(report, page.question_key, page.dimension, SQUARE_ROWS)
    return {
        "title": printable(report.title, 200),
        "office": _office(report),
        "kicker": within(printable(_title_beside(report, page)), 70),
        "headline": printable(page.headline),
        "chart": chart,
        "no_chart": "" if chart else _no_chart(report),
        "base": " · ".join(filter(None, (_base(report), _fieldwork(report)))),
        "note": _("These figures speak of those who answered."),
    }


def three_numbers(report: Report) -> list[tuple[str, str]]:
    """Answers, response rate, and the margin of error where there is one; a dash and the reason for what can't be said."""
    funnel, asked = report.funnel, report.content.analysis.asked
    if report.is_sealed or (not report.answers and funnel.is_under_seal):
        return [(number(funnel.delivered), _("people reached")), ("—", sealed_count_words()), ("—", _("no margin of error"))]
    rate = funnel.response_rate if report.is_shown_in_percent else None
    margin = ("—", _("no margin of error for these answers"))
    if asked.margin is not None and report.is_shown_in_percent:
        margin = (f"±{number(asked.margin * 100, 1)}", _("percentage points; only of those who were asked"))
    return [
        (number(report.answers), _("complete answers, of %(count)s delivered", count=number(funnel.delivered))),
        (percent(rate), _("response rate of the delivered")),
        margin,
    ]


def _office(report: Report) -> str:
    unit = get_unit(report.unit_id)
    return printable(unit.name if unit else "", 60)


def _title_beside(report: Report, page: OnePage) -> str:
    """The survey's title, unless it is the headline already."""
    return "" if page.headline.strip() == report.title.strip() else report.title


def _fieldwork(report: Report) -> str:
    words = fieldwork_words(report.content.analysis.quality)
    return "" if words == NOTHING or report.is_sealed else words


def _base(report: Report) -> str:
    if report.is_sealed or (not report.answers and report.funnel.is_under_seal):
        return sealed_count_words()
    return _("%(count)s answers", count=number(report.answers))


def _no_chart(report: Report) -> str:
    if report.is_sealed or report.funnel.is_under_seal:
        return _("These answers are sealed; nothing is drawn.")
    if not report.answers:
        return _("No answer has arrived yet.")
    return _("There is no question whose figures can be drawn yet.")


def _foot(report: Report, attachment: str) -> str:
    lines = [_("The whole report and its method are attached.")] if attachment else []
    if report.results_on is not None:
        lines.append(_("Citizens were promised the result for %(day)s.", day=jalali(report.results_on)))
    lines.append(_("Figures as of %(day)s.", day=jalali(report.computed_at)))
    return " ".join(lines)
