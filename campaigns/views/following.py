"""Choosing a kind of campaign, and what follows one that was sent: all-clear, correction, thanks and results."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands
from campaigns.commands import Draft, draft_of
from campaigns.forms import FollowForm
from campaigns.kinds import CampaignKind
from campaigns.queries import CampaignView, get_campaign
from campaigns.queries.kinds import followers_of
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.alerts import count_use, estimated, new_key, prefilled, ready_texts, send_now
from campaigns.views.labels import KIND_LABELS
from campaigns.views.measuring import measure
from engage.identity.guard import acting, authorize, guarded
from engage.identity.queries import get_unit, user_name
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.commands import post_notice
from surveys.queries import SurveyDetail, get_survey

K = CampaignKind


@blueprint.get("/new/kind")
@guarded(Permission.CAMPAIGNS_EDIT)
def choose_kind() -> ResponseReturnValue:
    """What is to be sent? Kinds that follow another campaign begin on that one's page."""
    return render_template("campaigns/kinds.html")


@blueprint.route("/<slug>/follow/<any(all_clear, correction, result):kind>", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def follow(slug: str, kind: str) -> ResponseReturnValue:
    parent = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    chosen = K(kind)
    if chosen not in possible_followers(parent):
        abort(404)
    form = FollowForm()
    if request.method == "GET":
        form.key.data = new_key()
        form.ready.data, form.text.data = prefilled(chosen, parent.unit_id)
        return _page(parent, chosen, form)
    if chosen == K.ALL_CLEAR:
        authorize(Permission.CAMPAIGNS_CONTROL, parent.unit_id)
    if not form.validate():
        return _page(parent, chosen, form), 422
    if request.form.get("go") == "count":
        return _page(parent, chosen, form)
    text, actor_id = form.text.data or "", acting().id
    if chosen == K.ALL_CLEAR:
        title = _("All-clear: %(title)s", title=parent.title)[:120]
        return send_now(
            form.key.data or "",
            form.ready.data or "",
            lambda key: commands.send_all_clear(
                parent.id, title, text, form.typed.data, key=key, sees_exact=acting().is_central, actor_id=actor_id
            ),
            lambda problem: _page(parent, chosen, form, problem),
        )
    try:
        if chosen == K.CORRECTION:
            notice = (form.notice.data or "") if _survey_to_mend(parent) else ""
            title = _("Correction: %(title)s", title=parent.title)[:120]
            made = commands.draft_correction(parent.id, title, text, notice=notice, actor_id=actor_id)
        else:
            title = _("Thanks: %(title)s", title=parent.title)[:120]
            made = commands.draft_result(parent.id, title, text, actor_id=actor_id)
    except Refused as refused:
        return _page(parent, chosen, form, explain(refused)), 422
    count_use(form.ready.data or "")
    return redirect(url_for("campaigns.review_step", slug=made), code=303)


@blueprint.post("/<slug>/notice/remove")
@guarded(Permission.CAMPAIGNS_EDIT)
def remove_notice(slug: str) -> ResponseReturnValue:
    """The correction on the survey's page is no longer needed."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    survey = _survey_to_mend(campaign)
    if survey is None:
        abort(404)
    try:
        post_notice(survey.id, "", actor_id=acting().id)
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(_("The correction was taken off the survey's page."))
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)


def possible_followers(campaign: CampaignView) -> list[CampaignKind]:
    """What may be written after this campaign."""
    if campaign.started_at is None:
        return []
    found = []
    if campaign.kind == K.SAFETY_ALERT:
        found.append(K.ALL_CLEAR)
    if campaign.kind not in (K.CORRECTION, K.ALL_CLEAR):
        found.append(K.CORRECTION)
    if campaign.survey_id is not None and campaign.kind in (K.SURVEY, K.CONVERSATION):
        found.append(K.RESULT)
    return found


def after_sending(campaign: CampaignView) -> dict[str, Any]:
    """What the campaign's page shows of its kind, of what followed it, and of what may follow."""
    actor = acting()
    parent = None if campaign.parent_id is None else get_campaign(campaign.parent_id)
    survey = _survey_to_mend(campaign)
    return {
        "kind_label": KIND_LABELS[campaign.kind],
        "kind_labels": KIND_LABELS,
        "parent": parent,
        "followers": followers_of(campaign.id),
        "may_follow": possible_followers(campaign) if actor.may(Permission.CAMPAIGNS_EDIT, campaign.unit_id) else [],
        "needs_review": campaign.kind == K.SAFETY_ALERT and campaign.started_at is not None and campaign.reviewed_at is None,
        "may_review": actor.may(Permission.CAMPAIGNS_APPROVE, campaign.unit_id) and campaign.author_id != actor.id,
        "reviewer": user_name(campaign.reviewed_by),
        "notice": survey.notice if survey else "",
        "sent_lines": measure(campaign.text, unit, campaign.survey_id, campaign.line, kind=campaign.kind).lines
        if campaign.kind == K.SAFETY_ALERT and (unit := get_unit(campaign.unit_id))
        else [],
    }


def _survey_to_mend(campaign: CampaignView) -> SurveyDetail | None:
    """The campaign's survey, where this person may change what its page says."""
    survey = None if campaign.survey_id is None else get_survey(campaign.survey_id)
    return survey if survey is not None and acting().may(Permission.SURVEYS_EDIT, survey.unit_id) else None


def _page(parent: CampaignView, kind: CampaignKind, form: FollowForm, problem: str = "") -> str:
    unit = get_unit(parent.unit_id)
    assert unit is not None
    basis = parent.legal_basis if kind == K.ALL_CLEAR else ""
    survey_id = None if kind == K.ALL_CLEAR else parent.survey_id
    draft = Draft(
        survey_id, "—", form.text.data or "", draft_of(parent).audience, kind=kind, parent_id=parent.id, line=parent.line, legal_basis=basis
    )
    return render_template(
        "campaigns/follow.html",
        form=form,
        parent=parent,
        kind=kind,
        kind_label=KIND_LABELS[kind],
        unit=unit,
        problem=problem,
        ready=ready_texts(kind, parent.unit_id),
        survey=_survey_to_mend(parent) if kind == K.CORRECTION else None,
        **estimated(parent.unit_id, draft),
    )
