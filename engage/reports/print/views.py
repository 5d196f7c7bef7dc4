"""A question's chart to take away: SVG and PNG."""

from __future__ import annotations

from flask import Blueprint, abort, make_response
from flask.typing import ResponseReturnValue

from engage.identity.guard import authorize, guarded
from engage.identity.rules import Permission
from engage.reports import commands, queries
from engage.reports.print.pictures import MIMETYPES, has_picture, picture_of
from surveys.queries import find_survey

blueprint = Blueprint("reports_print", __name__, url_prefix="/console/reports")


@blueprint.get("/<slug>/charts/<key>.<any(svg, png):kind>")
@guarded(Permission.REPORTS_EXPORT)
def chart(slug: str, key: str, kind: str) -> ResponseReturnValue:
    """404 for a question that isn't there, or of which nothing is drawn."""
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.REPORTS_EXPORT, survey.unit_id)
    report = queries.report_of(survey.id)
    if not has_picture(report, key):
        abort(404)
    picture = picture_of(report, key, kind)
    commands.record_export(report, f"{key}.{kind}")
    response = make_response(picture)
    response.headers["Content-Type"] = MIMETYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{report.slug}-{_file_name(key)}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _file_name(key: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in key)
