"""«اعتراض به رضایت»: the one button, the record that is handed over, and the lists that many object to."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from contacts import commands, queries
from contacts.queries import disputes
from contacts.views import blueprint
from contacts.words import BASES, CHANNELS
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import get_unit, user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm, stripped
from engage.web.refusals import explain


class ObjectionForm(BaseForm):
    note = TextAreaField(
        _l("What did they say?"),
        description=_l("For example: called on 2 Azar, never filled in a form. It stays with the objection."),
        filters=[stripped],
        validators=[Length(max=1000)],
    )


class WithdrawAllForm(BaseForm):
    reason = TextAreaField(
        _l("Why?"),
        description=_l("For example: asked for it at the counter. It is kept in the consent ledger."),
        filters=[stripped],
        validators=[InputRequired(), Length(max=500)],
    )


@blueprint.route("/<int:contact_id>/objection", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def dispute(contact_id: int) -> Any:
    record = _authorized(contact_id, Permission.CONTACTS_EDIT)
    form = ObjectionForm()
    if form.validate_on_submit():
        commands.dispute_consent(contact_id, note=form.note.data or "")
        flash_done(_("Texts to this number were stopped. Below is the record of its consent, and words of apology."))
        return redirect(url_for(".consent_record", contact_id=contact_id), code=303)
    return render_template("contacts/dispute.html", contact=record, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/<int:contact_id>/record")
@guarded(Permission.CONTACTS_VIEW)
def consent_record(contact_id: int) -> str:
    authorize(Permission.CONTACTS_VIEW, queries.contact_unit(contact_id))
    found = disputes.consent_record(contact_id)
    if found is None:
        abort(404)
    unit = get_unit(found.unit_id)
    return render_template(
        "contacts/record.html", record=found, unit=unit, bases=BASES, channels=CHANNELS, apology=apology_text(unit.name if unit else "")
    )


@blueprint.route("/<int:contact_id>/withdraw-all", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def withdraw_all(contact_id: int) -> Any:
    record = _authorized(contact_id, Permission.CONTACTS_EDIT)
    form = WithdrawAllForm()
    if form.validate_on_submit():
        count = commands.withdraw_all(contact_id, reason=form.reason.data or "")
        flash_done(_("%(count)s consents were withdrawn.", count=number(count)))
        return redirect(url_for(".show", contact_id=contact_id), code=303)
    return render_template("contacts/withdraw_all.html", contact=record, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/objections")
@guarded(Permission.CONTACTS_VIEW)
def objections() -> str:
    units = visible_unit_ids(Permission.CONTACTS_VIEW)
    found = disputes.objections(units)
    actor = acting()
    lists = disputes.disputed_lists(units)
    return render_template(
        "contacts/objections.html",
        lists=lists,
        may_release={each.import_id for each in lists if actor.may(Permission.CONTACTS_RELEASE, each.unit_id)},
        objections=found,
        names=user_names({each.actor_id for each in found if each.actor_id}),
        channels=CHANNELS,
        unit=current_unit(),
    )


@blueprint.post("/objections/<slug>/lift")
@guarded(Permission.CONTACTS_RELEASE)
def lift_hold(slug: str) -> Response:
    try:
        commands.lift_hold(_list_of(slug))
    except Refused as refused:
        return _refused(refused)
    flash_done(_("The list may be used again. Only new objections count from now on."))
    return redirect(url_for(".objections"), code=303)


@blueprint.route("/objections/<slug>/end", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_RELEASE)
def end_list(slug: str) -> Any:
    import_id = _list_of(slug)
    if request.method == "GET":
        found = disputes.disputed_list(import_id)
        if found is None or found.held_at is None:
            abort(404)
        return render_template("contacts/end_list.html", found=found)
    try:
        commands.end_held_list(import_id)
    except Refused as refused:
        return _refused(refused)
    flash_done(_("Every consent this list brought is being ended. Nobody is texted on its ground any more."))
    return redirect(url_for(".objections"), code=303)


def apology_text(unit_name: str) -> str:
    """Words of apology to copy into a letter or to read out; in Persian, for they are said to a citizen."""
    return (
        f"شهروند گرامی، از این‌که پیامکی از {unit_name} بی‌رضایت شما به دستتان رسید پوزش می‌خواهیم. "
        "از همین لحظه هیچ پیامکی از شهرداری به این شماره فرستاده نمی‌شود. "
        "سند ثبت شماره در همین برگه است؛ اگر بخواهید، داده‌های شما نیز پاک می‌شود."
    )


def _refused(refused: Refused) -> Response:
    flash(explain(refused), "bad")
    return redirect(url_for(".objections"), code=303)


def _list_of(slug: str) -> int:
    found = queries.get_import(slug)
    authorize(Permission.CONTACTS_RELEASE, found.unit_id if found else None)
    assert found is not None
    return found.id


def _authorized(contact_id: int, permission: Permission) -> queries.ContactRecord:
    authorize(permission, queries.contact_unit(contact_id))
    record = queries.get_contact(contact_id)
    if record is None:
        abort(404)
    return record
