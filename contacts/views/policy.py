"""What the unit decided about its contact base."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands
from contacts.policy_form import PolicyForm
from contacts.queries.policy import own_policy, policy_of
from contacts.views import blueprint
from engage.identity.guard import current_unit, guarded
from engage.identity.queries import get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.route("/policy", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def policy() -> Any:
    unit = current_unit()
    holds = policy_of(unit.id)
    form = PolicyForm(obj=holds)
    if form.validate_on_submit():
        try:
            changed = commands.set_policy(unit.id, form.policy())
        except Refused as refused:
            flash(explain(refused), "bad")
        else:
            flash_done(_("The rules were saved.") if changed else _("Nothing was changed."))
            return redirect(url_for(".policy"), code=303)
    decider = get_unit(holds.unit_id) if holds.unit_id is not None else None
    page = render_template(
        "contacts/policy.html", form=form, unit=unit, is_own=own_policy(unit.id) is not None, decider=decider.name if decider else ""
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/policy/follow")
@guarded(Permission.CONTACTS_MANAGE)
def follow_policy() -> Response:
    if commands.follow_policy_above(current_unit().id):
        flash_done(_("The unit follows the rules of the units above it."))
    return redirect(url_for(".policy"), code=303)
