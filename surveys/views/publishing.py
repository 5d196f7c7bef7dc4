"""Publishing: everything that is missing with its place, everything worth a second thought, the dates promised to citizens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.clock import TEHRAN, today_in_tehran
from engage.identity.guard import acting, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys import commands, queries
from surveys.definitions import Definition, Gap, estimated_minutes, gaps, numbers_of
from surveys.forms import PublishForm
from surveys.sealing import promise_gap
from surveys.translating import untranslated
from surveys.types import AnyQuestion
from surveys.types.choices import OTHER
from surveys.views.base import blueprint, survey_or_404
from surveys.views.cards import name_of
from surveys.words import LANGUAGES, WARNINGS, explain_gap

LONG_MINUTES = 7
"""Beyond it most people on a phone give up."""


@dataclass(frozen=True)
class Doubt:
    """Something to think about before publishing; it doesn't stand in the way."""

    words: str
    question_id: str = ""


def warnings_of(definition: Definition) -> list[Doubt]:
    found = []
    minutes = estimated_minutes(definition)
    if minutes > LONG_MINUTES:
        words = _(
            "It takes about %(minutes)s minutes. On a phone, most people give up after seven; leave questions out.", minutes=number(minutes)
        )
        found.append(Doubt(words))
    numbers = numbers_of(definition)
    for question in definition.questions:
        name = name_of(question, numbers.get(question.id, 0))
        found += [Doubt(f"{name}: {WARNINGS[code]}", question.id) for code in question.warnings()]
        if definition.is_anonymous and asks_for_own_words(question):
            words = _(
                "%(question)s: it is answered in own words. In an anonymous survey people may reveal themselves in them; ask them not to write names.",
                question=name,
            )
            found.append(Doubt(words, question.id))
    for code in definition.languages:
        missing = len(untranslated(definition, code))
        if missing:
            words = _(
                "%(count)s texts aren't translated into %(language)s yet; they are shown in Persian.",
                count=number(missing),
                language=LANGUAGES.get(code, code),
            )
            found.append(Doubt(words))
    return found


def asks_for_own_words(question: AnyQuestion) -> bool:
    """Whether any part of the answer may say who gave it, «other» in own words included."""
    parts = [each.part for each in question.tallies()] + ([OTHER] if getattr(question, "other_option", None) is not None else [])
    return question.reveals or any(question.reveals_in(part) for part in parts)


def _place_of(gap: Gap, definition: Definition) -> str:
    question = definition.question(gap.question_id)
    return name_of(question, gap.number) if question is not None else ""


@blueprint.route("/<slug>/publish", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def publish_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    form, problem = PublishForm(), ""
    missing = gaps(survey.draft)
    if survey.draft.is_anonymous and (code := promise_gap(survey.draft)):
        missing.append(Gap(code, field="quotas"))
    if request.method == "GET":
        today = today_in_tehran().date()
        form = PublishForm(
            formdata=None,
            closes_on=survey.closes_at.astimezone(TEHRAN).date()
            if survey.closes_at and survey.state == "open"
            else today + timedelta(days=14),
            results_on=survey.results_on if survey.results_on and survey.state == "open" else today + timedelta(days=25),
            response_limit=survey.response_limit,
        )
    elif form.validate() and form.closes_on.data is not None:
        closes_at = datetime.combine(form.closes_on.data, time(23, 59, 59), TEHRAN).astimezone(UTC)
        try:
            commands.publish_survey(
                survey.id,
                closes_at=closes_at,
                results_on=form.results_on.data,
                response_limit=form.response_limit.data,
                actor_id=acting().id,
            )
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
        missing=[(gap, _place_of(gap, survey.draft), explain_gap(gap)) for gap in missing],
        warnings=warnings_of(survey.draft),
        minutes=estimated_minutes(survey.draft),
        versions=queries.versions_of(survey.id),
    )
    return page, 422 if request.method == "POST" else 200
