"""The top-up sample in the console: groups that lack, how many could be asked, and a saved group to send to."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.render.group_words import dimension_words, group_words
from engage.reports.topup.commands import count_reach, save_topup
from engage.reports.topup.rules import Choice, choices_of
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_topup", __name__, url_prefix="/console/reports", template_folder="../templates")


@blueprint.route("/<slug>/top-up", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def new(slug: str) -> ResponseReturnValue:
    """«شمردن» tells how many there are; «ذخیره» makes the group."""
    report = _report(slug)
    choices = choices_of(report.content.analysis)
    chosen = request.form.getlist("groups") if request.method == "POST" else [each.key for each in choices if each.is_lacking]
    title = request.form.get("title", "").strip() or _title(report, [each for each in choices if each.key in chosen])
    problem, reach = "", None
    try:
        if request.method == "POST" and "save" in request.form:
            segment = save_topup(report, chosen, title, actor_id=acting().id)
            flash_done(_("The group was saved. Choose it as the audience of a new campaign."))
            return redirect(url_for("contacts.segment", slug=segment), code=303)
        if chosen:
            reach = count_reach(report, chosen)
        elif request.method == "POST":
            raise Refused("topup_nothing_chosen")
    except Refused as refused:
        problem = explain(refused)
    body = render_template(
        "topup/new.html",
        report=report,
        rows=[(each, _words(each)) for each in choices],
        chosen=chosen,
        title_now=title,
        problem=problem,
        reach=reach,
    )
    return body, 422 if problem else 200


def _title(report: Report, choices: list[Choice]) -> str:
    groups = "، ".join(group_words(each.dimension, each.group, {}) for each in choices[:3])
    return (_("Top-up: %(groups)s", groups=groups) if groups else _("Top-up of “%(title)s”", title=report.title))[:120]


def _words(choice: Choice) -> str:
    return f"{dimension_words(choice.dimension)}: {group_words(choice.dimension, choice.group, {})}"


def _report(slug: str) -> Report:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.CONTACTS_EDIT, survey.unit_id)
    return report_of(survey.id)
