"""«تصمیم‌ها و پیوندها» in the console: what was decided after a report, what citizens were promised, who reads along."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.config import Settings
from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.sharing import queries
from engage.reports.sharing.commands import decisions, links, promises
from engage.reports.sharing.forms import DecisionForm, LinkForm, PromiseForm, ReasonForm, StepForm, read_revision
from engage.reports.sharing.labels import SECTIONS, STATES, STEPS
from engage.reports.sharing.queries import Decision
from engage.reports.sharing.rules import ENDED, DecisionState, Section
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_sharing", __name__, url_prefix="/console/reports/<slug>/follow-up")


def get_report(slug: str, permission: Permission) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(permission, survey.unit_id)
    return report_of(survey.id)


@blueprint.get("")
@guarded(Permission.REPORTS_VIEW)
def index(slug: str) -> ResponseReturnValue:
    return _page(get_report(slug, Permission.REPORTS_VIEW))


# -- decisions -----------------------------------------------------------------------------------------------------------------------


@blueprint.route("/decisions/new", methods=["GET", "POST"])
@guarded(Permission.REPORTS_DECIDE)
def new_decision(slug: str) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_DECIDE)
    form, problem = _decision_form(report, None), ""
    if form.validate_on_submit():
        try:
            made = decisions.add_decision(report, form.plan(), actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The decision was recorded."))
            return _back(slug, f"decision-{made}")
    return _decision_page(report, form, problem, None)


@blueprint.route("/decisions/<int:decision_id>", methods=["GET", "POST"])
@guarded(Permission.REPORTS_DECIDE)
def change_decision(slug: str, decision_id: int) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_DECIDE)
    decision = next((each for each in queries.decisions_of(report.survey_id) if each.id == decision_id), None)
    if decision is None:
        abort(404)
    form, problem = _decision_form(report, decision), ""
    if form.validate_on_submit():
        try:
            decisions.change_decision(report, decision_id, form.plan(), read_revision(form.revision.data), actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The decision was changed."))
            return _back(slug, f"decision-{decision_id}")
    return _decision_page(report, form, problem, decision)


@blueprint.post("/decisions/<int:decision_id>/step")
@guarded(Permission.REPORTS_DECIDE)
def step(slug: str, decision_id: int) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_DECIDE)
    form = StepForm()
    try:
        decisions.move_decision(
            report, decision_id, form.to.data or "", form.note.data or "", read_revision(form.revision.data), actor_id=acting().id
        )
    except Refused as refused:
        return _page(report, problem=explain(refused)), 422
    flash_done(_("Recorded."))
    return _back(slug, f"decision-{decision_id}")


def _decision_form(report: Report, decision: Decision | None) -> DecisionForm:
    form = DecisionForm(obj=decision)
    form.question_key.choices = [("", _("none in particular")), *((each.key, each.label) for each in report.content.questions)]
    if decision is None:
        del form.note
    elif decision.question_key and report.question(decision.question_key) is None:
        form.question_key.choices.append((decision.question_key, _("a question of an earlier version")))
    return form


def _decision_page(report: Report, form: DecisionForm, problem: str, decision: Decision | None) -> ResponseReturnValue:
    body = render_template("sharing/decision.html", report=report, form=form, problem=problem, decision=decision)
    return body, 422 if form.is_submitted() else 200


# -- the promise ---------------------------------------------------------------------------------------------------------------------


@blueprint.post("/promise")
@guarded(Permission.REPORTS_DECIDE)
def move_promise(slug: str) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_DECIDE)
    form = PromiseForm()
    if not form.validate():
        return _page(report, promise_form=form), 422
    try:
        promises.move_promise(report.survey_id, form.results_on.data, form.reason.data or "", actor_id=acting().id)
    except Refused as refused:
        return _page(report, promise_form=form, problem=explain(refused)), 422
    flash_done(_("Citizens read the day and the reason from now on."))
    return _back(slug, "promise")


@blueprint.post("/promise/<int:line_id>")
@guarded(Permission.REPORTS_DECIDE)
def explain_move(slug: str, line_id: int) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_DECIDE)
    form = ReasonForm()
    try:
        promises.explain_move(report.survey_id, line_id, form.reason.data or "", actor_id=acting().id)
    except Refused as refused:
        return _page(report, problem=explain(refused)), 422
    flash_done(_("Citizens read the day and the reason from now on."))
    return _back(slug, "promise")


# -- links ---------------------------------------------------------------------------------------------------------------------------


@blueprint.post("/links")
@guarded(Permission.REPORTS_EXPORT)
def make_link(slug: str) -> ResponseReturnValue:
    """The link's letters stand on this answer and nowhere else."""
    report = get_report(slug, Permission.REPORTS_EXPORT)
    form = LinkForm()
    if not form.validate():
        return _page(report, link_form=form), 422
    try:
        token = links.make_link(report, form.label.data or "", form.sections.data or (), form.days.data or 0, actor_id=acting().id)
    except Refused as refused:
        return _page(report, link_form=form, problem=explain(refused)), 422
    response = _page(report, address=f"{_base_url()}{url_for('report_links.show', token=token)}", address_of=form.label.data or "")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/links/<int:link_id>/revoke")
@guarded(Permission.REPORTS_EXPORT)
def revoke_link(slug: str, link_id: int) -> ResponseReturnValue:
    report = get_report(slug, Permission.REPORTS_EXPORT)
    try:
        links.revoke_link(report.survey_id, link_id, title=report.title, unit_id=report.unit_id, actor_id=acting().id)
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(_("The link opens no page any more."))
    return _back(slug, "links")


# -- parts ---------------------------------------------------------------------------------------------------------------------------


def _page(
    report: Report,
    *,
    problem: str = "",
    promise_form: PromiseForm | None = None,
    link_form: LinkForm | None = None,
    address: str = "",
    address_of: str = "",
) -> Response:
    decided = queries.decisions_of(report.survey_id)
    promise = queries.promise_of(report.survey_id)
    actor = acting()
    return make_response(
        render_template(
            "sharing/index.html",
            report=report,
            decisions=decided,
            labels={each.key: each.label for each in report.content.questions},
            states=STATES,
            steps=STEPS,
            ended={str(each) for each in ENDED},
            tellable=any(each.state == DecisionState.DONE and each.said_at is None for each in decided),
            promise=promise,
            promise_form=promise_form or PromiseForm(formdata=None, data={"results_on": promise.results_on if promise else None}),
            reason_form=ReasonForm(formdata=None),
            links=queries.links_of(report.survey_id),
            sections=SECTIONS,
            link_form=link_form or LinkForm(formdata=None, data={"days": 14, "sections": [str(Section.FINDINGS), str(Section.QUESTIONS)]}),
            address=address,
            address_of=address_of,
            problem=problem,
            may_decide=actor.may(Permission.REPORTS_DECIDE, report.unit_id),
            may_share=actor.may(Permission.REPORTS_EXPORT, report.unit_id),
            may_tell=actor.may(Permission.CAMPAIGNS_EDIT, report.unit_id),
        )
    )


def _back(slug: str, anchor: str) -> ResponseReturnValue:
    return redirect(url_for("reports_sharing.index", slug=slug, _anchor=anchor), code=303)


def _base_url() -> str:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.base_url
