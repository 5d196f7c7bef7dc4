"""Reports in the console: the list, a report that keeps itself up to date, what people wrote, files."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from flask import Blueprint, Response, abort, make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue

from engage.identity.guard import acting, authorize, guarded, visible_unit_ids
from engage.identity.queries import get_unit, units_tree
from engage.identity.rules import Permission
from engage.reports import commands, queries
from engage.reports.content import Report
from engage.reports.labels import SURVEY_STATES
from engage.reports.masking import mask_numbers
from engage.reports.render import FORMATS
from engage.reports.render.page import page_of
from engage.reports.sharing.labels import STATES as DECISION_STATES
from engage.reports.sharing.queries import decisions_of, promise_of
from engage.reports.tally import MINIMUM
from engage.reports.themes.queries import themes_of
from engage.reports.wording import wording_of
from surveys.queries import find_survey, get_survey
from surveys.sealing import sealed_count_words

blueprint = Blueprint("reports", __name__, url_prefix="/console/reports", template_folder="templates")

QUOTES = 3
PAGE_SIZE = 25


@blueprint.get("")
@guarded(Permission.REPORTS_VIEW)
def index() -> ResponseReturnValue:
    lines = queries.list_reports(visible_unit_ids(Permission.REPORTS_VIEW))
    names = {node.id: node.name for node in units_tree()}
    last = max(1, -(-len(lines) // PAGE_SIZE))
    page = max(1, min(request.args.get("page", 1, type=int), last))
    return render_template(
        "reports/index.html",
        lines=lines[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        total=len(lines),
        page=page,
        size=PAGE_SIZE,
        unit_names=names,
        looks=SURVEY_STATES,
        minimum=MINIMUM,
        sealed_words=sealed_count_words(),
    )


@blueprint.get("/<slug>")
@guarded(Permission.REPORTS_VIEW)
def show(slug: str) -> ResponseReturnValue:
    return _page("reports/show.html", _report(slug, Permission.REPORTS_VIEW))


@blueprint.get("/<slug>/live")
@guarded(Permission.REPORTS_VIEW)
def live(slug: str) -> ResponseReturnValue:
    """The part that changes; 204 while what the page shows (`seen`) is the newest."""
    report = _report(slug, Permission.REPORTS_VIEW)
    if request.args.get("seen") == report.stamp:
        return "", 204
    return _page("reports/_live.html", report)


@blueprint.get("/<slug>/texts/<key>")
@guarded(Permission.REPORTS_VIEW)
def texts(slug: str, key: str) -> ResponseReturnValue:
    report = _report(slug, Permission.REPORTS_VIEW)
    question = report.question(key)
    if question is None or not question.is_written:
        abort(404)
    page = max(1, min(request.args.get("page", 1, type=int), 10**6))
    written = [] if question.answered < MINIMUM else queries.texts_of(report, key, page=page, size=PAGE_SIZE)
    return render_template(
        "reports/texts.html",
        report=report,
        question=question,
        texts=[mask_numbers(each) for each in written],
        page=page,
        size=PAGE_SIZE,
        minimum=MINIMUM,
    )


@blueprint.post("/<slug>/files/<kind>")
@guarded(Permission.REPORTS_EXPORT)
def export(slug: str, kind: str) -> ResponseReturnValue:
    report = _report(slug, Permission.REPORTS_EXPORT)
    if kind not in FORMATS:
        abort(404)
    # Written to its end before the first byte is sent: a fault shows as one, not as a file cut short.
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the response closes it
    FORMATS[kind].write(report, file)
    file.seek(0)
    commands.record_export(report, kind)
    return send_file(file, mimetype=FORMATS[kind].mimetype, as_attachment=True, download_name=f"report-{report.slug}.{kind}")


def _kinds(report: Report) -> tuple[str, ...]:
    """What this reader may take away at once: of an anonymous survey nothing with a row for each answer."""
    is_anonymous = _is_anonymous(report)
    return tuple(kind for kind, each in FORMATS.items() if not (is_anonymous and each.has_rows))


def _is_anonymous(report: Report) -> bool:
    survey = get_survey(report.survey_id)
    return survey is None or survey.is_anonymous


def _report(slug: str, permission: Permission) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(permission, survey.unit_id)
    return queries.report_of(survey.id)


def _page(template: str, report: Report) -> Response:
    quotes = {
        each.key: tuple(mask_numbers(text) for text in queries.texts_of(report, each.key, page=1, size=QUOTES))
        for each in report.content.questions
        if each.is_written and each.answered >= MINIMUM
    }
    unit = get_unit(report.unit_id)
    return make_response(
        render_template(
            template,
            report=report,
            page=page_of(report, quotes, by=request.args.get("by", ""), wording=wording_of(report.survey_id)),
            unit_name=unit.name if unit else "",
            in_console=True,
            looks=SURVEY_STATES,
            kinds=_kinds(report),
            may_filter=not _is_anonymous(report) and acting().may(Permission.RESPONSES_READ, report.unit_id),
            decisions=decisions_of(report.survey_id),
            promise=promise_of(report.survey_id),
            decision_words={state: look.label for state, look in DECISION_STATES.items()},
            themes={each.question_key: each for each in themes_of(report)},
        )
    )
