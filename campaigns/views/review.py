"""Approval and launch: what a manager decides on one screen, and what the officer does with it."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands
from campaigns.commands import draft_of
from campaigns.commands.approving import Standing, standing_of
from campaigns.forms import LaunchForm, ReturnForm, clock_words
from campaigns.queries import CampaignView, get_campaign_by_slug
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.approving import approval_action, campaign_to_decide, decision_facts, proof_form, prove_decider
from campaigns.views.audience import draft_words
from campaigns.views.labels import CAMPAIGN_LOOKS, KIND_LABELS, span_words
from campaigns.views.measuring import measure, shown_reminders
from engage.clock import now
from engage.identity.commands import request_code
from engage.identity.guard import acting, forget_actor, guarded
from engage.identity.queries import get_unit, user_name
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import jalali_datetime
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm
from engage.web.refusals import explain
from surveys.queries import get_survey


@blueprint.post("/<slug>/approve")
@guarded(Permission.CAMPAIGNS_VIEW)
def approve(slug: str) -> ResponseReturnValue:
    """Approve what was frozen, confirmed by a code or the password; with `then=launch` also start it, or schedule it where its author
    chose a time."""
    campaign = campaign_to_decide(slug)
    standing = standing_of(acting().id, campaign)
    if not standing.may_approve and not (standing.is_author and acting().may(Permission.CAMPAIGNS_APPROVE, campaign.unit_id)):
        abort(403)
    form = proof_form()
    try:
        # Whoever can't approve it at all is told so before a code is used up.
        if campaign.state == CampaignState.IN_REVIEW and not standing.is_author:
            if not form.validate():
                return show_approval(slug, proof=form), 422
            prove_decider(campaign, form)
        commands.approve_campaign(campaign.id, actor_id=acting().id)
    except Refused as refused:
        return show_approval(slug, explain(refused)), 422
    flash_done(_("The campaign was approved."))
    if request.form.get("then") == "launch" and acting().may(Permission.CAMPAIGNS_CONTROL, campaign.unit_id):
        # The approval stands whatever becomes of the start: its refusal is told beside it.
        return _launch(campaign, planned=True)
    return _to_page(slug)


@blueprint.post("/<slug>/approve/code")
@guarded(Permission.CAMPAIGNS_VIEW)
def text_approval_code(slug: str) -> ResponseReturnValue:
    """A code for this approval is on its way to the approver's own number."""
    campaign = campaign_to_decide(slug)
    if not standing_of(acting().id, campaign).may_approve:
        abort(403)
    if campaign.state != CampaignState.IN_REVIEW:
        return _to_page(slug)
    try:
        request_code(acting().id, approval_action(campaign))
    except Refused as refused:
        return show_approval(slug, explain(refused)), 422
    return redirect(url_for("campaigns.campaign_page", slug=slug, by="text", _anchor="h-proof"), code=303)


@blueprint.route("/<slug>/return", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_VIEW)
def send_back(slug: str) -> ResponseReturnValue:
    campaign = campaign_to_decide(slug)
    if request.method == "GET":
        return _to_page(slug)
    if not standing_of(acting().id, campaign).may_approve:
        abort(403)
    form = ReturnForm()
    if not form.validate():
        return show_approval(slug, return_form=form), 422
    return _act(
        slug,
        lambda: commands.return_campaign(campaign.id, form.note.data or "", actor_id=acting().id),
        _("The campaign was sent back. Its author finds your note in the inbox."),
    )


@blueprint.post("/<slug>/withdraw")
@guarded(Permission.CAMPAIGNS_EDIT)
def withdraw(slug: str) -> ResponseReturnValue:
    """The officer takes a campaign back to work on it; an approval is void by that."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    return _act(
        slug,
        lambda: commands.return_campaign(campaign.id, "", actor_id=acting().id),
        _("The campaign is a draft again. After your changes it needs a new approval."),
    )


@blueprint.post("/<slug>/launch")
@guarded(Permission.CAMPAIGNS_CONTROL)
def launch(slug: str) -> ResponseReturnValue:
    """Start now (`when=now`), at the time its author chose (`when=planned`), or at `at`."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    form = LaunchForm()
    when = request.form.get("when", "now")
    if when == "other" and (not form.validate() or form.at.data is None):
        if not form.at.errors:
            form.at.errors = [_("Choose the day and the hour.")]
        return show_approval(slug, launch_form=form), 422
    return _launch(campaign, planned=when == "planned", form=form if when == "other" else None)


def _launch(campaign: CampaignView, *, planned: bool, form: LaunchForm | None = None) -> ResponseReturnValue:
    at = form.at.data if form is not None else campaign.planned_at if planned else None
    try:
        commands.launch_campaign(campaign.id, actor_id=acting().id, at=at)
    except Refused as refused:
        # The call to the gateway gave the session away, and with it the person the page's frame shows.
        forget_actor()
        return show_approval(campaign.slug, explain(refused), launch_form=form), 422
    if at is not None and at > now():
        flash_done(_("Sending starts on %(time)s.", time=jalali_datetime(at)))
    else:
        flash_done(_("Sending begins."))
    return _to_page(campaign.slug)


def show_approval(
    slug: str,
    problem: str = "",
    *,
    return_form: ReturnForm | None = None,
    launch_form: LaunchForm | None = None,
    proof: BaseForm | None = None,
) -> str:
    """The page of a campaign in review or approved: the frozen text, to how many, for how much, by whom."""
    campaign = get_campaign_by_slug(slug)
    assert campaign is not None
    unit = get_unit(campaign.unit_id)
    assert unit is not None
    survey = None if campaign.survey_id is None else get_survey(campaign.survey_id)
    actor = acting()
    in_review, approved = campaign.state == CampaignState.IN_REVIEW, campaign.state == CampaignState.APPROVED
    facts = decision_facts(campaign)
    standing: Standing = facts["standing"]
    may_approve, is_author = standing.may_approve, standing.is_author
    return render_template(
        "campaigns/approval.html",
        campaign=campaign,
        unit=unit,
        survey=survey,
        looks=CAMPAIGN_LOOKS,
        kind_label=KIND_LABELS[campaign.kind],
        clock_words=clock_words,
        span_words=span_words,
        problem=problem,
        audience_words=draft_words(draft_of(campaign)),
        measured=measure(campaign.text, unit, campaign.survey_id, campaign.line, campaign.recipient_count, kind=campaign.kind),
        reminders=shown_reminders(campaign, unit),
        author=user_name(campaign.author_id),
        approver=user_name(campaign.approved_by),
        is_planned=campaign.planned_at is not None and campaign.planned_at > now(),
        may_approve=in_review and may_approve,
        is_author_waiting=in_review and is_author and actor.may(Permission.CAMPAIGNS_APPROVE, campaign.unit_id),
        may_return=(in_review or approved) and may_approve,
        proof_form=proof or proof_form(formdata=None),
        may_withdraw=(in_review or approved) and actor.may(Permission.CAMPAIGNS_EDIT, campaign.unit_id),
        may_launch=approved and actor.may(Permission.CAMPAIGNS_CONTROL, campaign.unit_id),
        may_control=actor.may(Permission.CAMPAIGNS_CONTROL, campaign.unit_id),
        return_form=return_form or ReturnForm(formdata=None),
        launch_form=launch_form or LaunchForm(formdata=None, at=campaign.planned_at),
        **facts,
    )


def _act(slug: str, command: Callable[[], object], done: str) -> ResponseReturnValue:
    try:
        command()
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(done)
    return _to_page(slug)


def _to_page(slug: str) -> ResponseReturnValue:
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)
