"""Decisions about a campaign that was sent: going on with a new last moment, writing again where it failed."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired

from campaigns import commands, rules
from campaigns.queries import CampaignView, get_campaign
from campaigns.queries.resending import count_failed
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.labels import CAMPAIGN_LOOKS
from engage.identity.guard import acting, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm, JalaliDateTimeField
from engage.web.refusals import explain

RESENDABLE_STATES = frozenset({CampaignState.SENDING, CampaignState.SETTLING, CampaignState.FINISHED})

_needed: Any = InputRequired(_l("Please fill this in."))


class ResumeForm(BaseForm):
    not_after = JalaliDateTimeField(
        _l("New last moment for sending"), [_needed], description=_l("For example %(example)s", example="۱۴۰۵/۰۹/۰۲ ۱۰:۰۰")
    )


@blueprint.post("/<slug>/resume")
@guarded(Permission.CAMPAIGNS_CONTROL)
def resume(slug: str) -> ResponseReturnValue:
    """Go on at once. Where the last moment has passed a new one is proposed first; where a text names a day that is over, a new campaign of
    the rest, which needs an approval of its own."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    form = ResumeForm() if "not_after" in request.form else None
    if form is not None and not form.validate():
        return _show_resume(campaign, form), 422
    try:
        commands.resume_campaign(campaign.id, actor_id=acting().id, not_after=None if form is None else form.not_after.data)
    except Refused as refused:
        if refused.code == "sending_deadline_passed":
            again = form or ResumeForm(formdata=None, not_after=refused.params.get("proposed"))
            return _show_resume(campaign, again, explain(refused)), 422
        if refused.code == "text_names_past_day":
            return _show_resume(campaign, None, explain(refused)), 422
        flash(explain(refused), "bad")
    else:
        flash_done(_("Sending goes on."))
    return _to_page(slug)


@blueprint.post("/<slug>/continue")
@guarded(Permission.CAMPAIGNS_EDIT)
def go_on(slug: str) -> ResponseReturnValue:
    """A draft to those who were never written to, for a new approval; this campaign is over."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    try:
        new_id = commands.continue_campaign(campaign.id, actor_id=acting().id)
    except Refused as refused:
        flash(explain(refused), "bad")
        return _to_page(slug)
    made = get_campaign(new_id)
    assert made is not None
    flash_done(_("This is a new draft to those who weren't written to. Correct the text, then send it for approval."))
    return redirect(url_for("campaigns.text_step", slug=made.slug), code=303)


@blueprint.route("/<slug>/resend", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_CONTROL)
def resend(slug: str) -> ResponseReturnValue:
    """GET says how many it would be and what that costs; POST sends."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    if request.method == "POST":
        try:
            count = commands.resend_failed(campaign.id, actor_id=acting().id)
        except Refused as refused:
            flash(explain(refused), "bad")
        else:
            flash_done(_("The text goes once more to %(count)s numbers.", count=number(count)))
        return _to_page(slug)
    if campaign.state not in RESENDABLE_STATES:
        flash(explain(Refused("state_forbids", state=campaign.state, to=CampaignState.SENDING)), "bad")
        return _to_page(slug)
    count = count_failed(campaign.id)
    each = rules.cost_each(campaign.cost_estimate or 0, campaign.recipient_count or 0, 1 + len(campaign.reminders))
    return render_template("campaigns/resend.html", campaign=campaign, looks=CAMPAIGN_LOOKS, count=count, cost=count * each)


def _show_resume(campaign: CampaignView, form: ResumeForm | None, problem: str = "") -> str:
    return render_template("campaigns/resume.html", campaign=campaign, looks=CAMPAIGN_LOOKS, form=form, problem=problem)


def _to_page(slug: str) -> ResponseReturnValue:
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)
