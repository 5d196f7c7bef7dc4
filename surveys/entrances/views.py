"""«راه‌های پاسخ»: the officer's pages of a survey's entrances."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from engage.clock import now
from engage.config import Settings
from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from engage.web.sheets import qr_code
from surveys import queries as surveys
from surveys.entrances import kiosk, queries
from surveys.entrances.commands import managing
from surveys.entrances.forms import ArmForm, EntranceForm
from surveys.entrances.poster import draw_cards, draw_poster
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import STAFFED, EntranceState, Kind, read_pin
from surveys.entrances.words import KINDS, STATES
from surveys.queries import SurveyFacts
from surveys.rules import DRAFT, is_open

blueprint = Blueprint("survey_entrances", __name__, url_prefix="/console/surveys")


def _survey_or_404(slug: str, permission: Permission) -> SurveyFacts:
    found = surveys.find_survey(slug)
    if found is None:
        abort(404)
    authorize(permission, found.unit_id)
    facts = surveys.get_survey_facts(found.id)
    assert facts is not None
    return facts


def _entrance_or_404(slug: str, entrance_id: int, permission: Permission) -> FoundEntrance:
    survey = _survey_or_404(slug, permission)
    entrance = queries.get_entrance(entrance_id)
    if entrance is None or entrance.survey_id != survey.id:
        abort(404)
    return entrance


@blueprint.get("/<slug>/ways")
@guarded(Permission.SURVEYS_VIEW)
def list_page(slug: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_VIEW)
    found = queries.entrances_of(survey.id)
    return render_template(
        "surveys/entrances/list.html",
        survey=survey,
        entrances=found,
        collectors={each.id: queries.collector_counts(each.id) for each in found if each.kind in STAFFED},
        codes={each.id: Markup(qr_code(_base_url() + each.address, for_screen=True)) for each in found if _is_live_link(each)},
        kinds=KINDS,
        states=STATES,
        base_url=_base_url(),
        is_draft=survey.state == DRAFT,
        is_survey_open=is_open(survey.state, survey.closes_at, now()),
        may_edit=acting().may(Permission.SURVEYS_EDIT, survey.unit_id),
        may_collect=acting().may(Permission.SURVEYS_COLLECT, survey.unit_id),
    )


def _is_live_link(entrance: FoundEntrance) -> bool:
    return entrance.kind is Kind.OPEN and entrance.state in (EntranceState.OPEN, EntranceState.FULL)


@blueprint.route("/<slug>/ways/new/<any(open, kiosk, collector, paper):kind>", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def new_page(slug: str, kind: str) -> ResponseReturnValue:
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    wanted = Kind(kind)
    form, problem = EntranceForm.for_kind(wanted), ""
    if form.validate_on_submit():
        try:
            managing.make_entrance(survey.id, form.plan(wanted), actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The way in is ready."))
            return redirect(url_for(".list_page", slug=slug), code=303)
    return _form_page(survey, wanted, form, problem, None)


@blueprint.route("/<slug>/ways/<int:entrance_id>", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def change_page(slug: str, entrance_id: int) -> ResponseReturnValue:
    entrance = _entrance_or_404(slug, entrance_id, Permission.SURVEYS_EDIT)
    survey = _survey_or_404(slug, Permission.SURVEYS_EDIT)
    form, problem = EntranceForm.for_kind(entrance.kind, entrance=entrance), ""
    if form.validate_on_submit():
        try:
            managing.change_entrance(entrance.id, form.plan(entrance.kind), actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("Saved."))
            return redirect(url_for(".list_page", slug=slug), code=303)
    return _form_page(survey, entrance.kind, form, problem, entrance)


def _form_page(survey: SurveyFacts, kind: Kind, form: EntranceForm, problem: str, entrance: FoundEntrance | None) -> ResponseReturnValue:
    may_change = is_open(survey.state, survey.closes_at, now())
    page = render_template(
        "surveys/entrances/form.html",
        survey=survey,
        kind=kind,
        look=KINDS[kind],
        form=form,
        problem=problem,
        entrance=entrance,
        may_change=may_change,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/<slug>/ways/<int:entrance_id>/<any('close', 'open'):deed>")
@guarded(Permission.SURVEYS_EDIT)
def open_or_close(slug: str, entrance_id: int, deed: str) -> ResponseReturnValue:
    entrance = _entrance_or_404(slug, entrance_id, Permission.SURVEYS_EDIT)
    if deed == "close":
        managing.close_entrance(entrance.id, actor_id=acting().id)
        flash_done(_("“%(label)s” takes no answers any more; its page says so.", label=entrance.label))
    else:
        managing.reopen_entrance(entrance.id, actor_id=acting().id)
        flash_done(_("“%(label)s” takes answers again.", label=entrance.label))
    return redirect(url_for(".list_page", slug=slug), code=303)


@blueprint.get("/<slug>/ways/<int:entrance_id>/<any('poster', 'cards'):sheet>.pdf")
@guarded(Permission.SURVEYS_VIEW)
def sheet_file(slug: str, entrance_id: int, sheet: str) -> Response:
    entrance = _entrance_or_404(slug, entrance_id, Permission.SURVEYS_VIEW)
    if entrance.kind is not Kind.OPEN:
        abort(404)
    if entrance.state not in (EntranceState.OPEN, EntranceState.FULL):
        raise Refused("entrance_survey_closed" if entrance.state is EntranceState.SURVEY_CLOSED else "entrance_closed")
    draw = draw_poster if sheet == "poster" else draw_cards
    response = Response(draw(entrance, _base_url()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{sheet}-{entrance.slug}.pdf"'
    return response


@blueprint.route("/<slug>/ways/<int:entrance_id>/kiosk", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_COLLECT)
def arm_page(slug: str, entrance_id: int) -> ResponseReturnValue:
    """From here on this browser is the kiosk's: whoever armed it is signed out on it."""
    entrance = _entrance_or_404(slug, entrance_id, Permission.SURVEYS_COLLECT)
    if entrance.kind is not Kind.KIOSK:
        abort(404)
    form = ArmForm()
    if form.validate_on_submit():
        pin = read_pin(form.pin.data or "")
        assert pin is not None
        if entrance.state is not EntranceState.OPEN:
            raise Refused("entrance_closed")
        return kiosk.arm(entrance, pin, actor_id=acting().id)
    page = render_template("surveys/entrances/arm.html", entrance=entrance, form=form, is_ready=entrance.state is EntranceState.OPEN)
    return page, 422 if form.is_submitted() else 200


def _base_url() -> str:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.base_url
