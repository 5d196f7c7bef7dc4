"""Census figures in the console: what holds, importing with a look before, removing."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.census import commands
from engage.reports.census.forms import CensusForm
from engage.reports.census.queries import versions_of
from engage.reports.census.rules import MOST_CHARACTERS, Margins, read_rows
from engage.reports.render.group_words import dimension_words, group_words
from engage.web.flashes import flash_done
from engage.web.refusals import explain

blueprint = Blueprint("reports_census", __name__, url_prefix="/console/reports-census", template_folder="../templates")

_FIELDS = {"census_source_missing": "source", "census_source_long": "source", "census_day_ahead": "dated_on"}
TEMPLATE = "بُعد,گروه,جمعیت\nسن,0-17,\nسن,18-29,\nسن,30-44,\nسن,45-59,\nسن,60+,\nجنسیت,زن,\nجنسیت,مرد,\n"


@blueprint.route("", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def index() -> ResponseReturnValue:
    """Of the unit that is chosen above. «دیدن» reads and checks; «ثبت» writes what was seen."""
    unit = acting().unit
    form = CensusForm()
    read: Margins | None = None
    if form.validate_on_submit() and form.dated_on.data is not None:
        is_trial = "keep" not in request.form
        try:
            rows = read_rows(_typed(form))
            read = commands.import_margins(
                unit.id, rows, source=form.source.data, dated_on=form.dated_on.data, actor_id=acting().id, is_trial=is_trial
            )
        except Refused as refused:
            field = form[_FIELDS.get(refused.code, "pasted")]
            field.errors = [*field.errors, explain(refused)]
        else:
            if not is_trial:
                flash_done(_("The figures hold from now on; the reports of %(unit)s are made anew.", unit=unit.name))
                return redirect(url_for("reports_census.index"), code=303)
            form.pasted.data = _typed(form)
    body = render_template(
        "census/index.html", form=form, read=read and _tables(read), versions=versions_of(unit.id), tables=_tables, unit=unit
    )
    return body, 422 if form.errors else 200


@blueprint.post("/<int:version_id>/remove")
@guarded(Permission.CONTACTS_MANAGE)
def remove(version_id: int) -> ResponseReturnValue:
    if all(each.id != version_id for each in versions_of(acting().unit.id)):
        abort(404)
    try:
        commands.remove_version(acting().unit.id, version_id, actor_id=acting().id)
    except Refused as refused:
        return explain(refused), 409
    flash_done(_("The figures were removed."))
    return redirect(url_for("reports_census.index"), code=303)


@blueprint.get("/template.csv")
@guarded(Permission.CONTACTS_MANAGE)
def template() -> ResponseReturnValue:
    headers = {"Content-Disposition": 'attachment; filename="census.csv"'}
    return Response("\ufeff" + TEMPLATE, content_type="text/csv; charset=utf-8", headers=headers)


def _typed(form: CensusForm) -> str:
    """What the file says, where there is one; anything that isn't UTF-8 becomes signs no group has."""
    upload = form.file.data
    if upload and getattr(upload, "filename", ""):
        content: bytes = upload.stream.read(MOST_CHARACTERS * 4 + 1)
        return content.decode("utf-8", "replace").replace("\0", "")
    return str(form.pasted.data or "").replace("\0", "")


def _tables(margins: Margins) -> list[tuple[str, list[tuple[str, int, float]], int]]:
    """Dimension, its groups with people and share, and the total."""
    found = []
    for dimension, groups in margins.items():
        total = sum(groups.values())
        rows = [(group_words(dimension, group, {}), count, count / total if total else 0.0) for group, count in groups.items()]
        found.append((dimension_words(dimension), rows, total))
    return found
