"""Adding one person by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from contacts import commands, queries
from contacts.adding_form import ASK, OnePersonForm, one_person_form
from contacts.commands.pending import ask_to_confirm
from contacts.queries.fields import fields_of
from contacts.queries.policy import policy_of
from contacts.queries.purposes import offered_purposes
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from contacts.views import blueprint
from engage.identity.guard import current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.route("/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def new() -> Any:
    unit = current_unit()
    fields = fields_of(unit.id)
    form = one_person_form(fields)
    form.purpose.choices = list(offered_purposes().items())
    if not form.is_submitted() and policy_of(unit.id).is_double_opt_in:
        form.how.data = ASK
    if form.validate_on_submit():
        own = form.read_own(fields)
        if own is not None:
            try:
                return redirect(_add(unit.id, form, replace(form.person(own), language=form.language.data or "")), code=303)
            except Refused as refused:
                _tell(form, refused)
    page = render_template("contacts/new.html", form=form, own=form.own(fields), unit=unit)
    return page, 422 if form.is_submitted() else 200


def _add(unit_id: int, form: OnePersonForm, person: Person) -> str:
    e164 = form.phone.data or ""
    if form.how.data == ASK:
        if _is_known([unit_id], e164):
            raise Refused("contact_exists")
        ask_to_confirm(unit_id, e164, person, [form.purpose.data])
        flash_done(
            _(
                "The person is being asked by SMS. They become a contact when they agree; without an answer in 14 days all of this is deleted."
            )
        )
        return url_for(".index")
    contact_id = commands.add_contact(
        unit_id, e164, person, purpose=form.purpose.data, basis=Basis(form.basis.data), evidence=form.evidence.data
    )
    flash_done(_("The contact was added."))
    return url_for(".show", contact_id=contact_id)


def _is_known(unit_ids: Collection[int], e164: str) -> bool:
    """Whether the number is a contact of one of these units."""
    identity_id = queries.find_identity(e164)
    return identity_id is not None and any(queries.contact_unit(each) in unit_ids for each in queries.contacts_of_identity(identity_id))


def _tell(form: OnePersonForm, refused: Refused) -> None:
    field = {"evidence_missing": form.evidence, "purpose_unknown": form.purpose}.get(refused.code, form.phone)
    if refused.code == "number_suppressed" and not _is_known(visible_unit_ids(Permission.CONTACTS_VIEW), form.phone.data or ""):
        # Why a number that nobody here knows can't be texted is between its holder and whoever they told.
        refused = Refused("number_not_sendable")
    field.errors = [*field.errors, explain(refused)]
