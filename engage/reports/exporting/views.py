"""«فایل‌ها»: asking for a file, seeing how far it is, taking it away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.commands import record_export
from engage.reports.exporting import commands, queries, store
from engage.reports.exporting.labels import KINDS, STATES, size_words
from engage.reports.exporting.rules import KEPT, FileState, download_name
from engage.reports.exporting.xlsx_file import MOST_ROWS
from engage.reports.queries import report_of
from engage.reports.render import FORMATS
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import SurveyDetail, find_survey

blueprint = Blueprint("reports_exporting", __name__, url_prefix="/console/reports", template_folder="../templates")


def _survey(slug: str) -> SurveyDetail:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.REPORTS_EXPORT, survey.unit_id)
    return survey


def _may_read(survey: SurveyDetail) -> bool:
    return acting().may(Permission.RESPONSES_READ, survey.unit_id)


@blueprint.get("/<slug>/exports")
@guarded(Permission.REPORTS_EXPORT)
def index(slug: str) -> ResponseReturnValue:
    return _page("reports/exporting/index.html", _survey(slug))


@blueprint.get("/<slug>/exports/list")
@guarded(Permission.REPORTS_EXPORT)
def listed(slug: str) -> ResponseReturnValue:
    """The part that changes while files are written."""
    return _page("reports/exporting/_files.html", _survey(slug))


@blueprint.post("/<slug>/exports")
@guarded(Permission.REPORTS_EXPORT)
def ask(slug: str) -> ResponseReturnValue:
    survey = _survey(slug)
    kind = request.form.get("kind", "")
    if kind not in FORMATS:
        abort(400)
    try:
        commands.ask_for_file(survey.id, kind, actor_id=acting().id, whole=_may_read(survey))
    except Refused as refused:
        return _page("reports/exporting/index.html", survey, explain(refused)), 422
    flash_done(_("The file is being made; it appears below when it is ready."))
    return redirect(url_for(".index", slug=slug), code=303)


@blueprint.post("/<slug>/exports/<name>")
@guarded(Permission.REPORTS_EXPORT)
def take(slug: str, name: str) -> ResponseReturnValue:
    survey = _survey(slug)
    found = queries.find_file(name)
    if found is None or found.survey_id != survey.id or (found.is_whole and not _may_read(survey)):
        abort(404)
    path = store.find_file(found.slug) if found.state == FileState.READY else None
    if path is None or found.ready_at is None:
        return _page("reports/exporting/index.html", survey, explain(Refused("report_file_gone", days=KEPT.days))), 410
    record_export(report_of(survey.id), found.kind)
    response: Response = send_file(
        path.open("rb"),
        mimetype=FORMATS[found.kind].mimetype if found.kind in FORMATS else "application/octet-stream",
        as_attachment=True,
        download_name=download_name(survey.slug, found.kind, found.ready_at),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(template: str, survey: SurveyDetail, problem: str = "") -> str:
    files = queries.files_of(survey.id, with_whole=_may_read(survey))
    possible = queries.kinds_for(survey.id)
    offered = {kind: words for kind, words in KINDS.items() if kind in possible}
    return render_template(
        template,
        survey=survey,
        files=files,
        offered=offered,
        kinds=KINDS,
        looks=STATES,
        problem=problem,
        days=KEPT.days,
        size_words=size_words,
        explained={each.slug: explain(Refused(each.problem, days=KEPT.days, limit=MOST_ROWS)) for each in files if each.problem},
    )
