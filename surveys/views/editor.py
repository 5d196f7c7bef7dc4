"""The editor: cards of questions on their pages, saved one by one, never over a colleague's work."""

from __future__ import annotations

import json
from typing import Any

from flask import jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.clock import now
from engage.identity.guard import acting, guarded
from engage.identity.queries import user_name
from engage.identity.rules import Permission
from engage.persian import to_latin_digits
from engage.refusal import Refused
from engage.web.filters import clock_time, digits, number
from engage.web.flashes import flash_done, flash_undo
from engage.web.refusals import wants_json
from surveys import commands, editing, queries
from surveys.definitions import Definition, estimated_minutes
from surveys.differing import differences
from surveys.forms import FORMS, QuestionForm, TextsForm
from surveys.forms.question import LOGIC_FIELDS, RuleForm
from surveys.queries import SurveyDetail
from surveys.views import picker
from surveys.views.base import blueprint, save, status_of, survey_or_404, tell, to_editor
from surveys.views.cards import cards_of, choices_for_script, problems_of, rule_form
from surveys.views.versions import change_rows

OPTIONAL_FIELDS = frozenset(
    {
        *("hint", "exclusive", "other", "none_label", "unknown_label", "min_choices", "max_choices", "most", "min_ranks", "most_each"),
        *("min", "max", "unit", "low_label", "high_label", "parameter", "value", "allowed"),
    }
)


@blueprint.get("/<slug>/edit")
@guarded(Permission.SURVEYS_EDIT)
def edit_page(slug: str) -> ResponseReturnValue:
    return _editor(survey_or_404(slug, Permission.SURVEYS_EDIT))


def _editor(
    survey: SurveyDetail,
    *,
    problem: str = "",
    texts: TextsForm | None = None,
    opened: str = "",
    form: QuestionForm | None = None,
    rule: RuleForm | None = None,
    theirs: list[Any] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    opened = opened or request.args.get("open", "")
    if form is not None:
        form.revision.data = str(survey.revision)
    cards = cards_of(survey.draft, opened, form, rule)
    card = next((each for each in cards if each.form is not None), None)
    if card is not None and card.form is not None:
        card.form.revision.data = str(survey.revision)
    is_texts_open = texts is not None or opened == "texts" or not survey.draft.title.strip()
    if texts is None:
        texts = TextsForm(formdata=None, title=survey.draft.title, intro=survey.draft.intro)
    texts.revision.data = str(survey.revision)
    page = render_template(
        "surveys/edit.html",
        survey=survey,
        texts=texts,
        is_texts_open=is_texts_open,
        cards=cards,
        card=card,
        own_problems=problems_of(survey.draft).get("", []),
        problem=problem,
        theirs=theirs or [],
        steps=queries.draft_steps(survey.id),
        saver=user_name(survey.saved_by),
        groups=picker.groups(),
        logic_fields=LOGIC_FIELDS,
        optional_fields=OPTIONAL_FIELDS,
        after=request.args.get("after", ""),
        choices=json.dumps(choices_for_script(card.known), ensure_ascii=False) if card else "{}",
        minutes=estimated_minutes(survey.draft),
        pages=max((each.page for each in cards), default=1),
    )
    return page, status


@blueprint.post("/<slug>/edit")
@guarded(Permission.SURVEYS_EDIT)
def save_texts(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    form = TextsForm()
    if not form.validate():
        return _faults(form) if wants_json() else _editor(survey, texts=form, status=422)
    changed = editing.replace(survey.draft, title=form.title.data or "", intro=form.intro.data or "")
    try:
        revision = save(survey, changed)
    except Refused as refused:
        newest = survey_or_404(slug)
        if wants_json():
            return _conflict(refused, newest)
        return _editor(newest, texts=form, problem=tell(refused, newest), status=status_of(refused))
    if wants_json():
        return _saved(changed, revision)
    flash_done(_("Saved."))
    return to_editor(slug)


@blueprint.post("/<slug>/edit/add")
@guarded(Permission.SURVEYS_EDIT)
def add_question(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    after = request.form.get("after", "")
    if survey.draft.question(after) is None:
        after = ""
    changed, question_id = editing.add_question(survey.draft, request.form.get("kind", ""), after=after, taken=_published_ids(survey.id))
    return _step(survey, changed) or to_editor(slug, question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>")
@guarded(Permission.SURVEYS_EDIT)
def save_question(slug: str, question_id: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    question = survey.draft.question(question_id)
    if question is None:
        raise Refused("question_gone")
    form = FORMS[type(question)](prefix=f"{question_id}-")
    rule = rule_form(survey.draft, question)
    wants_rule = request.form.get("do") == "rule"
    if wants_rule:
        try:
            rule.put_into(form)
        except Refused as refused:
            rule.value.errors = [tell(refused, survey)]
            return _editor(survey, opened=question_id, form=form, rule=rule, status=422)
    if not form.validate():
        return _faults(form) if wants_json() else _editor(survey, opened=question_id, form=form, rule=rule, status=422)
    changed = survey.draft
    try:
        changed = _changed(survey, question_id, form)
        revision = save(survey, changed)
    except Refused as refused:
        # The form keeps what was typed and takes the new revision along: saving again is then a decision.
        newest = survey_or_404(slug)
        theirs = _unlike(newest.draft, changed, question_id) if refused.code == "draft_changed" else []
        if wants_json():
            return _conflict(refused, newest, theirs)
        return _editor(
            newest, opened=question_id, form=form, rule=rule, problem=tell(refused, newest), theirs=theirs, status=status_of(refused)
        )
    if wants_json():
        return _saved(changed, revision, question_id)
    flash_done(_("The condition is added.") if wants_rule else _("Saved."))
    return to_editor(slug, opened=question_id) if wants_rule or request.form.get("do") == "stay" else to_editor(slug, anchor=question_id)


def _changed(survey: SurveyDetail, question_id: str, form: QuestionForm) -> Definition:
    before = survey.draft.question(question_id)
    changed = editing.change_question(survey.draft, question_id, form.changes(before))
    after = changed.question(question_id)
    assert before is not None and after is not None
    published = [each for definition in queries.definitions_of_survey(survey.id).values() if (each := definition.question(question_id))]
    spared = editing.spare_counted_ids(before, after, published)
    if spared is after:
        return changed
    return editing.replace(changed, questions=[spared if each.id == question_id else each for each in changed.questions])


def _unlike(saved: Definition, typed: Definition, question_id: str) -> list[Any]:
    """Where the colleague's question and the one that was typed differ."""
    theirs, mine = saved.question(question_id), typed.question(question_id)
    if theirs is None or mine is None:
        return []
    pair = [Definition(title="", questions=[each]) for each in (theirs, mine)]
    return [row for difference in differences(*pair) for row in change_rows(difference)]


@blueprint.post("/<slug>/edit/questions/<question_id>/<any('up', 'down'):way>")
@guarded(Permission.SURVEYS_EDIT)
def move_question(slug: str, question_id: str, way: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    changed = editing.move_question(survey.draft, question_id, -1 if way == "up" else 1)
    return _step(survey, changed) or to_editor(slug, anchor=question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>/move")
@guarded(Permission.SURVEYS_EDIT)
def place_question(slug: str, question_id: str) -> ResponseReturnValue:
    """To the place that was typed, or where it was dropped."""
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    typed = to_latin_digits(request.form.get("place", "")).strip()
    if not typed.isascii() or not typed.isdigit() or len(typed) > 4:
        raise Refused("place_unknown", count=len(survey.draft.questions))
    changed = editing.place_question(survey.draft, question_id, int(typed) - 1)
    return _step(survey, changed) or to_editor(slug, anchor=question_id)


@blueprint.post("/<slug>/edit/questions/<question_id>/copy")
@guarded(Permission.SURVEYS_EDIT)
def copy_question(slug: str, question_id: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    changed, copy_id = editing.copy_question(survey.draft, question_id, taken=_published_ids(survey.id))
    return _step(survey, changed) or to_editor(slug, copy_id)


@blueprint.post("/<slug>/edit/questions/<question_id>/delete")
@guarded(Permission.SURVEYS_EDIT)
def delete_question(slug: str, question_id: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    refusal = _step(survey, editing.delete_question(survey.draft, question_id))
    if refusal is not None:
        return refusal
    flash_undo(_("The question was deleted."), url_for("surveys.undo_save", slug=slug, revision=survey.revision + 1))
    return to_editor(slug)


@blueprint.post("/<slug>/edit/undo/<int:revision>")
@guarded(Permission.SURVEYS_EDIT)
def undo_save(slug: str, revision: int) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    try:
        commands.undo_draft(survey.id, revision, actor_id=acting().id)
    except Refused as refused:
        return _editor(survey, problem=tell(refused, survey), status=status_of(refused))
    flash_done(_("The draft is as it was before."))
    return to_editor(slug)


@blueprint.post("/<slug>/edit/redo/<int:revision>")
@guarded(Permission.SURVEYS_EDIT)
def redo_save(slug: str, revision: int) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    try:
        commands.redo_draft(survey.id, revision, actor_id=acting().id)
    except Refused as refused:
        return _editor(survey, problem=tell(refused, survey), status=status_of(refused))
    flash_done(_("The step is done again."))
    return to_editor(slug)


def _step(survey: SurveyDetail, changed: Definition) -> ResponseReturnValue | None:
    """Save a step that has nothing typed in it; what to answer when it was refused, or when the script asked."""
    try:
        revision = save(survey, changed)
    except Refused as refused:
        newest = survey_or_404(survey.slug)
        if wants_json():
            return _conflict(refused, newest)
        return _editor(newest, problem=tell(refused, newest), status=status_of(refused))
    return _saved(changed, revision) if wants_json() else None


def _published_ids(survey_id: int) -> set[str]:
    """Ids that answers are counted by already: no new question takes one."""
    return {question.id for definition in queries.definitions_of_survey(survey_id).values() for question in definition.questions}


# -- what the script is answered -----------------------------------------------------------------------------------------------------


def _saved(definition: Definition, revision: int, question_id: str = "") -> ResponseReturnValue:
    minutes = estimated_minutes(definition)
    question = definition.question(question_id) if question_id else None
    return jsonify(
        revision=revision,
        message=_("Saved at %(time)s", time=clock_time(now())),
        lead=_("%(count)s questions, about %(minutes)s minutes", count=number(len(definition.questions)), minutes=number(minutes)),
        label=question.label if question else "",
        problems=[{"field": each.field, "words": each.words} for each in problems_of(definition).get(question_id, [])],
    )


def _faults(form: Any) -> ResponseReturnValue:
    faults = {field.id: digits(message) for field, message in form.problems}
    response = jsonify(message=_("Not saved yet: something must be mended."), faults=faults)
    response.status_code = 422
    return response


def _conflict(refused: Refused, newest: SurveyDetail, theirs: list[Any] | None = None) -> ResponseReturnValue:
    compared = render_template("surveys/_theirs.html", theirs=theirs) if theirs else ""
    response = jsonify(message=tell(refused, newest), revision=newest.revision, compared=compared)
    response.status_code = status_of(refused)
    return response
