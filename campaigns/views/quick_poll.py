"""The quick poll: a question, whom to ask, how precise; the plan beside it; then the ordinary review."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.commands import Draft, Estimate, estimate_campaign
from campaigns.commands.quick_poll import PollKind, QuickPoll, make_quick_poll, poll_text
from campaigns.kinds import CampaignKind
from campaigns.planning import Plan, Timetable, guess_rate, plan_invitations, timetable
from campaigns.poll_form import QuickPollForm
from campaigns.queries import get_campaign, get_campaign_by_slug
from campaigns.queries.lines import get_line, hours_of
from campaigns.queries.past_rates import answer_curve, past_campaigns
from campaigns.views import blueprint
from campaigns.views.alerts import new_key
from campaigns.views.audience import new_seed, seen_counts, seen_estimate
from contacts.queries import AudienceCount, AudienceFilter, list_segments, with_current_rule
from contacts.rules.sampling import Sample
from contacts.rules.segments import EVERYONE
from engage.clock import now
from engage.config import Settings
from engage.identity.guard import acting, authorize, current_unit, guarded
from engage.identity.queries import UnitNode, subtree_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number, percent
from engage.web.refusals import explain

_WINDOW = (Draft.window_start, Draft.window_end)


@dataclass(frozen=True)
class PlanCard:
    """What the planner says of an audience."""

    counts: AudienceCount
    plan: Plan
    times: Timetable
    estimate: Estimate | None
    sentence: str


@blueprint.route("/quick-poll", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def quick_poll() -> ResponseReturnValue:
    """One page from the question to the review. «برآورد» only plans; nothing is written before the last button."""
    unit = current_unit()
    authorize(Permission.SURVEYS_EDIT, unit.id)
    form = QuickPollForm()
    form.offer([(each.slug, each.title) for each in list_segments([unit.id], acting().id)])
    if request.method == "GET":
        form.key.data, form.seed.data = new_key(), str(new_seed())
        return _page(form, unit)
    if request.form.get("go") == "plan":
        form.validate()
        return _page(form, unit)
    if not form.validate():
        return _page(form, unit), 422
    made = get_campaign_by_slug(f"q{form.key.data}")
    if made is not None and made.unit_id == unit.id:
        return redirect(url_for("campaigns.review_step", slug=made.slug), code=303)
    card = _plan(form, unit)
    try:
        if card.plan.invitations == 0:
            raise Refused("audience_empty")
        audience = _audience(form, unit)
        if not card.plan.is_everybody:
            audience = replace(audience, sample=Sample(card.plan.invitations, _seed(form)))
        campaign_id = make_quick_poll(unit.id, _poll(form), audience, actor_id=acting().id, slug=f"q{form.key.data}")
    except Refused as refused:
        return _page(form, unit, explain(refused)), 422
    made = get_campaign(campaign_id)
    assert made is not None
    return redirect(url_for("campaigns.review_step", slug=made.slug), code=303)


@blueprint.post("/quick-poll/plan")
@guarded(Permission.CAMPAIGNS_EDIT)
def plan_quick_poll() -> ResponseReturnValue:
    """The plan alone, while one chooses. Saves nothing."""
    unit = current_unit()
    form = QuickPollForm()
    form.offer([(each.slug, each.title) for each in list_segments([unit.id], acting().id)])
    form.validate()
    return render_template("campaigns/_plan.html", card=_plan(form, unit), wanted=_wanted(form))


def _page(form: QuickPollForm, unit: UnitNode, problem: str = "") -> str:
    return render_template("campaigns/quick_poll.html", form=form, unit=unit, problem=problem, card=_plan(form, unit), wanted=_wanted(form))


def _plan(form: QuickPollForm, unit: UnitNode) -> PlanCard:
    return plan_card(_audience(form, unit), unit, _wanted(form), form.question.data or "")


def plan_card(audience: AudienceFilter, unit: UnitNode, wanted: float | None, question: str = "") -> PlanCard:
    """The plan for an audience: invitations, precision, price, hours. Figures of other units are rounded as everywhere."""
    counts = seen_counts(audience)
    units = subtree_unit_ids(unit.id)
    plan = plan_invitations(counts.eligible, wanted, guess_rate(past_campaigns(units)))
    draft = Draft(None, "—", poll_text(question or "؟"), replace(audience, sample=Sample(max(plan.invitations, 1), 1)))
    estimate: Estimate | None = None
    try:
        # A survey's link is of one length everywhere, so the price is known before there is a survey.
        found = estimate_campaign(unit.id, replace(draft, kind=CampaignKind.SURVEY, survey_id=None))
        estimate = seen_estimate(replace(found, recipients=plan.invitations, cost=plan.invitations * found.cost_each))
    except Refused:
        estimate = None
    start = now()
    line_number = _line()
    line = get_line(line_number)
    hours = hours_of(CampaignKind.SURVEY, _WINDOW, line_number, start)
    per_second = float(line.per_second) if line is not None and line.per_second is not None else None
    times = timetable(start, plan.invitations, per_second, hours, answer_curve(units))
    return PlanCard(counts, plan, times, estimate, _sentence(plan, wanted))


def _sentence(plan: Plan, wanted: float | None) -> str:
    """What the plan comes to, in one sentence."""
    values = {"count": number(plan.invitations), "rate": percent(plan.rate.expected), "answers": number(plan.completes)}
    if not plan.invitations:
        return str(_("Nobody is left under these conditions."))
    if not plan.allows_percentages:
        return str(_("About %(answers)s answers are to be expected from %(count)s invitations: counts, no percentages.", **values))
    points = number(round((plan.margin or 0) * 100, 1))
    if wanted is None or plan.is_enough:
        return str(_("For ±%(points)s points about %(count)s invitations at a response rate of %(rate)s.", points=points, **values))
    return str(
        _(
            "The audience is too small for that: all %(count)s invited, ±%(points)s points at a response rate of %(rate)s.",
            points=points,
            **values,
        )
    )


def _poll(form: QuickPollForm) -> QuickPoll:
    return QuickPoll(form.question.data or "", PollKind(form.kind.data), form.lines, bool(form.asks_why.data), form.days.data)


def _audience(form: QuickPollForm, unit: UnitNode) -> AudienceFilter:
    known = {slug for slug, _title in form.segment.choices if slug}
    slug = form.segment.data if form.segment.data in known else None
    return with_current_rule(AudienceFilter(unit.id, EVERYONE, None, slug))


def _wanted(form: QuickPollForm) -> float | None:
    return form.wanted if form.precision.data in {"3", "5", "7", "all"} else 0.05


def _seed(form: QuickPollForm) -> int:
    typed = form.seed.data or ""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else new_seed()


def _line() -> str:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.gateway_line
