"""Units side by side over a span of time; a survey beside its other rounds and beside the same elsewhere."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.guard import acting, authorize, guarded, visible_unit_ids
from engage.identity.queries import UnitNode, units_tree
from engage.identity.rules import Permission
from engage.persian import to_persian_digits
from engage.persian.jalali import MONTHS
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.render.csv_file import safe
from engage.reports.render.figures import option_label
from engage.reports.trends.comparing import Compared
from engage.reports.trends.periods import Period, period_around, period_of
from engage.reports.trends.queries import Comparison, elsewhere, rounds_of
from engage.reports.trends.rollup import UnitLine, roll_up
from engage.web.filters import number, percent
from surveys.queries import find_survey

blueprint = Blueprint("reports_trends", __name__, url_prefix="/console", template_folder="../templates")

SEASONS = ("بهار", "تابستان", "پاییز", "زمستان")


@blueprint.get("/reports-units")
@guarded(Permission.REPORTS_VIEW)
def index() -> ResponseReturnValue:
    """The chosen unit and those below it, each with its own figures, and all together."""
    period = _period()
    lines = roll_up(_units(Permission.REPORTS_VIEW), period)
    return render_template(
        "trends/units.html",
        lines=lines,
        period=period,
        words=period_words(period),
        ahead=period.last <= now(),
        lengths=_lengths(period),
        waited=waited,
    )


@blueprint.get("/reports-units.csv")
@guarded(Permission.REPORTS_EXPORT)
def table() -> ResponseReturnValue:
    period = _period()
    lines = roll_up(_units(Permission.REPORTS_EXPORT), period)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([str(each) for each in _heads()])
    for line in lines:
        hours = "" if line.median_wait is None else round(line.median_wait.total_seconds() / 3600, 1)
        figures = (line.campaigns, line.texts, line.people, line.surveys, line.answers, line.replies, hours, line.promised, line.late)
        writer.writerow([safe(line.name) or str(_("Together")), *figures])
    with transaction():
        record_audit(
            "units_exported",
            unit_id=acting().unit.id,
            object_type="unit",
            object_id=acting().unit.id,
            detail={"period": period_words(period)},
        )
    headers = {"Content-Disposition": f'attachment; filename="units-{period.key}.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/reports/<slug>/rounds")
@guarded(Permission.REPORTS_VIEW)
def waves(slug: str) -> ResponseReturnValue:
    report = _report(slug)
    return _comparison(report, rounds_of(report), is_rounds=True)


@blueprint.get("/reports/<slug>/elsewhere")
@guarded(Permission.REPORTS_VIEW)
def districts(slug: str) -> ResponseReturnValue:
    """Beside the same survey of other units, of those the reader may see."""
    report = _report(slug)
    allowed = acting().unit_ids(Permission.REPORTS_VIEW)
    names = {node.id: node.name for node in units_tree()}
    return _comparison(report, elsewhere(report, allowed, names), is_rounds=False)


def period_words(period: Period) -> str:
    """«آذر ۱۴۰۵», «پاییز ۱۴۰۵», «سال ۱۴۰۵»."""
    year = to_persian_digits(str(period.year))
    if period.months == 12:
        return _("the year %(year)s", year=year)
    return f"{SEASONS[(period.month - 1) // 3] if period.months == 3 else MONTHS[period.month - 1]} {year}"


def waited(line: UnitLine) -> str:
    """A time of waiting in the unit people think in."""
    wait = line.median_wait
    if wait is None:
        return "—"
    if wait < timedelta(hours=1):
        return _("%(count)s minutes", count=number(round(wait.total_seconds() / 60)))
    if wait < timedelta(days=2):
        return _("%(count)s hours", count=number(round(wait.total_seconds() / 3600)))
    return _("%(count)s days", count=number(wait.days))


def _period() -> Period:
    key = request.args.get("period", "")
    found = period_of(key) if key else period_around(now())
    if found is None:
        abort(404)
    return found


def _lengths(period: Period) -> list[tuple[str, str, bool]]:
    """The same moment as a month, a season and a year: words, key, whether it is the one shown."""
    names = ((1, _("Month")), (3, _("Season")), (12, _("Year")))
    return [(words, period_around(period.first, months).key, months == period.months) for months, words in names]


def _units(permission: Permission) -> list[UnitNode]:
    visible = visible_unit_ids(permission)
    return [node for node in units_tree() if node.id in visible]


def _heads() -> list[str]:
    return [
        _("Unit"),
        _("Campaigns"),
        _("Texts accepted"),
        _("People reached"),
        _("Surveys with answers"),
        _("Answers"),
        _("Citizens' texts answered"),
        _("Median wait (hours)"),
        _("Results promised"),
        _("Late results"),
    ]


def _report(slug: str) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.REPORTS_VIEW, survey.unit_id)
    return report_of(survey.id)


def _comparison(report: Report, found: Comparison, *, is_rounds: bool) -> ResponseReturnValue:
    tables = [(each, _table(each, is_rounds)) for each in found.questions]
    return render_template("trends/compared.html", report=report, sides=found.sides, tables=tables, is_rounds=is_rounds)


def _table(each: Compared, is_rounds: bool) -> dict[str, object]:
    head = [_("Round") if is_rounds else _("Unit"), _("Answers"), *(option_label(each.question, key, label) for key, label in each.options)]
    if each.question.scale:
        head.append(_("Mean"))
    lines = []
    for line in each.lines:
        cells: list[dict[str, object]] = [{"text": line.side}, {"text": number(line.base)}]
        cells += [{"text": percent(cell.share), "mark": {1: "more", -1: "less"}.get(cell.mark, "")} for cell in line.cells]
        if each.question.scale:
            cells.append({"text": number(line.mean, 2) if line.mean is not None else "—"})
        lines.append(cells)
    against = {"more": _("more than in the round before"), "less": _("less than in the round before")} if is_rounds else {}
    return {"head": head, "lines": lines, **against}
