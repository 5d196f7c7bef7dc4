"""The text as one person would read it, samples of it, and a trial to the officer's own phone. Saves nothing of the draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import texts
from campaigns.commands import draft_of
from campaigns.commands.survey import deadline_text
from campaigns.commands.trying import A_DAY, send_trial
from campaigns.conversation.queries import begin_line
from campaigns.kinds import CampaignKind, traits_of
from campaigns.queries import CampaignView
from campaigns.queries.lines import prices_of
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.measuring import SAMPLE_NAME, SAMPLE_NEIGHBOURHOOD, sample_link_of
from campaigns.views.spreads import sample_words, spread_of
from contacts.queries import ContactSummary, contact_unit, search_contacts
from contacts.queries.names import contact_names, placeholder_values
from engage.identity.guard import acting, guarded
from engage.identity.notices import confirmed_phone
from engage.identity.queries import UnitNode, get_unit, subtree_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.sms.cost import estimate_text
from engage.web.flashes import flash_done
from engage.web.refusals import explain, wants_fragment
from surveys.queries import get_survey_facts

MOST_FOUND = 5


@dataclass(frozen=True)
class Shown:
    """A text as somebody would get it."""

    words: Any
    name: str
    phone: str
    lines: list[str]
    link: str
    units: int
    pages: int
    cost: int


@dataclass(frozen=True)
class Preview:
    """What the card of previews shows: people found by what was typed, the chosen one's text, and samples."""

    typed: str
    found: list[ContactSummary]
    is_searched: bool
    chosen: Shown | None
    samples: list[Shown]
    may_search: bool
    phone: str | None
    """The officer's own confirmed number"""
    most_trials: int = A_DAY


@blueprint.post("/<slug>/preview")
@guarded(Permission.CAMPAIGNS_EDIT)
def preview_text(slug: str) -> ResponseReturnValue:
    """The card alone, for the text as typed so far."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    return render_template("campaigns/_preview.html", campaign=campaign, preview=preview_of(campaign, _typed()))


@blueprint.post("/<slug>/trial")
@guarded(Permission.CAMPAIGNS_EDIT)
def send_own_trial(slug: str) -> ResponseReturnValue:
    """The text as typed goes to the officer's own phone, marked as a trial."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_EDIT)
    try:
        if campaign.state != CampaignState.DRAFT:
            raise Refused("campaign_not_editable", state=campaign.state)
        texts.check_template(_typed(), has_link=traits_of(campaign.kind).has_link, own_address=_base_url())
        send_trial(campaign.id, _sample_text(campaign, _typed()), user_id=acting().id)
    except Refused as refused:
        if refused.code == "phone_unconfirmed" and not wants_fragment():
            flash(explain(refused), "bad")
            return redirect(url_for("identity.phone_page"), code=303)
        problem = explain(refused)
        if wants_fragment():
            return render_template("campaigns/_trial.html", problem=problem, done="", needs_phone=refused.code == "phone_unconfirmed")
        flash(problem, "bad")
        return redirect(url_for("campaigns.text_step", slug=slug), code=303)
    done = _("The trial is on its way to your phone.")
    if wants_fragment():
        return render_template("campaigns/_trial.html", problem="", done=done, needs_phone=False)
    flash_done(done)
    return redirect(url_for("campaigns.text_step", slug=slug), code=303)


def preview_of(campaign: CampaignView, template: str) -> Preview:
    """As the form asks: `find` holds words or a whole number, `go` may choose somebody by "preview:<contact id>"."""
    unit = get_unit(campaign.unit_id)
    assert unit is not None
    typed = request.form.get("find", "").strip()[:80]
    may_search = acting().may(Permission.CONTACTS_VIEW, campaign.unit_id)
    units = subtree_unit_ids(campaign.unit_id)
    found = search_contacts(units, words=typed).items[:MOST_FOUND] if typed and may_search else []
    chosen, samples = None, []
    try:
        texts.check_template(template, has_link=traits_of(campaign.kind).has_link, own_address=_base_url())
    except Refused:
        # What is wrong with it stands beside the field.
        template = ""
    if template:
        contact_id = _chosen() or (found[0].id if len(found) == 1 else None)
        if may_search and contact_id is not None and contact_unit(contact_id) in units:
            chosen = _for_contact(campaign, unit, template, contact_id)
        samples = _samples(campaign, unit, template)
    return Preview(typed, found, bool(typed) and may_search, chosen, samples, may_search, confirmed_phone(acting().id))


def _chosen() -> int | None:
    kind, _colon, number = request.form.get("go", "").partition(":")
    return int(number) if kind == "preview" and number.isascii() and number.isdecimal() and len(number) < 19 else None


def _for_contact(campaign: CampaignView, unit: UnitNode, template: str, contact_id: int) -> Shown | None:
    known, names = placeholder_values([contact_id]), contact_names([contact_id])
    if contact_id not in known:
        return None
    who = names[contact_id]
    return _shown(
        campaign,
        template,
        {**_shared(campaign, unit), **known[contact_id]},
        _("As %(name)s gets it", name=who.name or "—"),
        who.name,
        who.phone,
    )


def _samples(campaign: CampaignView, unit: UnitNode, template: str) -> list[Shown]:
    shared = _shared(campaign, unit)
    spread = spread_of(template, shared, _link(campaign), draft_of(campaign).audience)
    if spread is None:
        return []
    return [
        _shown(campaign, template, {**shared, "first_name": who.first_name, "neighbourhood": who.neighbourhood}, words)
        for words, who in sample_words(spread)
    ]


def _shown(campaign: CampaignView, template: str, parameters: dict[str, str], words: Any, name: str = "", phone: str = "") -> Shown:
    link = _link(campaign)
    text = texts.render(template, parameters, link)
    measured = texts.measure(text)
    return Shown(words, name, phone, text.split("\n"), link, measured.units, measured.pages, estimate_text(text, prices_of(campaign.line)))


def _sample_text(campaign: CampaignView, template: str) -> str:
    unit = get_unit(campaign.unit_id)
    assert unit is not None
    values = {**_shared(campaign, unit), "first_name": SAMPLE_NAME, "neighbourhood": SAMPLE_NEIGHBOURHOOD}
    return texts.render(template, values, _link(campaign))


def _shared(campaign: CampaignView, unit: UnitNode) -> dict[str, str]:
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    return {
        "unit": unit.sms_name,
        "deadline": deadline_text(facts.closes_at) if facts is not None and facts.closes_at is not None else "",
        "begin": begin_line(campaign.survey_id) if campaign.kind == CampaignKind.CONVERSATION else "",
    }


def _link(campaign: CampaignView) -> str:
    """Of a true link's length; it leads nowhere."""
    return sample_link_of(current_app.extensions["engage_settings"]) if traits_of(campaign.kind).has_link else ""


def _base_url() -> str:
    return str(current_app.extensions["engage_settings"].base_url)


def _typed() -> str:
    return request.form.get("text", "")[:2000].replace("\r\n", "\n").strip()
