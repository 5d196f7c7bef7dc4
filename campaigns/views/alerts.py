"""Safety alerts: one page for whoever is on duty, the law they may rest on, and the second person's look afterwards."""

from __future__ import annotations

import re
import secrets
import textwrap
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands
from campaigns.commands import Draft, Estimate
from campaigns.content import built_in
from campaigns.forms import AlertForm, BasisForm
from campaigns.kinds import CampaignKind
from campaigns.queries import get_campaign_by_slug
from campaigns.queries.content import list_ready_texts
from campaigns.queries.kinds import SentAlert, alerts_to_review, legal_basis_of
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.audience import seen_estimate
from contacts.queries import AudienceFilter, neighbourhoods_of
from contacts.rules.segments import narrowed
from engage.identity.guard import acting, authorize, current_unit, forget_actor, guarded, visible_unit_ids
from engage.identity.home import CardBlock, TaskItem, WorkItem
from engage.identity.queries import UnitNode, subtree_unit_ids
from engage.identity.rules import Permission
from engage.identity.viewer import Viewer
from engage.refusal import Refused
from engage.web.filters import ago, number
from engage.web.flashes import flash_done
from engage.web.refusals import explain, wants_fragment

K = CampaignKind
_FILLED_IN = re.compile(r"\{[^{}]*\}")


@blueprint.route("/new/alert", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def alert_page() -> ResponseReturnValue:
    """Area, text, count and sending on one page. Without JavaScript its first button counts."""
    unit = current_unit()
    form = AlertForm()
    form.neighbourhoods.choices = [
        (each.name, f"{each.name} ({number(each.count)})") for each in neighbourhoods_of(subtree_unit_ids(unit.id))
    ]
    if request.method == "GET":
        form.key.data = new_key()
        form.ready.data, form.text.data = prefilled(K.SAFETY_ALERT, unit.id)
        return _alert_page(form, unit)
    authorize(Permission.CAMPAIGNS_CONTROL, unit.id)
    if wants_fragment():
        form.validate()
        return render_template("campaigns/_alert_count.html", unit=unit, **_counted(form, unit))
    if not form.validate():
        return _alert_page(form, unit), 422
    if request.form.get("go") == "count":
        return _alert_page(form, unit)

    def send(key: str) -> str:
        return commands.send_alert(
            unit.id,
            _("Safety alert: %(text)s", text=opening_words(form.text.data or "")),
            form.text.data or "",
            _audience(form, unit),
            form.typed.data,
            key=key,
            sees_exact=acting().is_central,
            actor_id=acting().id,
            with_legal_basis=form.with_legal_basis.data,
        )

    return send_now(form.key.data or "", form.ready.data or "", send, lambda problem: _alert_page(form, current_unit(), problem))


def send_now(key: str, ready: str, send: Callable[[str], str], page: Callable[[str], str]) -> ResponseReturnValue:
    """To the campaign's page when it is on its way, or approved and held up at the gateway; back to the form otherwise."""
    try:
        slug = send(key)
    except Refused as refused:
        # The call to the gateway gave the session away, and with it the person the page's frame shows.
        forget_actor()
        slug = f"a{key}"
        made = get_campaign_by_slug(slug)
        if made is None or not acting().may(Permission.CAMPAIGNS_EDIT, made.unit_id):
            return page(explain(refused)), 422
        flash(explain(refused), "bad")
    else:
        count_use(ready)
        flash_done(_("Sending begins."))
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)


def _alert_page(form: AlertForm, unit: UnitNode, problem: str = "") -> str:
    return render_template(
        "campaigns/alert.html",
        form=form,
        unit=unit,
        problem=problem,
        basis=legal_basis_of(unit.id),
        ready=ready_texts(K.SAFETY_ALERT, unit.id),
        may_set_basis=acting().may(Permission.UNITS_MANAGE, unit.id),
        **_counted(form, unit),
    )


def _audience(form: AlertForm, unit: UnitNode) -> AudienceFilter:
    known = {name for name, _words in form.neighbourhoods.choices}
    return AudienceFilter(unit.id, narrowed(neighbourhoods=tuple(each for each in form.neighbourhoods.data or () if each in known)))


def _counted(form: AlertForm, unit: UnitNode) -> dict[str, Any]:
    """Who gets it and what it costs, as far as the text can be read."""
    basis = legal_basis_of(unit.id) if form.with_legal_basis.data else ""
    draft = Draft(None, "—", form.text.data or "", _audience(form, unit), kind=K.SAFETY_ALERT, legal_basis=basis)
    return estimated(unit.id, draft)


def estimated(unit_id: int, draft: Draft) -> dict[str, Any]:
    """`estimate` in figures this person may see; with a text that can't be read, that of an empty one, without its cost."""
    has_text = bool(draft.text.strip())
    try:
        found: Estimate | None = commands.estimate_campaign(unit_id, draft)
    except Refused:
        return {"estimate": None, "has_text": False}
    return {"estimate": seen_estimate(found) if found else None, "has_text": has_text}


def opening_words(text: str) -> str:
    """How the text begins, for a title: whole words, without what is filled in for each citizen."""
    words = _FILLED_IN.sub("", text).strip(" \t\r\n:،,.-")
    return textwrap.shorten(words, 60, placeholder=" …")


def new_key() -> str:
    """What makes the second click on the same page send nothing."""
    return secrets.token_hex(8)


def ready_texts(kind: CampaignKind, unit_id: int) -> list[tuple[str, str, str]]:
    """(code, title, text): what stands ready in every office, and the unit's own, the most used first."""
    own = list_ready_texts(_upwards(unit_id), kind)
    found = [(f"r{each.id}", each.title, each.text) for each in own]
    return found + [(f"b{number}", each.title, each.text) for number, each in enumerate(built_in(kind))]


def prefilled(kind: CampaignKind, unit_id: int, otherwise: str = "") -> tuple[str, str]:
    """(code, text) of the ready text the address asks for."""
    asked = request.args.get("ready", "")
    return next(((code, text) for code, _title, text in ready_texts(kind, unit_id) if code == asked), ("", otherwise))


def count_use(code: str) -> None:
    if code.startswith("r") and code[1:].isascii() and code[1:].isdigit() and len(code) < 19:
        commands.note_used(int(code[1:]))


def _upwards(unit_id: int) -> list[int]:
    node = acting().node(unit_id)
    return [] if node is None else [int(part) for part in node.path.strip("/").split("/")]


@blueprint.route("/new/alert/law", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def alert_law() -> ResponseReturnValue:
    unit = current_unit()
    form = BasisForm(basis=legal_basis_of(unit.id))
    if form.validate_on_submit():
        try:
            commands.set_legal_basis(unit.id, form.basis.data or "", actor_id=acting().id)
        except Refused as refused:
            form.basis.errors = [explain(refused)]
        else:
            flash_done(_("Saved."))
            return redirect(url_for("campaigns.alert_page"), code=303)
    return render_template("campaigns/alert_law.html", form=form, unit=unit), 422 if request.method == "POST" else 200


@blueprint.post("/<slug>/reviewed")
@guarded(Permission.CAMPAIGNS_APPROVE)
def review_alert(slug: str) -> ResponseReturnValue:
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_APPROVE)
    try:
        commands.review_alert(campaign.id, actor_id=acting().id)
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(_("It is noted that you have looked at this alert."))
    return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)


def _unseen(viewer: Viewer) -> list[SentAlert]:
    units = visible_unit_ids(Permission.CAMPAIGNS_APPROVE)
    return alerts_to_review(units, viewer.id) if units else []


def count_tasks(viewer: Viewer, unit: UnitNode) -> int:
    return len(_unseen(viewer))


def tasks(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    return [
        TaskItem(
            "alert",
            "wait",
            _("“%(title)s” went out without a second person", title=each.title),
            _("%(count)s recipients · %(time)s", count=number(each.recipient_count or 0), time=ago(each.started_at)),
            _("Look at it"),
            url_for("campaigns.campaign_page", slug=each.slug),
        )
        for each in _unseen(viewer)
    ]
