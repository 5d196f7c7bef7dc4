"""Public results in the console: the words, what will be shown, publishing and withdrawing."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports import queries
from engage.reports.content import Report
from engage.reports.results import commands, rules
from engage.reports.results.forms import PublicationForm, WithdrawForm
from engage.reports.results.labels import STATES
from engage.reports.results.queries import Publication, publication_of
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_results", __name__, url_prefix="/console/reports", template_folder="../templates")

_FIELDS = {"results_no_headline": "headline", "results_too_long": "intro"}


@blueprint.route("/<slug>/public", methods=["GET", "POST"])
@guarded(Permission.REPORTS_VIEW)
def edit(slug: str) -> ResponseReturnValue:
    """Whoever sees the report sees what is public; officers write the words, managers publish."""
    report = _report(slug)
    found = publication_of(report.survey_id)
    form = _form(report, found)
    if form.is_submitted():
        if not _may_write(report.unit_id):
            abort(403)
        if form.validate():
            shown = set(form.shown.data or [])
            draft = rules.Draft(
                form.headline.data, form.intro.data or "", tuple(key for key, _words in _choices(report) if key not in shown)
            )
            try:
                commands.save_draft(report.survey_id, draft, seen=_seen(form.revision.data), actor_id=acting().id)
            except Refused as refused:
                _blame(form, report, refused)
            else:
                flash_done(_("The words were saved."))
                return redirect(url_for("reports_results.edit", slug=slug), code=303)
    return _page(report, found, form)


@blueprint.post("/<slug>/public/publish")
@guarded(Permission.REPORTS_DECIDE)
def publish(slug: str) -> ResponseReturnValue:
    report = _report(slug, Permission.REPORTS_DECIDE)
    found = publication_of(report.survey_id)
    form = _form(report, found)
    if form.validate():
        shown = set(form.shown.data or [])
        draft = rules.Draft(form.headline.data, form.intro.data or "", tuple(key for key, _words in _choices(report) if key not in shown))
        try:
            commands.publish_results(report.survey_id, draft, seen=_seen(form.revision.data), actor_id=acting().id)
        except Refused as refused:
            _blame(form, report, refused)
        else:
            flash_done(_("The results are public now."))
            return redirect(url_for("reports_results.edit", slug=slug), code=303)
    return _page(report, found, form)


@blueprint.post("/<slug>/public/withdraw")
@guarded(Permission.REPORTS_DECIDE)
def withdraw(slug: str) -> ResponseReturnValue:
    report = _report(slug, Permission.REPORTS_DECIDE)
    form = WithdrawForm()
    if form.validate():
        try:
            commands.withdraw_results(report.survey_id, form.reason.data, seen=_seen(form.revision.data), actor_id=acting().id)
        except Refused as refused:
            form.reason.errors = [explain(refused)]
        else:
            flash_done(_("The results were withdrawn."))
            return redirect(url_for("reports_results.edit", slug=slug), code=303)
    found = publication_of(report.survey_id)
    return _page(report, found, _form(report, found, is_fresh=True), withdrawing=form)


def _page(report: Report, found: Publication | None, form: PublicationForm, withdrawing: WithdrawForm | None = None) -> ResponseReturnValue:
    problem = ""
    try:
        rules.check_publishing(survey_state=report.state, answers=report.answers, is_sealed=report.is_sealed)
    except Refused as refused:
        problem = explain(refused)
    is_wrong = bool(form.errors or (withdrawing is not None and withdrawing.errors))
    body = render_template(
        "results/edit.html",
        report=report,
        found=found,
        form=form,
        withdrawing=withdrawing or WithdrawForm(formdata=None, data={"revision": found.revision if found else 0}),
        problem=problem,
        looks=STATES,
        may_write=_may_write(report.unit_id),
        may_publish=acting().may(Permission.REPORTS_DECIDE, report.unit_id),
    )
    return body, 422 if is_wrong else 200


def _form(report: Report, found: Publication | None, *, is_fresh: bool = False) -> PublicationForm:
    choices = _choices(report)
    left_out = set(found.left_out) if found else set()
    data = {
        "revision": found.revision if found else 0,
        "headline": found.headline if found else report.title,
        "intro": found.intro if found else "",
        "shown": [key for key, _words in choices if key not in left_out],
    }
    form = PublicationForm(formdata=None, data=data) if is_fresh else PublicationForm(data=data)
    form.shown.choices = choices
    return form


def _choices(report: Report) -> list[tuple[str, str]]:
    """Questions as people saw them: a table is one."""
    found = {each.whole or each.key: each.whole_label or each.label for each in report.content.questions}
    return list(found.items())


def _blame(form: PublicationForm, report: Report, refused: Refused) -> None:
    if refused.code == "results_changed":
        newest = publication_of(report.survey_id)
        # Whoever has read this and saves once more means it.
        form.revision.data = str(newest.revision if newest else 0)
    field = form[_FIELDS.get(refused.code, "headline")]
    field.errors = [*field.errors, explain(refused)]


def _seen(given: str | None) -> int:
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 9 else 0


def _may_write(unit_id: int) -> bool:
    return acting().may(Permission.SURVEYS_EDIT, unit_id) or acting().may(Permission.REPORTS_DECIDE, unit_id)


def _report(slug: str, permission: Permission = Permission.REPORTS_VIEW) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(permission, survey.unit_id)
    return queries.report_of(survey.id)
