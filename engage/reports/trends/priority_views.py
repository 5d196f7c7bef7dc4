"""Priorities beside satisfaction, in the console."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.queries import report_of
from engage.reports.trends.commands import save_priorities
from engage.reports.trends.drawing import scatter_of
from engage.reports.trends.priorities import Quadrant, importance_questions, place_topics, satisfaction_questions, suggest_pairs
from engage.reports.trends.queries import Priorities, priorities_of
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_priorities", __name__, url_prefix="/console/reports", template_folder="../templates")


@blueprint.route("/<slug>/priorities", methods=["GET", "POST"])
@guarded(Permission.REPORTS_VIEW)
def show(slug: str) -> ResponseReturnValue:
    """Whoever sees the report sees them; officers and managers choose. `importance` in the address shows another question's options."""
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(Permission.REPORTS_VIEW, survey.unit_id)
    report = report_of(survey.id)
    may_choose = acting().may(Permission.SURVEYS_EDIT, report.unit_id) or acting().may(Permission.REPORTS_DECIDE, report.unit_id)
    questions = report.content.questions
    asked, scales = importance_questions(questions), satisfaction_questions(questions)
    saved, problem = priorities_of(survey.id), ""
    if request.method == "POST":
        if not may_choose:
            abort(403)
        key = request.form.get("importance", "")
        pairs = {name.removeprefix("s-"): value for name, value in request.form.items() if name.startswith("s-") and value}
        seen = request.form.get("revision", "0")
        try:
            save_priorities(
                report, key, pairs, seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0, actor_id=acting().id
            )
        except Refused as refused:
            problem = explain(refused)
            saved = Priorities(key, pairs, saved.revision if saved else 0)
        else:
            flash_done(_("The questions were saved."))
            return redirect(url_for("reports_priorities.show", slug=slug), code=303)
    known = {each.key: each for each in questions}
    wanted = request.args.get("importance", "") or (saved.importance_key if saved else "")
    importance = next((each for each in asked if each.key == wanted), asked[0] if asked else None)
    pairs = (
        saved.pairs
        if saved and importance and importance.key == saved.importance_key
        else suggest_pairs(importance, scales)
        if importance
        else {}
    )
    topics = (
        place_topics(importance, saved.pairs, known)
        if saved and importance and importance.key == saved.importance_key and not problem
        else []
    )
    body = render_template(
        "trends/priorities.html",
        report=report,
        asked=asked,
        scales=scales,
        importance=importance,
        pairs=pairs,
        revision=saved.revision if saved else 0,
        topics=topics,
        drawing=scatter_of(topics) if topics else "",
        quadrants={
            Quadrant.FIRST: _("important, not content: this first"),
            Quadrant.KEEP: _("important, content: keep it up"),
            Quadrant.LATER: _("less important, not content: later"),
            Quadrant.ENOUGH: _("less important, content: enough"),
        },
        may_choose=may_choose,
        problem=problem,
    )
    return body, 422 if problem else 200
