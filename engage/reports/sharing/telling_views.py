"""«شما گفتید، ما انجام دادیم»: writing the text to those who took part; it is reviewed and approved like every campaign."""

from __future__ import annotations

from flask import current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.queries import get_campaign
from engage.config import Settings
from engage.identity.guard import acting, authorize, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.sharing import queries
from engage.reports.sharing.commands.telling import draft_told, took_part
from engage.reports.sharing.forms import TellForm
from engage.reports.sharing.queries import Decision
from engage.reports.sharing.rules import DecisionState
from engage.reports.sharing.views import blueprint, get_report
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.results import results_address

UNIT = "{واحد}"
"""The placeholder of the office's name in every text"""
SHORT = 60
"""Characters of a title that still leave room in a text"""


@blueprint.route("/tell", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def tell(slug: str) -> ResponseReturnValue:
    report = get_report(slug, Permission.CAMPAIGNS_EDIT)
    parents = took_part(report.survey_id)
    for parent in parents:
        # A campaign of a unit above may have invited, too: writing for that unit takes the right there.
        campaign = get_campaign(parent)
        authorize(Permission.CAMPAIGNS_EDIT, campaign.unit_id if campaign is not None else None)
    done = [each for each in queries.decisions_of(report.survey_id) if each.state == DecisionState.DONE]
    fresh = [each for each in done if each.said_at is None] or done
    form = TellForm(data={"decisions": [str(each.id) for each in fresh], "text": _suggested(report, fresh)})
    form.decisions.choices = [(str(each.id), each.title) for each in done]
    problem = ""
    if form.validate_on_submit():
        try:
            made = draft_told(report, [int(each) for each in form.decisions.data or ()], form.text.data or "", actor_id=acting().id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash_done(_("The draft is ready. It is sent once a second person has approved it."))
            return redirect(url_for("campaigns.review_step", slug=made[0]), code=303)
    body = render_template(
        "sharing/tell.html", report=report, form=form, problem=problem, done=done, people=sum(parents.values()), drafts=len(parents)
    )
    return body, 422 if form.is_submitted() else 200


def _suggested(report: Report, done: list[Decision]) -> str:
    """What was asked, what was done, and the results' address where they are published."""
    titles = _(" and ").join(_short(each.title) for each in done[:2])
    words = _(
        "%(unit)s: you answered “%(survey)s”. Done: %(decisions)s. Thank you.", unit=UNIT, survey=_short(report.title), decisions=titles
    )
    address = results_address(report.survey_id, report.slug)
    settings: Settings = current_app.extensions["engage_settings"]
    return f"{words}\n{settings.base_url}{address}" if address else words


def _short(text: str) -> str:
    text = text.replace("{", "(").replace("}", ")").rstrip(" .؟?!")
    return text if len(text) <= SHORT else text[: SHORT - 1].rsplit(" ", 1)[0] + "…"
