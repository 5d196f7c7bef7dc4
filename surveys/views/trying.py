"""Trying a survey out: the citizens' own pages for the draft, answers that are kept to be looked at and never counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from engage.clock import today_in_tehran
from engage.identity.guard import acting, guarded
from engage.identity.queries import get_unit, user_names
from engage.identity.rules import Permission
from engage.web import tickets
from engage.web.csrf import csrf_exempt
from engage.web.filters import number
from engage.web.flashes import flash_done
from surveys import commands, queries
from surveys.asked import Asked, Office
from surveys.citizen.layout import Page
from surveys.citizen.session import LANGUAGE, Carried, Session, carried_text, language_in
from surveys.documents import split_by_question
from surveys.queries import SurveyDetail, TriedAnswers
from surveys.uploads import UploadShelf
from surveys.views.base import blueprint, survey_or_404

PURPOSE, LASTS = "survey_trial", timedelta(hours=12)


@dataclass(frozen=True)
class Trial:
    """One trial in the words of its own definition."""

    id: int
    created_at: object
    name: str
    answers: list[tuple[int, str, str]]
    """Number, question, answer"""


@blueprint.get("/<slug>/trials")
@guarded(Permission.SURVEYS_EDIT)
def trials_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    tried = queries.tried_answers(survey.id)
    names = user_names(each.created_by for each in tried if each.created_by is not None)
    trials = [Trial(each.id, each.created_at, names.get(each.created_by or 0, ""), _in_words(each)) for each in tried]
    return render_template("surveys/trials.html", survey=survey, trials=trials)


def _in_words(tried: TriedAnswers) -> list[tuple[int, str, str]]:
    given = split_by_question(tried.answers)
    return [
        (place, question.label, question.in_words(given[question.id], _))
        for place, question in enumerate(tried.definition.questions, 1)
        if question.id in given
    ]


@blueprint.get("/<slug>/try")
@guarded(Permission.SURVEYS_EDIT)
def begin_trial(slug: str) -> ResponseReturnValue:
    """On to a fresh form; its address is good for this officer and this survey alone, for some hours."""
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    ticket = tickets.seal(PURPOSE, LASTS, survey=survey.id, user=acting().id)
    return redirect(url_for("surveys.show_trial", slug=slug, ticket=ticket), code=303)


@blueprint.get("/<slug>/try/<ticket>")
@guarded(Permission.SURVEYS_EDIT)
def show_trial(slug: str, ticket: str) -> ResponseReturnValue:
    return _answered(_session(_tried_survey(slug, ticket), ticket).first_page())


@blueprint.post("/<slug>/try/<ticket>")
@csrf_exempt  # the ticket, which no other site knows, stands for the token: citizens' forms have none
@guarded(Permission.SURVEYS_EDIT)
def send_trial(slug: str, ticket: str) -> ResponseReturnValue:
    survey = _tried_survey(slug, ticket)
    given = request.form.to_dict(flat=False)
    files = {name: file.stream for name, file in request.files.items() if file.filename}
    step = _session(survey, ticket, given).send(given, files)
    if step.page is not None:
        return _answered(step.page, step.status)
    commands.record_tried_answers(survey.id, survey.draft, step.document or {}, actor_id=acting().id)
    flash_done(_("The trial is recorded. It is never counted."))
    return redirect(url_for("surveys.trials_page", slug=slug), code=303)


@blueprint.post("/<slug>/trials/delete")
@guarded(Permission.SURVEYS_EDIT)
def delete_trials(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    typed = request.form.get("trial", "")
    tried_id = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    if typed and tried_id is None:
        abort(404)
    count = commands.delete_tried_answers(survey.id, tried_id, actor_id=acting().id)
    flash_done(_("%(count)s trials were deleted.", count=number(count)))
    return redirect(url_for("surveys.trials_page", slug=slug), code=303)


def _tried_survey(slug: str, ticket: str) -> SurveyDetail:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    held = tickets.unseal(PURPOSE, ticket)
    if held is None or held.get("survey") != survey.id or held.get("user") != acting().id:
        abort(404)
    return survey


def _session(survey: SurveyDetail, ticket: str, given: Mapping[str, list[str]] | None = None) -> Session:
    """The citizens' own flow; earlier pages travel through the browser, so that nothing but the trial itself is kept."""
    unit = get_unit(survey.unit_id)
    named = next(iter((given or {}).get(LANGUAGE, ())), "") or request.args.get("lang", "")
    back = Markup('<nav aria-label="%s">\n<a href="%s">%s</a>\n</nav>\n') % (
        _("Trial"),
        url_for("surveys.trials_page", slug=survey.slug),
        _("This is a trial: nothing is counted. Back to the form"),
    )
    return Session(
        Asked(0, survey.draft, Office(unit.name if unit else ""), survey.closes_at, survey.results_on),
        today_in_tehran().date(),
        Carried(ticket, carried_text(given) or "" if given else ""),
        language=language_in(survey.draft, named),
        nav=back,
        # No response ever claims it, so it is swept away after a few days.
        shelf=UploadShelf(survey.id, f"trial {ticket}"),
    )


def _answered(page: Page, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": page.policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return Response(page.body, status, headers, content_type="text/html; charset=utf-8")
