"""The composer: four steps, each of which saves the draft. Every step works as a plain form; htmx only counts while one types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands, rules
from campaigns.commands import Draft, draft_of
from campaigns.commands.draft import PURPOSE, PURPOSES
from campaigns.forms import AudienceForm, TextForm, TimeForm, clock_words
from campaigns.kinds import CampaignKind, traits_of
from campaigns.queries import CampaignView, get_campaign, get_campaign_by_slug
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.alerts import ready_texts
from campaigns.views.audience import (
    audience_of,
    audience_words,
    draft_counts,
    fill_audience,
    new_seed,
    offer_audience,
    seen_counts,
    seen_estimate,
)
from campaigns.views.checks import checks_of
from campaigns.views.labels import CAMPAIGN_LOOKS, KIND_LABELS, span_words
from campaigns.views.measuring import measure, placeholder_chips, shown_reminders, suggested_text
from campaigns.views.previewing import preview_of
from contacts.queries.purposes import offered_purposes
from engage.clock import TEHRAN, now
from engage.identity.guard import acting, current_unit, guarded, visible_unit_ids
from engage.identity.queries import UnitNode, get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import jalali
from engage.web.flashes import flash_done
from engage.web.refusals import explain, wants_fragment
from surveys.queries import SurveySummary, list_surveys

AUDIENCE_FIELDS = (
    "who",
    "segment",
    "neighbourhoods",
    "gender",
    "birth_year_from",
    "birth_year_to",
    "import_id",
    "answered_within",
    "sample",
    "sample_size",
    "sample_seed",
)
STEPS = ("audience", "text", "time", "review")


@blueprint.route("/new", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def new_campaign() -> ResponseReturnValue:
    """An invitation to a survey; with `?kind=announcement` a notice to a topic or an area, with `?kind=conversation` a survey by SMS."""
    asked = request.args.get("kind")
    kind = next((each for each in (CampaignKind.ANNOUNCEMENT, CampaignKind.CONVERSATION) if asked == each), CampaignKind.SURVEY)
    return _audience_step(None, current_unit(), kind)


@blueprint.route("/<slug>/audience", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def audience_step(slug: str) -> ResponseReturnValue:
    campaign, unit = _draft_or_404(slug)
    if campaign.state != CampaignState.DRAFT:
        return _past_drafting(campaign)
    if campaign.parent_id is not None:
        # Who gets it is settled by the campaign it follows.
        return redirect(url_for("campaigns.text_step", slug=slug), code=303)
    return _audience_step(campaign, unit, campaign.kind)


@blueprint.route("/<slug>/text", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def text_step(slug: str) -> ResponseReturnValue:
    campaign, unit = _draft_or_404(slug)
    if campaign.state != CampaignState.DRAFT:
        return _past_drafting(campaign)
    form = TextForm()
    if request.method == "GET":
        form.text.data = campaign.text
        form.fill_reminders(draft_of(campaign).reminders)
    counts = draft_counts(draft_of(campaign))
    traits = traits_of(campaign.kind)

    def page(problem: str = "", conflict: bool = False) -> str:
        return render_template(
            "campaigns/text.html",
            form=form,
            problem=problem,
            conflict=conflict,
            measured=measure(
                form.text.data or "",
                unit,
                campaign.survey_id,
                campaign.line,
                counts.recipients,
                kind=campaign.kind,
                audience=draft_of(campaign).audience,
            ),
            preview=preview_of(campaign, (form.text.data or "").replace("\r\n", "\n").strip()),
            chips=placeholder_chips(campaign.survey_id is not None),
            ready=ready_texts(campaign.kind, unit.id),
            may_remind=traits.invites,
            counts=counts,
            **_frame(campaign, unit, 2),
        )

    def change(draft: Draft) -> Draft:
        return replace(draft, text=form.text.data or "", reminders=form.reminders if traits.invites else ())

    return _save_step(campaign, form, change, page, "text")


@blueprint.post("/<slug>/measure")
@guarded(Permission.CAMPAIGNS_EDIT)
def measure_text(slug: str) -> ResponseReturnValue:
    """The text as typed so far: its length, price and look on a phone. Saves nothing."""
    campaign, unit = _draft_or_404(slug)
    recipients = request.form.get("recipients", type=int)
    measured = measure(
        request.form.get("text", "")[:2000],
        unit,
        campaign.survey_id,
        campaign.line,
        recipients,
        kind=campaign.kind,
        audience=draft_of(campaign).audience,
    )
    return render_template("campaigns/_measure.html", measured=measured)


@blueprint.route("/<slug>/time", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def time_step(slug: str) -> ResponseReturnValue:
    campaign, unit = _draft_or_404(slug)
    if campaign.state != CampaignState.DRAFT:
        return _past_drafting(campaign)
    form = TimeForm()
    if request.method == "GET":
        form.window_start.data, form.window_end.data = campaign.window_start, campaign.window_end
        form.fill_pace(draft_of(campaign))
        if campaign.planned_at is not None:
            local = campaign.planned_at.astimezone(TEHRAN)
            form.when.data, form.day.data, form.hour.data = "later", local.date(), local.hour * 60 + local.minute

    def page(problem: str = "", conflict: bool = False) -> str:
        return render_template("campaigns/time.html", form=form, problem=problem, conflict=conflict, **_frame(campaign, unit, 3))

    def change(draft: Draft) -> Draft:
        planned = form.planned_at
        if planned is not None and planned < now() - timedelta(minutes=2):
            raise Refused("schedule_in_past")
        if planned is not None and not rules.is_within_window(planned, form.window_start.data, form.window_end.data):
            raise Refused("outside_window", **rules.window_words(form.window_start.data, form.window_end.data))
        if planned is not None and form.not_after.data is not None and planned >= form.not_after.data:
            raise Refused("planned_after_last_moment")
        return replace(draft, planned_at=planned, window_start=form.window_start.data, window_end=form.window_end.data, **form.pace)

    return _save_step(campaign, form, change, page, "time")


@blueprint.get("/<slug>/review")
@guarded(Permission.CAMPAIGNS_EDIT)
def review_step(slug: str) -> ResponseReturnValue:
    campaign, unit = _draft_or_404(slug)
    if campaign.state != CampaignState.DRAFT:
        return _past_drafting(campaign)
    return show_review(campaign, unit)


@blueprint.post("/<slug>/submit")
@guarded(Permission.CAMPAIGNS_EDIT)
def submit(slug: str) -> ResponseReturnValue:
    """Ask for approval of exactly what the page showed."""
    campaign, unit = _draft_or_404(slug)
    if campaign.state != CampaignState.DRAFT:
        return _past_drafting(campaign)
    if request.form.get("revision", type=int) != campaign.revision:
        return show_review(campaign, unit, explain(Refused("campaign_changed"))), 409
    try:
        state = commands.submit_campaign(campaign.id, actor_id=acting().id)
    except Refused as refused:
        return show_review(campaign, unit, explain(refused)), 422
    if state == CampaignState.APPROVED:
        flash_done(_("The campaign is below the unit's limits, so the rule approved it. You can start sending."))
    else:
        flash_done(_("The campaign was sent for approval."))
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)


def show_review(campaign: CampaignView, unit: UnitNode, problem: str = "") -> str:
    draft = draft_of(campaign)
    estimate, refusal = None, ""
    try:
        estimate = seen_estimate(commands.estimate_campaign(campaign.unit_id, draft))
    except Refused as refused:
        refusal = explain(refused)
    checks = checks_of(campaign, unit, estimate, refusal)
    return render_template(
        "campaigns/review.html",
        problem=problem,
        estimate=estimate,
        counts=estimate.audience if estimate else draft_counts(draft),
        measured=measure(
            campaign.text,
            unit,
            campaign.survey_id,
            campaign.line,
            estimate.recipients if estimate else None,
            kind=campaign.kind,
            audience=draft.audience,
        ),
        reminders=shown_reminders(campaign, unit),
        checks=checks,
        can_submit=all(check.is_passed or not check.is_needed for check in checks),
        needs_manager=estimate is not None and (estimate.recipients > unit.approval_recipients or estimate.cost > unit.approval_cost),
        **_frame(campaign, unit, 4),
    )


def _audience_step(campaign: CampaignView | None, unit: UnitNode, kind: CampaignKind) -> ResponseReturnValue:
    needs_survey = traits_of(kind).needs_survey
    surveys = _open_surveys() if needs_survey else []
    form = AudienceForm()
    offer_audience(form, campaign, unit)
    if needs_survey:
        del form.purpose
        _offer_surveys(form, surveys)
    else:
        del form.survey_id
        form.purpose.choices = list(offered_purposes().items())
    if request.method == "GET":
        _fill_audience(form, campaign, surveys)
        if not needs_survey:
            form.purpose.data = campaign.purpose if campaign else PURPOSES[kind]
    if request.method == "POST" and (wants_fragment() or request.form.get("go") == "count"):
        valid = form.validate()
        if wants_fragment():
            return render_template("campaigns/_audience.html", unit=unit, **_counted(campaign, unit, form, not _audience_errors(form)))
        return _audience_page(campaign, unit, form, surveys, kind=kind, counted=valid or not _audience_errors(form)), 200 if valid else 422
    if campaign is not None:
        return _save_step(
            campaign,
            form,
            lambda draft: replace(draft, title=form.title.data or "", audience=audience_of(form, campaign, unit), **_about(form)),
            lambda problem="", conflict=False: _audience_page(
                campaign, unit, form, surveys, problem, conflict, kind=kind, counted=not form.errors
            ),
            "audience",
        )
    problem = ""
    if form.validate_on_submit():
        title = form.title.data or ""
        about = next((each.title for each in surveys if form.survey_id and each.id == form.survey_id.data), title)
        draft = replace(Draft(None, title, suggested_text(about), audience_of(form, None, unit), kind=kind), **_about(form))
        try:
            campaign_id = commands.create_campaign(unit.id, draft, actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            made = get_campaign(campaign_id)
            assert made is not None
            return _onwards(made.slug, "audience")
    page = _audience_page(None, unit, form, surveys, problem, kind=kind, counted=not form.errors)
    return page, 422 if request.method == "POST" else 200


def _audience_page(
    campaign: CampaignView | None,
    unit: UnitNode,
    form: AudienceForm,
    surveys: list[SurveySummary],
    problem: str = "",
    conflict: bool = False,
    *,
    kind: CampaignKind,
    counted: bool = True,
) -> str:
    return render_template(
        "campaigns/audience.html",
        form=form,
        problem=problem,
        conflict=conflict,
        surveys=surveys,
        **_counted(campaign, unit, form, counted),
        may_make_surveys=acting().may(Permission.SURVEYS_EDIT),
        **_frame(campaign, unit, 1, kind),
    )


def _offer_surveys(form: AudienceForm, surveys: list[SurveySummary]) -> None:
    form.survey_id.choices = [
        (each.id, f"{each.title} ({_('answers until %(day)s', day=jalali(each.closes_at, with_year=False))})") for each in surveys
    ]


def _about(form: AudienceForm) -> dict[str, Any]:
    """What the draft is about: a survey, or the topic people agreed to."""
    return {"survey_id": form.survey_id.data} if form.survey_id else {"purpose": form.purpose.data}


def _fill_audience(form: AudienceForm, campaign: CampaignView | None, surveys: list[SurveySummary]) -> None:
    form.sample_seed.data = new_seed()
    if campaign is None:
        asked = request.args.get("survey")
        chosen = next((each for each in surveys if each.slug == asked), None)
        if chosen is not None:
            form.survey_id.data, form.title.data = chosen.id, chosen.title
        return
    form.title.data = campaign.title
    if form.survey_id:
        form.survey_id.data = campaign.survey_id
    fill_audience(form, campaign)


def _counted(campaign: CampaignView | None, unit: UnitNode, form: AudienceForm, is_whole: bool) -> dict[str, Any]:
    """Counts and sentence of what the form asks for; nothing while it has to be mended."""
    if not is_whole:
        return {"counts": None, "audience_words": ""}
    audience = audience_of(form, campaign, unit)
    purpose = form.purpose.data if form.purpose else PURPOSE
    return {"counts": seen_counts(audience, purpose), "audience_words": audience_words(audience)}


def _audience_errors(form: AudienceForm) -> bool:
    return any(name in form.errors for name in AUDIENCE_FIELDS)


def _save_step(
    campaign: CampaignView,
    form: AudienceForm | TextForm | TimeForm,
    change: Callable[[Draft], Draft],
    page: Callable[..., str],
    step: str,
) -> ResponseReturnValue:
    """Show the step, or save it and go on; whatever is refused, the page comes back with everything that was typed."""
    if request.method == "GET":
        form.revision.data = str(campaign.revision)
        return page()
    if not form.validate():
        return page(), 422
    if request.form.get("go", "").partition(":")[0] in ("measure", "preview"):
        return page()
    typed = form.revision.data or ""
    try:
        draft = change(draft_of(campaign))
        commands.update_campaign(campaign.id, draft, int(typed) if typed.isascii() and typed.isdigit() else 0, actor_id=acting().id)
    except Refused as refused:
        if refused.code == "campaign_not_editable":
            return _past_drafting(campaign)
        if refused.code == "campaign_changed":
            # What was typed stays in the form; sending it once more puts it over the other version, knowingly.
            newest = get_campaign_by_slug(campaign.slug)
            form.revision.data = str(newest.revision if newest else campaign.revision)
            form.revision.raw_data = None
            return page("", True), 409
        return page(explain(refused)), 422
    return _onwards(campaign.slug, step)


def _onwards(slug: str, step: str) -> ResponseReturnValue:
    if request.form.get("go") == "save":
        flash_done(_("The draft was saved."))
        return redirect(url_for("campaigns.index"), code=303)
    following = STEPS[STEPS.index(step) + 1]
    return redirect(url_for(f"campaigns.{following}_step", slug=slug), code=303)


def _draft_or_404(slug: str) -> tuple[CampaignView, UnitNode]:
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    unit = get_unit(campaign.unit_id)
    if unit is None:
        abort(404)
    return campaign, unit


def _past_drafting(campaign: CampaignView) -> ResponseReturnValue:
    """The campaign's page, which says where it stands; a form that came too late is told so."""
    if request.method == "POST":
        flash(explain(Refused("campaign_not_editable", state=campaign.state)), "bad")
    return redirect(url_for("campaigns.campaign_page", slug=campaign.slug), code=303)


def _frame(campaign: CampaignView | None, unit: UnitNode, step: int, kind: CampaignKind | None = None) -> dict[str, object]:
    """What every step's page needs around its form."""
    kind = campaign.kind if campaign else kind or CampaignKind.SURVEY
    slug = campaign.slug if campaign else None
    return {
        "campaign": campaign,
        "unit": unit,
        "step": step,
        "kind": kind,
        "kind_label": KIND_LABELS[kind],
        "needs_survey": traits_of(kind).needs_survey,
        "looks": CAMPAIGN_LOOKS,
        "clock_words": clock_words,
        "span_words": span_words,
        "step_urls": {number: url_for(f"campaigns.{name}_step", slug=slug) for number, name in enumerate(STEPS, 1)} if slug else {},
    }


def _open_surveys() -> list[SurveySummary]:
    """Surveys citizens can answer now and that say until when."""
    moment = now()
    found = list_surveys(visible_unit_ids(Permission.SURVEYS_VIEW), state="open")
    return [each for each in found if each.closes_at is not None and each.closes_at > moment]
