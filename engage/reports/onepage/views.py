"""The mayor's page in the console: what it says, how it looks, and taking it away."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports import queries
from engage.reports.content import Report
from engage.reports.onepage import commands
from engage.reports.onepage.charts import choices_of
from engage.reports.onepage.forms import OnePageForm
from engage.reports.onepage.queries import onepage_of
from engage.reports.onepage.rules import MOST
from engage.reports.onepage.sheet import draw_square, preview_page
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_onepage", __name__, url_prefix="/console/reports")

PREVIEW_PPI = 110.0
SQUARE_PREVIEW_PPI = 96.0


@blueprint.route("/<slug>/one-page", methods=["GET", "POST"])
@guarded(Permission.REPORTS_VIEW)
def show(slug: str) -> ResponseReturnValue:
    """Whoever may see the report sees its page; it is changed by whoever may edit or approve in that unit."""
    report = _report(slug)
    saved = onepage_of(report)
    form = OnePageForm(data=asdict(saved) | {"chart": f"{saved.question_key}@{saved.dimension}"})
    form.chart.choices = [("@", _("no chart")), *((each.value, each.words) for each in choices_of(report))]
    if form.is_submitted():
        if not may_edit(report.unit_id):
            abort(403)
        if form.validate() and _save(report, form):
            flash_done(_("The page was saved."))
            return redirect(url_for("reports_onepage.show", slug=slug), code=303)
    body = render_template(
        "onepage/show.html", report=report, page=saved, form=form, may_edit=may_edit(report.unit_id), most=MOST, problem=_problem(report)
    )
    return body, 422 if form.is_submitted() else 200


@blueprint.get("/<slug>/one-page/<any(page, square):what>.png")
@guarded(Permission.REPORTS_VIEW)
def preview(slug: str, what: str) -> ResponseReturnValue:
    """The page as it was saved (or is suggested), to look at on a screen."""
    report = _report(slug)
    page = onepage_of(report)
    picture = preview_page(report, page, ppi=PREVIEW_PPI) if what == "page" else draw_square(report, page, ppi=SQUARE_PREVIEW_PPI)
    response = make_response(picture)
    response.headers["Content-Type"] = "image/png"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def may_edit(unit_id: int) -> bool:
    return acting().may(Permission.SURVEYS_EDIT, unit_id) or acting().may(Permission.CAMPAIGNS_APPROVE, unit_id)


def _save(report: Report, form: OnePageForm) -> bool:
    try:
        commands.save_onepage(report.survey_id, form.page, actor_id=acting().id)
    except Refused as refused:
        name = str(refused.params.get("field", "chart" if refused.code == "onepage_chart_unknown" else "headline"))
        field = form[name]
        field.errors = [*field.errors, explain(refused)]
        if refused.code == "onepage_changed":
            # Whoever has read this and saves once more means it.
            form.revision.raw_data = None
            form.revision.data = str(onepage_of(report).revision)
        return False
    return True


def _problem(report: Report) -> str:
    """Why the saved page can't be drawn: today's figures have longer names than those it was saved with."""
    try:
        preview_page(report, onepage_of(report), ppi=20.0)
    except Refused as refused:
        return explain(refused)
    return ""


def _report(slug: str) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.REPORTS_VIEW, survey.unit_id)
    return queries.report_of(survey.id)
