"""Surveys in and out as files: our JSON, XLSForm, the paper form."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, current_unit, guarded
from engage.identity.queries import get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys import commands, queries
from surveys.asked import Asked, Office
from surveys.definitions import Definition, DefinitionProblem, dump_text, load_text
from surveys.forms.survey import SurveyFileForm
from surveys.interchange.findings import Skipped
from surveys.interchange.from_xlsform import import_form
from surveys.interchange.to_xlsform import export_form, what_is_lost
from surveys.interchange.words import explain as explain_finding
from surveys.paper import paper_form
from surveys.views.base import as_file, blueprint, survey_or_404

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Finding:
    """Something that couldn't be carried over as it was, for people."""

    sheet: str
    row: int
    what: str
    why: str


@blueprint.route("/import", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def import_page() -> ResponseReturnValue:
    form, problem = SurveyFileForm(), ""
    if form.validate_on_submit():
        try:
            definition, skipped, warnings = _read(form.file.data)
            title = definition.title.strip() or Path(form.file.data.filename).stem[:200]
            survey_id = commands.create_survey(current_unit().id, title, definition, actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            survey = queries.get_survey(survey_id)
            assert survey is not None
            if not skipped and not warnings:
                flash_done(_("The form was taken over whole. Look through it once."))
                return redirect(url_for("surveys.edit_page", slug=survey.slug), code=303)
            return render_template("surveys/imported.html", survey=survey, skipped=_told(skipped), warnings=_told(warnings))
    page = render_template("surveys/import.html", form=form, problem=problem)
    return page, 422 if request.method == "POST" else 200


def _read(upload: object) -> tuple[Definition, list[Skipped], list[Skipped]]:
    name = str(getattr(upload, "filename", ""))
    content = upload.read()  # type: ignore[attr-defined]
    if name.lower().endswith(".json"):
        try:
            return load_text(content), [], []
        except DefinitionProblem as problem:
            raise Refused(problem.code, place=problem.place) from None
    with tempfile.TemporaryDirectory(prefix="engage-form-") as folder:
        path = Path(folder) / f"form{Path(name).suffix.lower()}"
        path.write_bytes(content)
        found = import_form(path)
    return found.definition, found.skipped, found.warnings


def _told(findings: list[Skipped]) -> list[Finding]:
    return [Finding(each.sheet, each.row, each.what, explain_finding(each)) for each in findings]


@blueprint.get("/<slug>/files")
@guarded(Permission.SURVEYS_VIEW)
def files_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug)
    skipped = _told(what_is_lost(survey.draft))
    return render_template("surveys/files.html", survey=survey, skipped=skipped)


@blueprint.get("/<slug>/files/<any('json', 'xlsx', 'pdf'):kind>")
@guarded(Permission.SURVEYS_VIEW)
def export_file(slug: str, kind: str) -> ResponseReturnValue:
    """The draft as a file."""
    survey = survey_or_404(slug)
    if kind == "json":
        return as_file(dump_text(survey.draft), "application/json", survey.title, ".json")
    if kind == "xlsx":
        return as_file(export_form(survey.draft).content, XLSX, survey.title, ".xlsx")
    unit = get_unit(survey.unit_id)
    asked = Asked(0, survey.draft, Office(unit.name if unit else ""), survey.closes_at, survey.results_on)
    return as_file(paper_form(asked), "application/pdf", survey.title, ".pdf")
