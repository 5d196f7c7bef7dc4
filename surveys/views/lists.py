"""The list of surveys, one survey's page, and ways to a new one: a ready-made form, a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from engage.identity.guard import acting, current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys import commands, queries
from surveys.definitions import Definition, estimated_minutes
from surveys.forms import NewSurveyForm
from surveys.forms.survey import CopyForm
from surveys.sealing import sealed_count_words
from surveys.starters import STARTERS
from surveys.types import type_of
from surveys.views.base import blueprint, may_edit, survey_or_404
from surveys.views.preview import preview_response
from surveys.words import STATES, TYPES

STARTER_WORDS: dict[str, tuple[Any, Any, str]] = {
    "quick_poll": (_l("Three-question survey"), _l("Satisfaction, the most urgent work, an open answer."), "bolt"),
    "services": (_l("Satisfaction with services"), _l("Each service of the municipality by points, and what to mend first."), "star"),
    "mayor": (_l("“I am the mayor”"), _l("Projects of the neighbourhood to choose from, for next year's budget."), "building"),
    "weather": (_l("After rain, snow or storm"), _l("Where water stood or the way was blocked, and how fast help came."), "alert"),
    "neighbourhood": (_l("Priorities of the neighbourhood"), _l("What is missing in the neighbourhood, by district and need."), "place"),
    "event": (_l("Feedback on an event"), _l("How it was, what to do better, and whether they would come again."), "calendar"),
    "blank": (_l("An empty form"), _l("Begin with your own first question."), "file"),
}
"""Name, what it asks, icon."""


@dataclass(frozen=True)
class StarterCard:
    """One ready-made form as the page of new surveys shows it."""

    name: str
    words: Any
    about: Any
    icon: str
    question_count: int
    minutes: int


def starter_cards() -> list[StarterCard]:
    found = []
    for name, make in STARTERS.items():
        definition = make("")
        words, about, icon = STARTER_WORDS[name]
        found.append(StarterCard(name, words, about, icon, len(definition.questions), estimated_minutes(definition)))
    return found


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
    page = render_template("surveys/new.html", form=form, problem=problem, cards=starter_cards())
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/new/<starter>/preview")
@guarded(Permission.SURVEYS_EDIT)
def starter_preview(starter: str) -> Response:
    """A ready-made form as citizens would see it."""
    if starter not in STARTERS or not acting().may(Permission.SURVEYS_EDIT):
        abort(404)
    title = str(STARTER_WORDS[starter][0])
    definition: Definition = STARTERS[starter](title)
    return preview_response(definition, current_unit().id, None, None)


@blueprint.get("/<slug>")
@guarded(Permission.SURVEYS_VIEW)
def survey_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug)
    if survey.state == "draft" and may_edit(survey):
        return redirect(url_for("surveys.edit_page", slug=slug), code=303)
    published = queries.definition_of(survey.published_version_id) if survey.published_version_id is not None else survey.draft
    return render_template(
        "surveys/survey.html",
        survey=survey,
        published=published,
        is_draft_ahead=survey.published_version_id is not None and published != survey.draft,
        versions=queries.versions_of(survey.id),
        funnel=queries.invitation_funnel(survey.id),
        sealed_words=sealed_count_words(),
        types=TYPES,
        type_of=type_of,
        minutes=estimated_minutes(published),
        may_edit=may_edit(survey),
        states=STATES,
    )


@blueprint.route("/<slug>/copy", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def copy_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    form, problem = CopyForm(), ""
    if request.method == "GET":
        form.title.data = _("%(title)s (copy)", title=survey.draft.title or survey.title)[:200]
    elif form.validate():
        try:
            copy_id = commands.copy_survey(survey.id, form.title.data or "", actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            copy = queries.get_survey(copy_id)
            assert copy is not None
            flash_done(_("This is the copy. Its links, answers and dates are its own."))
            return redirect(url_for("surveys.edit_page", slug=copy.slug), code=303)
    page = render_template("surveys/copy.html", survey=survey, form=form, problem=problem)
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/<slug>/close")
@guarded(Permission.SURVEYS_EDIT)
def close_survey(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    commands.close_survey(survey.id, actor_id=acting().id)
    flash_done(_("The survey is closed. To open it again, publish it with a new last day."))
    return redirect(url_for("surveys.survey_page", slug=slug), code=303)
