"""Staff pages: the list, the editor, the preview, publishing and closing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.clock import TEHRAN, today_in_tehran
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done, flash_undo
from engage.web.refusals import explain
from surveys import commands, editing, queries
from surveys.asked import Asked, Office
from surveys.citizen import form as citizen_form
from surveys.definitions import Definition, estimated_minutes, gaps
from surveys.forms import FORMS, NewSurveyForm, PublishForm, QuestionForm, TextsForm
from surveys.queries import SurveyDetail
from surveys.starters import STARTERS
from surveys.types import type_of
from surveys.words import GAPS, STATES, TYPE_ICONS, TYPES

blueprint = Blueprint("surveys", __name__, url_prefix="/console/surveys", template_folder="templates")


def _survey_or_404(slug: str, permission: Permission = Permission.SURVEYS_VIEW) -> SurveyDetail:
    survey = queries.find_survey(slug)
    if survey is None:
        abort(404)
    authorize(permission, survey.unit_id)
    return survey


def _may_edit(survey: SurveyDetail) -> bool:
    return acting().may(Permission.SURVEYS_EDIT, survey.unit_id)


# -- list and new --------------------------------------------------------------------------------------------------------------------


@blueprint.get("")
@guarded(Permission.SURVEYS_VIEW)
def list_page() -> ResponseReturnValue:
    surveys = queries.list_surveys(visible_unit_ids(Permission.SURVEYS_VIEW))
    state = request.args.get("state", "")
    counts = {name: sum(each.state == name for each in surveys) for name in STATES}
    shown = [each for each in surveys if each.state == state] if state in STATES else surveys
    units = {node.id: node.name for node in acting().units}
    return render_template("surveys/list.html", surveys=shown, total=len(surveys), counts=counts, state=state, states=STATES, units=units)


@blueprint.route("/new", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def new_page() -> ResponseReturnValue:
    form, problem = NewSurveyForm(), ""
    if form.validate_on_submit():
        title = form.title.data or ""
        try:
            survey_id = commands.create_survey(current_unit().id, title, STARTERS[form.starter.data](title), actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            survey = queries.get_survey(survey_id)
            assert survey is not None
            return redirect(url_for("surveys.edit_page", slug=survey.slug), code=303)
    return render_template("surveys/new.html", form=form, problem=problem), 422 if request.method == "POST" else 200


# -- one survey ----------------------------------------------------------------------------------------------------------------------


@blueprint.get("/<slug>")
@guarded(Permission.SURVEYS_VIEW)
def survey_page(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    may_edit = _may_edit(survey)
    if survey.state == "draft" and may_edit:
        return redirect(url_for("surveys.edit_page", slug=slug), code=303)
    published = queries.definition_of(survey.published_version_id) if survey.published_version_id is not None else survey.draft
    return render_template(
        "surveys/survey.html",
        survey=survey,
        published=published,
        is_draft_ahead=survey.published_version_id is not None and published != survey.draft,
        versions=queries.versions_of(survey.id),
        funnel=queries.invitation_funnel(survey.id),
        types=TYPES,
        type_of=type_of,
        minutes=estimated_minutes(published),
        may_edit=may_edit,
        states=STATES,
    )


@blueprint.post("/<slug>/close")
@guarded(Permission.SURVEYS_EDIT)
def close_survey(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    commands.close_survey(survey.id, actor_id=acting().id)
    flash_done(_("The survey is closed. To open it again, publish it with a new last day."))
    return redirect(url_for("surveys.survey_page", slug=slug), code=303)


# -- the editor ----------------------------------------------------------------------------------------------------------------------


@blueprint.get("/<slug>/edit")
@guarded(Permission.SURVEYS_EDIT)
def edit_page(slug: str) -> ResponseReturnValue:
    return _editor(_survey_or_404(slug, Permission.SURVEYS_EDIT))


def _editor(
    survey: SurveyDetail, *, problem: str = "", texts: TextsForm | None = None, changed: dict[str, QuestionForm] | None = None, status: int = 200
) -> ResponseReturnValue:
    changed = changed or {}
    missing: dict[str, list[str]] = {}
    for gap in gaps(survey.draft):
        missing.setdefault(gap.question_id, []).append(gap.code)
    rows = []
    for question in survey.draft.questions:
        form = changed.get(question.id)
        if form is None:
            form = FORMS[type(question)](formdata=None, prefix=f"{question.id}-")
            form.show(question)
        form.revision.data = str(survey.revision)
        rows.append((question, form, missing.get(question.id, [])))
    if texts is None:
        texts = TextsForm(formdata=None, title=survey.draft.title, intro=survey.draft.intro)
    texts.revision.data = str(survey.revision)
    page = render_template(
        "surveys/edit.html",
        survey=survey,
        texts=texts,
        rows=rows,
        problem=problem,
        types=TYPES,
        type_icons=TYPE_ICONS,
        type_of=type_of,
        gap_words=GAPS,
        opened=request.args.get("open", "") or next(iter(changed), ""),
        minutes=estimated_minutes(survey.draft),
    )
    return page, status


def _revision() -> int:
    """The revision the page was made from; -1, which never matches, when the form doesn't say."""
    typed = next((value for name, value in request.form.items() if name == "revision" or name.endswith("-revision")), "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def _to_editor(slug: str, opened: str = "", anchor: str = "") -> ResponseReturnValue:
    return redirect(url_for("surveys.edit_page", slug=slug, open=opened or None, _anchor=anchor or opened or None), code=303)


@blueprint.post("/<slug>/edit")
@guarded(Permission.SURVEYS_EDIT)
def save_texts(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    form = TextsForm()
    if not form.validate():
        return _editor(survey, texts=form, status=422)
    changed = editing.replace(survey.draft, title=form.title.data or "", intro=form.intro.data or "")
    try:
        commands.save_draft(survey.id, changed, _revision(), actor_id=acting().id)
    except Refused as refused:
        return _editor(_survey_or_404(slug), texts=form, problem=explain(refused), status=_status(refused))
    flash_done(_("Saved."))
    return _to_editor(slug)


@blueprint.post("/<slug>/edit/add")
@guarded(Permission.SURVEYS_EDIT)
def add_question(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    changed, question_id = editing.add_question(survey.draft, request.form.get("kind", ""))
    refusal = _save(survey, changed)
    return refusal or _to_editor(slug, question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>")
@guarded(Permission.SURVEYS_EDIT)
def save_question(slug: str, question_id: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    question = survey.draft.question(question_id)
    if question is None:
        raise Refused("question_gone")
    form = FORMS[type(question)](prefix=f"{question_id}-")
    if not form.validate():
        return _editor(survey, changed={question_id: form}, status=422)
    try:
        changed = editing.change_question(survey.draft, question_id, form.changes(question))
        commands.save_draft(survey.id, changed, _revision(), actor_id=acting().id)
    except Refused as refused:
        # The form keeps what was typed and takes the new revision along: saving again is then a decision.
        return _editor(_survey_or_404(slug), changed={question_id: form}, problem=explain(refused), status=_status(refused))
    flash_done(_("Saved."))
    return _to_editor(slug, anchor=question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>/<any('up', 'down'):way>")
@guarded(Permission.SURVEYS_EDIT)
def move_question(slug: str, question_id: str, way: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    changed = editing.move_question(survey.draft, question_id, -1 if way == "up" else 1)
    return _save(survey, changed) or _to_editor(slug, anchor=question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>/delete")
@guarded(Permission.SURVEYS_EDIT)
def delete_question(slug: str, question_id: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    refusal = _save(survey, editing.delete_question(survey.draft, question_id))
    if refusal is not None:
        return refusal
    flash_undo(_("The question was deleted."), url_for("surveys.undo_save", slug=slug, revision=survey.revision + 1))
    return _to_editor(slug)


@blueprint.post("/<slug>/edit/undo/<int:revision>")
@guarded(Permission.SURVEYS_EDIT)
def undo_save(slug: str, revision: int) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    commands.undo_last_save(survey.id, revision, actor_id=acting().id)
    flash_done(_("The draft is as it was before."))
    return _to_editor(slug)


def _save(survey: SurveyDetail, changed: Definition) -> ResponseReturnValue | None:
    """Save a step that has nothing typed in it; a page with the reason when it was refused."""
    try:
        commands.save_draft(survey.id, changed, _revision(), actor_id=acting().id)
    except Refused as refused:
        return _editor(_survey_or_404(survey.slug), problem=explain(refused), status=_status(refused))
    return None


def _status(refused: Refused) -> int:
    return 409 if refused.code == "draft_changed" else 422


# -- preview and publishing ----------------------------------------------------------------------------------------------------------


@blueprint.get("/<slug>/preview")
@guarded(Permission.SURVEYS_VIEW)
def preview_page(slug: str) -> ResponseReturnValue:
    return render_template("surveys/preview.html", survey=_survey_or_404(slug))


@blueprint.get("/<slug>/preview/page")
@guarded(Permission.SURVEYS_VIEW)
def preview_document(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    unit = get_unit(survey.unit_id)
    page = citizen_form.preview_page(Asked(0, survey.draft, Office(unit.name if unit else ""), survey.closes_at, survey.results_on))
    headers = {
        "Content-Security-Policy": page.policy,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(page.body, headers=headers, content_type="text/html; charset=utf-8")


@blueprint.route("/<slug>/publish", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def publish_page(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    form, problem = PublishForm(), ""
    missing = gaps(survey.draft)
    if request.method == "GET":
        today = today_in_tehran().date()
        form = PublishForm(
            formdata=None,
            closes_on=survey.closes_at.astimezone(TEHRAN).date() if survey.closes_at and survey.state == "open" else today + timedelta(days=14),
            results_on=survey.results_on if survey.results_on and survey.state == "open" else today + timedelta(days=25),
        )
    elif form.validate() and form.closes_on.data is not None:
        closes_at = datetime.combine(form.closes_on.data, time(23, 59, 59), TEHRAN).astimezone(UTC)
        try:
            commands.publish_survey(survey.id, closes_at=closes_at, results_on=form.results_on.data, actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The survey is published. Next, make a campaign that carries its links."))
            return redirect(url_for("surveys.survey_page", slug=slug), code=303)
    page = render_template(
        "surveys/publish.html",
        survey=survey,
        form=form,
        problem=problem,
        missing=missing,
        gap_words=GAPS,
        minutes=estimated_minutes(survey.draft),
        versions=queries.versions_of(survey.id),
    )
    return page, 422 if request.method == "POST" else 200
