"""A campaign's own page, whatever its state: while it is sent, the figures renew themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands
from campaigns.conversation.queries import talk_counts
from campaigns.forms import clock_words
from campaigns.kinds import CampaignKind
from campaigns.queries import (
    CampaignView,
    HourCount,
    Progress,
    campaign_funnel,
    list_recipients,
    progress_of,
    sent_by_hour,
    survey_funnel,
    waves_of,
)
from campaigns.queries.money import ledger_of
from campaigns.queries.undecided import count_undecided
from campaigns.states import CANCELLABLE_CAMPAIGN_STATES, CampaignState, MessageState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.approving import campaign_to_decide
from campaigns.views.control import RESENDABLE_STATES
from campaigns.views.firstpage import work_item
from campaigns.views.following import after_sending
from campaigns.views.labels import CAMPAIGN_LOOKS, CHIP_ORDER, MESSAGE_LOOKS, WAVE_LABELS, WAVE_SKIPS, pause_words, reason_words
from campaigns.views.review import show_approval
from engage.clock import TEHRAN, now
from engage.identity.audit_log import AuditFilter, list_audit
from engage.identity.guard import acting, guarded
from engage.identity.queries import user_name
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.charts import Column, Part, Step
from engage.web.filters import digits, jalali, number
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import get_survey, invitation_funnel
from surveys.sealing import sealed_count_words

_C = CampaignState
_M = MessageState

PAGE = 25
MOVING = frozenset({_C.SCHEDULED, _C.MATERIALISING, _C.SENDING, _C.SETTLING})
"""States in which the figures change while one looks."""


@blueprint.get("/<slug>")
@guarded(Permission.CAMPAIGNS_VIEW)
def campaign_page(slug: str) -> ResponseReturnValue:
    campaign = campaign_to_decide(slug)
    if campaign.state == _C.DRAFT:
        if acting().may(Permission.CAMPAIGNS_EDIT, campaign.unit_id):
            return redirect(url_for("campaigns.text_step", slug=slug), code=303)
        return show_approval(slug)
    if campaign.state in (_C.IN_REVIEW, _C.APPROVED):
        return show_approval(slug)
    chosen = request.args.get("state", "")
    wanted = [_M(chosen)] if chosen in set(_M) else None
    after = max(request.args.get("after", 0, type=int), 0)
    sees_people = acting().may(Permission.CONTACTS_VIEW, campaign.unit_id)
    recipients = list_recipients(campaign.id, states=wanted, after_id=after, limit=PAGE + 1) if sees_people else []
    figures = _figures(campaign)
    progress: Progress = figures["progress"]
    return render_template(
        "campaigns/live.html",
        **figures,
        **after_sending(campaign),
        may_edit=acting().may(Permission.CAMPAIGNS_EDIT, campaign.unit_id),
        sees_people=sees_people,
        recipients=recipients[:PAGE],
        next_url=_page_url(campaign, chosen, recipients[PAGE - 1].message_id) if len(recipients) > PAGE else None,
        first_url=_page_url(campaign, chosen, None) if after else None,
        shown_total=progress.count(*wanted) if wanted else progress.total,
        chips=_chips(campaign, progress, chosen if wanted else ""),
        message_looks=MESSAGE_LOOKS,
        reason_words=reason_words,
        approver=user_name(campaign.approved_by),
        author=user_name(campaign.author_id),
    )


@blueprint.get("/<slug>/progress")
@guarded(Permission.CAMPAIGNS_VIEW)
def progress_part(slug: str) -> ResponseReturnValue:
    """The moving part of the page; when the campaign has changed its state meanwhile, the whole page is asked for."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_VIEW)
    response: Response = make_response(render_template("campaigns/_progress.html", **_figures(campaign)))
    if request.args.get("was", campaign.state) != campaign.state:
        response.headers["HX-Refresh"] = "true"
    return response


@blueprint.get("/<slug>/card")
@guarded(Permission.CAMPAIGNS_VIEW)
def card(slug: str) -> ResponseReturnValue:
    """The campaign's card on the first page, which renews itself."""
    return render_template("campaigns/_card.html", item=work_item(campaign_or_404(slug, Permission.CAMPAIGNS_VIEW)))


@blueprint.post("/<slug>/pause")
@guarded(Permission.CAMPAIGNS_CONTROL)
def pause(slug: str) -> ResponseReturnValue:
    return _control(slug, commands.pause_campaign, _("Sending is paused. Texts already at the gateway can't be called back."))


@blueprint.post("/<slug>/remind")
@guarded(Permission.CAMPAIGNS_CONTROL)
def remind(slug: str) -> ResponseReturnValue:
    return _control(slug, commands.remind_now, _("The reminder goes out now to those who haven't answered."))


@blueprint.route("/<slug>/cancel", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_CONTROL)
def cancel(slug: str) -> ResponseReturnValue:
    """GET says what cancelling means; POST does it."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    if request.method == "POST":
        return _control(slug, commands.cancel_campaign, _("The campaign was cancelled. Nothing more goes out."))
    if campaign.state not in CANCELLABLE_CAMPAIGN_STATES:
        flash(explain(Refused("state_forbids", state=campaign.state, to=_C.CANCELLED)), "bad")
        return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)
    return render_template(
        "campaigns/cancel.html",
        campaign=campaign,
        progress=progress_of(campaign.id),
        looks=CAMPAIGN_LOOKS,
        has_waves=bool(waves_of(campaign.id)),
    )


def _control(slug: str, command: Callable[..., None], done: str) -> ResponseReturnValue:
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    try:
        command(campaign.id, actor_id=acting().id)
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(done)
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)


def _figures(campaign: CampaignView) -> dict[str, Any]:
    """Everything the moving part shows."""
    progress = progress_of(campaign.id)
    survey = None if campaign.survey_id is None else get_survey(campaign.survey_id)
    sent = campaign_funnel(campaign.id) if campaign.survey_id is None else survey_funnel(campaign.survey_id)
    steps = [Step(_("Invited"), sent.invited), Step(_("Accepted by the gateway"), sent.accepted), Step(_("Delivered"), sent.delivered)]
    answered, sealed_words = None, ""
    if campaign.survey_id is not None:
        invited = invitation_funnel(campaign.survey_id)
        steps.append(Step(_("Link opened"), invited.opened))
        if invited.is_under_seal:
            sealed_words = _("at least %(count)s", count=number(invited.answered)) if invited.answered else sealed_count_words()
        else:
            answered = invited.answered
            steps += [Step(_("Began to answer"), invited.started), Step(_("Answered"), answered)]
    hours = sent_by_hour(campaign.id)
    waves = waves_of(campaign.id)
    return {
        "campaign": campaign,
        "looks": CAMPAIGN_LOOKS,
        "survey": survey,
        "progress": progress,
        "parts": _parts(campaign, progress),
        "funnel_steps": steps,
        "answered": answered,
        "sealed_words": sealed_words,
        "delivered": sent.delivered,
        "clock_words": clock_words,
        "has_reminder_waiting": campaign.state in (_C.SENDING, _C.PAUSED)
        and any(wave.kind == "reminder" and wave.materialised_at is None and wave.due_at > now() for wave in waves),
        "columns": _columns(hours),
        "columns_by_day": _spans_days(hours),
        "last_tick": digits((hours[-1].hour.astimezone(TEHRAN) + timedelta(hours=1)).hour) if hours and not _spans_days(hours) else "",
        "waves": waves,
        "wave_labels": WAVE_LABELS,
        "wave_skips": WAVE_SKIPS,
        "pause": pause_words(campaign.pause_code) if campaign.state == _C.PAUSED else None,
        "paused_by": _paused_by(campaign) if campaign.state == _C.PAUSED and campaign.pause_code == "user" else None,
        "is_moving": campaign.state in MOVING,
        "ledger": ledger_of(campaign.id),
        "talks": talk_counts(campaign.id) if campaign.kind == CampaignKind.CONVERSATION else None,
        "undecided": count_undecided(campaign.id, current_app.extensions["engage_settings"]) if progress.count(_M.UNKNOWN) else 0,
        "may_resend": campaign.state in RESENDABLE_STATES and progress.count(_M.UNDELIVERED, _M.FAILED, _M.EXPIRED) > 0,
        "now": now(),
        "may_control": acting().may(Permission.CAMPAIGNS_CONTROL, campaign.unit_id),
        "may_cancel": campaign.state in CANCELLABLE_CAMPAIGN_STATES and acting().may(Permission.CAMPAIGNS_CONTROL, campaign.unit_id),
    }


def _parts(campaign: CampaignView, progress: Progress) -> list[Part]:
    over = campaign.state in (_C.PAUSED, _C.CANCELLED)
    return [
        Part(_("Delivered"), progress.delivered, "ok"),
        Part(_("Accepted by the gateway, waiting for the receipt"), progress.count(_M.ACCEPTED), "soft"),
        Part(_("Undelivered, blocked or failed"), progress.count(_M.UNDELIVERED, _M.BLOCKED, _M.FAILED, _M.EXPIRED), "bad"),
        Part(_("Unknown"), progress.count(_M.UNKNOWN, _M.WRITTEN_OFF), "wait"),
        Part(_("Sending not allowed or no longer needed"), progress.count(_M.SUPPRESSED, _M.CANCELLED), "off"),
        Part(_("Queued, stopped") if over else _("Queued and being sent"), progress.waiting, "track"),
    ]


def _spans_days(hours: list[HourCount]) -> bool:
    return bool(hours) and hours[-1].hour - hours[0].hour >= timedelta(hours=24)


def _columns(hours: list[HourCount]) -> list[Column]:
    """Texts per hour with the empty hours between; per day once that would be more than a day's worth."""
    if not hours:
        return []
    if _spans_days(hours):
        days: dict[Any, int] = {}
        for each in hours:
            day = each.hour.astimezone(TEHRAN).date()
            days[day] = days.get(day, 0) + each.count
        first, last = min(days), max(days)
        span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        return [Column(jalali(day, with_year=False), days.get(day, 0)) for day in span]
    counts = {each.hour: each.count for each in hours}
    moment, columns = hours[0].hour, []
    while moment <= hours[-1].hour:
        columns.append(Column(digits(moment.astimezone(TEHRAN).hour), counts.get(moment, 0)))
        moment += timedelta(hours=1)
    return columns


def _paused_by(campaign: CampaignView) -> str | None:
    lines, _next = list_audit([campaign.unit_id], AuditFilter(action="campaign.paused", object_type="campaign", object_id=campaign.slug))
    return lines[0].actor_name if lines else None


def _chips(campaign: CampaignView, progress: Progress, chosen: str) -> list[tuple[Any, int, str, bool, str, str]]:
    kinds = {"ok": "ok", "bad": "bad", "wait": "wait"}
    chips: list[tuple[Any, int, str, bool, str, str]] = [(_("All"), progress.total, _page_url(campaign, "", None), not chosen, "", "")]
    for state in CHIP_ORDER:
        count = progress.count(state)
        if count or state == chosen:
            look = MESSAGE_LOOKS[state]
            chips.append((look.label, count, _page_url(campaign, state, None), state == chosen, look.icon, kinds.get(look.kind, "")))
    return chips


def _page_url(campaign: CampaignView, state: str, after: int | None) -> str:
    return url_for("campaigns.campaign_page", slug=campaign.slug, state=str(state) or None, after=after, _anchor="h-rec")
