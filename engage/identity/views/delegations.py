"""Who approves in a manager's name while they are away."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import commands
from engage.identity.delegations import find_delegation, list_delegations, possible_delegates, today
from engage.identity.forms import DelegationForm
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.identity.views import blueprint
from engage.refusal import Refused
from engage.web.refusals import explain


@blueprint.route("/settings/delegations", methods=["GET", "POST"])
@guarded(Permission.SETTINGS_VIEW)
def delegations_page() -> ResponseReturnValue:
    """The delegations of the units below; a manager names their own delegate here."""
    actor, unit, problem = acting(), current_unit(), ""
    may_name = actor.may(Permission.CAMPAIGNS_APPROVE)
    form = DelegationForm()
    form.delegate_id.choices = possible_delegates(unit.id, of=actor.id) if may_name else []
    if form.is_submitted() and not may_name:
        abort(403)
    if not form.is_submitted():
        form.first_day.data = form.last_day.data = today()
    if form.validate_on_submit():
        assert form.first_day.data is not None and form.last_day.data is not None
        try:
            commands.name_delegate(actor.id, form.delegate_id.data, unit.id, form.first_day.data, form.last_day.data)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("The delegate was named. You can take it back at any time."), "ok")
            return redirect(url_for("identity.delegations_page"), code=303)
    page = render_template(
        "identity/delegations.html",
        form=form,
        problem=problem,
        unit=unit,
        may_name=may_name,
        delegations=list_delegations(visible_unit_ids(Permission.SETTINGS_VIEW)),
        administered=actor.unit_ids(Permission.USERS_MANAGE),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/settings/delegations/<int:delegation_id>/revoke")
@guarded(Permission.SETTINGS_VIEW)
def revoke_delegation(delegation_id: int) -> ResponseReturnValue:
    found = find_delegation(delegation_id)
    if found is None:
        abort(404)
    authorize(Permission.SETTINGS_VIEW, found.unit_id)
    try:
        commands.revoke_delegation(delegation_id)
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash(_("The delegation was taken back. It holds no more."), "ok")
    return redirect(url_for("identity.delegations_page"), code=303)
