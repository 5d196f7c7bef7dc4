"""The list of contacts and one contact's pages."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, queries
from contacts.forms import AddForm, ConsentForm, PersonForm
from contacts.looks import STANDING_LOOKS
from contacts.queries.people import PAGE_SIZE, STANDINGS
from contacts.rules.consent import Basis
from contacts.views import blueprint
from contacts.words import BASES, GENDERS
from engage import persian
from engage.clock import today_in_tehran
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.get("/")
@guarded(Permission.CONTACTS_VIEW)
def index() -> str:
    units = visible_unit_ids(Permission.CONTACTS_VIEW)
    filters: dict[str, Any] = {
        "words": request.args.get("q", "").strip()[:100],
        "neighbourhood": request.args.get("neighbourhood", ""),
        "standing": request.args.get("standing", "") if request.args.get("standing") in STANDINGS else "",
    }
    page = queries.search_contacts(units, page=_page_number(), **filters)
    total = page.count if not any(filters.values()) else queries.count_contacts(units)
    first = (page.page - 1) * PAGE_SIZE
    kept = {name: value for name, value in {"q": filters["words"], **filters}.items() if value and name != "words"}
    return render_template(
        "contacts/index.html",
        page=page,
        total=total,
        first=first + 1,
        last=first + len(page.items),
        filters=filters,
        kept=kept,
        neighbourhoods=queries.neighbourhoods_of(units),
        looks=STANDING_LOOKS,
        unit=current_unit(),
        waiting=queries.waiting_imports(units),
    )


@blueprint.get("/<int:contact_id>")
@guarded(Permission.CONTACTS_VIEW)
def show(contact_id: int) -> str:
    record = _authorized(contact_id, Permission.CONTACTS_VIEW)
    kind = request.args.get("show", "")
    items = queries.timeline_of(record.id, record.identity_id)
    shown = [item for item in items if not kind or item.kind == kind]
    return render_template(
        "contacts/contact.html",
        contact=record,
        items=shown,
        kinds=sorted({item.kind for item in items}),
        kind=kind,
        age=_age(record.birth_year),
        bases=BASES,
        genders=GENDERS,
        looks=STANDING_LOOKS,
        may_edit=acting().may(Permission.CONTACTS_EDIT, record.unit_id),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def new() -> str | Response:
    form = AddForm()
    form.purpose.choices = list(queries.list_purposes().items())
    if form.validate_on_submit():
        try:
            contact_id = commands.add_contact(
                current_unit().id,
                form.phone.data or "",
                form.person(),
                purpose=form.purpose.data,
                basis=Basis(form.basis.data),
                evidence=form.evidence.data,
            )
        except Refused as refused:
            form.phone.errors = [*form.phone.errors, explain(refused)]
        else:
            flash_done(_("The contact was added."))
            return redirect(url_for(".show", contact_id=contact_id), code=303)
    return _form_page("contacts/new.html", form)


@blueprint.route("/<int:contact_id>/edit", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def edit(contact_id: int) -> str | Response:
    record = _authorized(contact_id, Permission.CONTACTS_EDIT)
    form = PersonForm(obj=record)
    if form.validate_on_submit():
        if commands.update_contact(contact_id, form.person(record.custom)):
            flash_done(_("The contact was saved."))
        return redirect(url_for(".show", contact_id=contact_id), code=303)
    return _form_page("contacts/edit.html", form, contact=record)


@blueprint.route("/<int:contact_id>/consent", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def consent(contact_id: int) -> str | Response:
    record = _authorized(contact_id, Permission.CONTACTS_EDIT)
    form = ConsentForm()
    form.purpose.choices = list(queries.list_purposes().items())
    if form.validate_on_submit():
        commands.give_consent(contact_id, form.purpose.data, Basis(form.basis.data), evidence=form.evidence.data)
        flash_done(_("The consent was entered."))
        return redirect(url_for(".show", contact_id=contact_id), code=303)
    return _form_page("contacts/consent.html", form, contact=record)


@blueprint.post("/<int:contact_id>/withdraw")
@guarded(Permission.CONTACTS_EDIT)
def withdraw(contact_id: int) -> Response:
    _authorized(contact_id, Permission.CONTACTS_EDIT)
    purpose = request.form.get("purpose", "")
    if purpose not in queries.list_purposes():
        abort(400)
    if commands.withdraw_consent(contact_id, purpose):
        flash_done(_("The consent was withdrawn; no more texts of this kind go to this number."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


@blueprint.route("/<int:contact_id>/stop", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def stop(contact_id: int) -> str | Response:
    # Only the citizen can renew it, so this one asks before: there is no undo to offer.
    record = _authorized(contact_id, Permission.CONTACTS_EDIT)
    if request.method == "GET":
        return render_template("contacts/stop.html", contact=record)
    commands.suppress_identity(record.identity_id, "officer")
    flash_done(_("From now on no text goes to this number."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


def _authorized(contact_id: int, permission: Permission) -> queries.ContactRecord:
    authorize(permission, queries.contact_unit(contact_id))
    record = queries.get_contact(contact_id)
    if record is None:
        abort(404)
    return record


def _form_page(template: str, form: Any, **more: Any) -> Any:
    status = 422 if form.is_submitted() else 200
    return render_template(template, form=form, **more), status


def _page_number() -> int:
    typed = persian.to_latin_digits(request.args.get("page", "1"))
    return int(typed) if typed.isdecimal() and len(typed) < 7 else 1


def _age(birth_year: int | None) -> int | None:
    return None if birth_year is None else persian.to_jalali(today_in_tehran())[0] - birth_year
