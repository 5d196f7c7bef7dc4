"""«موضوع‌ها» of one open question: the office's lexicon with its counts, what is suggested, and lines that match."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.jobs import ring
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.tally import MINIMUM, QuestionTally
from engage.reports.themes import commands, jobs
from engage.reports.themes.forms import ChoiceForm, ThemeForm, read_id
from engage.reports.themes.queries import theme_page
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import find_survey

blueprint = Blueprint("reports_themes", __name__, url_prefix="/console/reports/<slug>/themes/<key>")


@blueprint.get("")
@guarded(Permission.REPORTS_VIEW)
def edit(slug: str, key: str) -> ResponseReturnValue:
    """Whoever may see the report reads it; the lexicon is changed by whoever may edit surveys in that unit."""
    report, question = _asked(slug, key, Permission.REPORTS_VIEW)
    return _page(report, question)


@blueprint.post("/add")
@guarded(Permission.SURVEYS_EDIT)
def add(slug: str, key: str) -> ResponseReturnValue:
    report, question = _asked(slug, key, Permission.SURVEYS_EDIT)
    form = ThemeForm()
    label, words = form.label.data or "", form.words.data or ""
    return _done(report, question, form, _("The theme was added."), lambda: commands.add_theme(report, label, words, actor_id=acting().id))


@blueprint.post("/<int:theme_id>")
@guarded(Permission.SURVEYS_EDIT)
def change(slug: str, key: str, theme_id: int) -> ResponseReturnValue:
    report, question = _asked(slug, key, Permission.SURVEYS_EDIT)
    form = ThemeForm()
    return _done(
        report,
        question,
        form,
        _("The theme was changed."),
        lambda: commands.change_theme(
            report,
            theme_id,
            form.label.data or "",
            form.words.data or "",
            is_on=bool(form.is_on.data),
            revision=read_id(form.revision.data),
            actor_id=acting().id,
        ),
    )


@blueprint.post("/<int:theme_id>/delete")
@guarded(Permission.SURVEYS_EDIT)
def delete(slug: str, key: str, theme_id: int) -> ResponseReturnValue:
    report, question = _asked(slug, key, Permission.SURVEYS_EDIT)
    return _done(report, question, None, _("The theme was deleted."), lambda: commands.delete_theme(report, theme_id, actor_id=acting().id))


@blueprint.post("/<int:theme_id>/merge")
@guarded(Permission.SURVEYS_EDIT)
def merge(slug: str, key: str, theme_id: int) -> ResponseReturnValue:
    report, question = _asked(slug, key, Permission.SURVEYS_EDIT)
    into = read_id(ChoiceForm().chosen.data)
    return _done(
        report, question, None, _("The themes were merged."), lambda: commands.merge_themes(report, theme_id, into, actor_id=acting().id)
    )


@blueprint.post("/hide")
@guarded(Permission.SURVEYS_EDIT)
def hide(slug: str, key: str) -> ResponseReturnValue:
    report, question = _asked(slug, key, Permission.SURVEYS_EDIT)
    chosen = ChoiceForm().chosen.data or ""
    return _done(
        report,
        question,
        None,
        _("The quote won't be shown any more."),
        lambda: commands.hide_quote(report, question.key, chosen, actor_id=acting().id),
    )


def _done(report: Report, question: QuestionTally, form: ThemeForm | None, words: str, work: Callable[[], object]) -> ResponseReturnValue:
    try:
        work()
    except Refused as refused:
        return _page(report, question, form=form, problem=explain(refused)), 422
    flash_done(words)
    return redirect(url_for("reports_themes.edit", slug=report.slug, key=question.key), code=303)


def _page(report: Report, question: QuestionTally, *, form: ThemeForm | None = None, problem: str = "") -> str:
    page = theme_page(report, question)
    if page.is_stale:
        ring("bulk", jobs.count_themes, report.survey_id)
    return render_template(
        "themes/edit.html",
        report=report,
        question=question,
        page=page,
        counts={each.id: each for each in page.counted.themes} if page.counted else {},
        typed=form,
        problem=problem,
        minimum=MINIMUM,
        may_edit=acting().may(Permission.SURVEYS_EDIT, report.unit_id),
    )


def _asked(slug: str, key: str, permission: Permission) -> tuple[Report, QuestionTally]:
    survey = find_survey(slug)
    if survey is None or survey.state == "draft":
        abort(404)
    authorize(permission, survey.unit_id)
    report = report_of(survey.id)
    question = report.question(key)
    if report.is_sealed or question is None or not question.is_written:
        abort(404)
    return report, question
