"""«پاسخ‌ها»: a survey's responses one by one, for those who may read them. Of an anonymous survey only that they came, and on which day."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys import queries as surveys
from surveys.entrances.queries import entrances_of
from surveys.queries import SurveyDetail
from surveys.responses import commands, queries
from surveys.responses.forms import AgainForm, ManyForm, ReasonForm
from surveys.responses.queries import ResponseDetail
from surveys.responses.rules import Wanted, read_wanted
from surveys.responses.words import CHANNELS, FLAGS, FLAGS_IN_FULL, STATES
from surveys.sealing import is_sealed, sealed_count_words
from surveys.words import LANGUAGES

blueprint = Blueprint("survey_responses", __name__, url_prefix="/console/surveys")

FILTERS = ("channel", "entrance", "since", "until", "state", "flag", "language")
MOST_DIGITS = 18


def _survey_or_404(slug: str) -> SurveyDetail:
    survey = surveys.find_survey(slug)
    if survey is None:
        abort(404)
    authorize(Permission.RESPONSES_READ, survey.unit_id)
    if survey.state == "draft":
        abort(404)
    return survey


def _response_or_404(survey: SurveyDetail, response_id: int) -> ResponseDetail:
    """Single answers of an anonymous survey are shown to nobody."""
    found = None if survey.is_anonymous or response_id >= 2**63 else queries.get_response(response_id, _)
    if found is None or found.survey_id != survey.id:
        abort(404)
    return found


def _kept() -> dict[str, Any]:
    """The filters of the address, as they stand."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _words() -> dict[str, Any]:
    return {
        "channels": CHANNELS,
        "states": STATES,
        "flags": FLAGS,
        "flags_in_full": FLAGS_IN_FULL,
        "languages": {"fa": _("Persian")} | LANGUAGES,
    }


@blueprint.get("/<slug>/responses")
@guarded(Permission.RESPONSES_READ)
def list_page(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    if is_sealed(survey.id):
        return render_template("surveys/responses/sealed.html", survey=survey, count=sealed_count_words())
    wanted, unread = read_wanted(request.args)
    before = _number(request.args.get("before"))
    lines = queries.list_responses(survey.id, wanted, before=before, limit=queries.PAGE + 1)
    return render_template(
        "surveys/responses/list.html",
        survey=survey,
        wanted=wanted,
        unread=unread,
        kept=_kept(),
        lines=lines[: queries.PAGE],
        older=lines[queries.PAGE - 1].id if len(lines) > queries.PAGE else None,
        before=before,
        total=queries.count_responses(survey.id, wanted),
        entrances=entrances_of(survey.id),
        spoken=queries.languages_of(survey.id),
        **_words(),
    )


@blueprint.get("/<slug>/responses/<int:response_id>")
@guarded(Permission.RESPONSES_READ)
def response_page(slug: str, response_id: int) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    return _response_page(survey, _response_or_404(survey, response_id), ReasonForm(), "")


def _response_page(survey: SurveyDetail, response: ResponseDetail, form: ReasonForm, problem: str) -> ResponseReturnValue:
    page = render_template("surveys/responses/response.html", survey=survey, response=response, form=form, problem=problem, **_words())
    return page, 422 if problem or form.errors else 200


@blueprint.post("/<slug>/responses/<int:response_id>/exclude")
@guarded(Permission.RESPONSES_READ)
def exclude_one(slug: str, response_id: int) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    response = _response_or_404(survey, response_id)
    form, problem = ReasonForm(), ""
    if form.validate_on_submit():
        try:
            commands.exclude_response(response.id, form.reason.data or "", actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The response is left out; reports are counted anew."))
            return redirect(url_for(".response_page", slug=slug, response_id=response_id), code=303)
    return _response_page(survey, response, form, problem)


@blueprint.post("/<slug>/responses/<int:response_id>/include")
@guarded(Permission.RESPONSES_READ)
def include_one(slug: str, response_id: int) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    response = _response_or_404(survey, response_id)
    commands.include_response(response.id, actor_id=acting().id)
    flash_done(_("The response counts again; reports are counted anew."))
    return redirect(url_for(".response_page", slug=slug, response_id=response_id), code=303)


@blueprint.route("/<slug>/responses/exclude", methods=["GET", "POST"])
@guarded(Permission.RESPONSES_READ)
def exclude_many(slug: str) -> ResponseReturnValue:
    """How many the filters choose, then why they are left out."""
    return _many(slug, ManyForm(), is_excluding=True)


@blueprint.route("/<slug>/responses/include", methods=["GET", "POST"])
@guarded(Permission.RESPONSES_READ)
def include_many(slug: str) -> ResponseReturnValue:
    return _many(slug, AgainForm(), is_excluding=False)


def _many(slug: str, form: ManyForm | AgainForm, *, is_excluding: bool) -> ResponseReturnValue:
    survey = _survey_or_404(slug)
    if is_sealed(survey.id):
        abort(404)
    wanted, unread = read_wanted(request.args)
    problem = ""
    if not unread and form.validate_on_submit():
        try:
            count = _do(survey.id, wanted, form)
        except Refused as refused:
            problem = explain(refused)
        else:
            told = (
                _("%(count)s responses are left out; reports are counted anew.")
                if is_excluding
                else _("%(count)s responses count again; reports are counted anew.")
            )
            flash_done(told % {"count": number(count)})
            return redirect(url_for(".list_page", slug=slug, **_kept()), code=303)
    choice = queries.choice_of(survey.id, wanted, is_excluding=is_excluding)
    form.upto.data, form.expected.data = str(choice.upto), str(choice.count)
    page = render_template(
        "surveys/responses/many.html",
        survey=survey,
        form=form,
        problem=problem,
        count=0 if unread else choice.count,
        kept=_kept(),
        is_narrowed=wanted.is_narrowed,
        is_excluding=is_excluding,
    )
    return page, 422 if problem or form.errors else 200


def _do(survey_id: int, wanted: Wanted, form: ManyForm | AgainForm) -> int:
    upto, expected = _number(form.upto.data), _number(form.expected.data)
    if upto is None or expected is None:
        raise Refused("responses_changed")
    if isinstance(form, ManyForm):
        return commands.exclude_responses(survey_id, wanted, upto, expected, form.reason.data or "", actor_id=acting().id)
    return commands.include_responses(survey_id, wanted, upto, expected, actor_id=acting().id)
