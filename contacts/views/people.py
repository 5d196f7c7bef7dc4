"""The list of contacts and one contact's pages."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, queries
from contacts.forms import ConsentForm
from contacts.looks import LANGUAGES, REACH_LOOKS, STANDING_LOOKS, TIMELINE_KINDS
from contacts.people_forms import NoteForm, edit_form
from contacts.queries.fields import fields_of
from contacts.queries.finding import PAGE_SIZE
from contacts.queries.purposes import offered_purposes
from contacts.queries.tags import notes_of, tags_by_id
from contacts.rules.consent import Basis
from contacts.rules.custom_values import show_value
from contacts.views import blueprint
from contacts.views.filtering import Wanted
from contacts.words import BASES, GENDERS
from engage import persian
from engage.clock import today_in_tehran
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done


@blueprint.get("/")
@guarded(Permission.CONTACTS_VIEW)
def index() -> str:
    units = visible_unit_ids(Permission.CONTACTS_VIEW)
    wanted = Wanted(request.args, units)
    before = _number("before")
    page = queries.search_contacts(units, wanted.filter, after=_number("after"), before=before)
    first = max(1, _number("n") or 1) if _number("after") or before else 1
    total = page.count if wanted.filter.is_open else queries.count_contacts(units)
    return render_template(
        "contacts/index.html",
        page=page,
        total=total,
        first=min(first, max(1, page.count)),
        last=min(first + len(page.items) - 1, page.count),
        step=PAGE_SIZE,
        wanted=wanted,
        neighbourhoods=queries.neighbourhood_names(units),
        tags=tags_by_id(tag_id for each in page.items for tag_id in each.tag_ids),
        looks=STANDING_LOOKS,
        reach_looks=REACH_LOOKS,
        genders=GENDERS,
        languages=LANGUAGES,
        unit=current_unit(),
        waiting=queries.waiting_imports(units),
    )


@blueprint.get("/<int:contact_id>")
@guarded(Permission.CONTACTS_VIEW)
def show(contact_id: int) -> str:
    return _person_page(authorized(contact_id, Permission.CONTACTS_VIEW))


@blueprint.post("/<int:contact_id>/notes")
@guarded(Permission.CONTACTS_EDIT)
def add_note(contact_id: int) -> Any:
    record = authorized(contact_id, Permission.CONTACTS_EDIT)
    form = NoteForm()
    if not form.validate_on_submit():
        return _person_page(record, form), 422
    commands.add_note(contact_id, form.text.data or "")
    flash_done(_("The note was saved."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


@blueprint.post("/<int:contact_id>/notes/<int:note_id>/delete")
@guarded(Permission.CONTACTS_EDIT)
def delete_note(contact_id: int, note_id: int) -> Response:
    authorized(contact_id, Permission.CONTACTS_EDIT)
    if not commands.delete_note(contact_id, note_id):
        abort(404)
    flash_done(_("The note was deleted."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


@blueprint.route("/<int:contact_id>/edit", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def edit(contact_id: int) -> str | Response:
    record = authorized(contact_id, Permission.CONTACTS_EDIT)
    _refuse_closed(record)
    fields = fields_of(record.unit_id)
    form = edit_form(record, fields)
    if form.validate_on_submit():
        own = form.read_own(fields, record)
        if own is not None:
            if commands.update_contact(contact_id, form.person(record.custom), language=form.language.data or "", custom=own):
                flash_done(_("The contact was saved."))
            return redirect(url_for(".show", contact_id=contact_id), code=303)
    return _form_page("contacts/edit.html", form, contact=record, own=form.own(fields))


@blueprint.route("/<int:contact_id>/consent", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def consent(contact_id: int) -> str | Response:
    record = authorized(contact_id, Permission.CONTACTS_EDIT)
    _refuse_closed(record)
    form = ConsentForm()
    form.purpose.choices = list(offered_purposes().items())
    if form.validate_on_submit():
        commands.give_consent(contact_id, form.purpose.data, Basis(form.basis.data), evidence=form.evidence.data)
        flash_done(_("The consent was entered."))
        return redirect(url_for(".show", contact_id=contact_id), code=303)
    return _form_page("contacts/consent.html", form, contact=record)


@blueprint.post("/<int:contact_id>/withdraw")
@guarded(Permission.CONTACTS_EDIT)
def withdraw(contact_id: int) -> Response:
    authorized(contact_id, Permission.CONTACTS_EDIT)
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
    record = authorized(contact_id, Permission.CONTACTS_EDIT)
    _refuse_closed(record)
    if request.method == "GET":
        return render_template("contacts/stop.html", contact=record)
    assert record.identity_id is not None
    commands.suppress_identity(record.identity_id, "officer")
    flash_done(_("From now on no text goes to this number."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


@blueprint.post("/<int:contact_id>/reached")
@guarded(Permission.CONTACTS_EDIT)
def trust_number(contact_id: int) -> Response:
    authorized(contact_id, Permission.CONTACTS_EDIT)
    if commands.trust_number(contact_id):
        flash_done(_("The number counts as checked; texts go to it again."))
    return redirect(url_for(".show", contact_id=contact_id), code=303)


def authorized(contact_id: int, permission: Permission) -> queries.ContactRecord:
    """The contact, if the person may do this in its unit; else 404 or 403."""
    authorize(permission, queries.contact_unit(contact_id))
    record = queries.get_contact(contact_id)
    if record is None:
        abort(404)
    return record


def _person_page(record: queries.ContactRecord, note_form: NoteForm | None = None) -> str:
    kind = request.args.get("show", "")
    items = [] if record.identity_id is None else queries.timeline_of(record.id, record.identity_id)
    notes = () if record.identity_id is None else notes_of(record.id)
    carried = tags_by_id(record.tag_ids)
    fields = fields_of(record.unit_id, archived=True)
    known = {field.key for field in fields}
    own = [
        (field.title, show_value(field.kind, record.custom.get(field.key)) or "—")
        for field in fields
        if field.archived_at is None or field.key in record.custom
    ]
    own += [(key, show_value("text", value)) for key, value in sorted(record.custom.items()) if key not in known]
    node = acting().node(record.unit_id)
    return render_template(
        "contacts/contact.html",
        contact=record,
        items=[item for item in items if not kind or item.kind == kind],
        kinds=[each for each in TIMELINE_KINDS if any(item.kind == each for item in items)],
        kind_words=TIMELINE_KINDS,
        kind=kind,
        own=own if record.identity_id is not None else [],
        tags=[carried[tag_id] for tag_id in record.tag_ids if tag_id in carried],
        offered=[tag for tag in queries.tags_of(record.unit_id) if tag.id not in record.tag_ids],
        notes=notes,
        note_form=note_form or NoteForm(formdata=None),
        authors=user_names(note.author_id for note in notes if note.author_id),
        age=_age(record.birth_year),
        bases=BASES,
        genders=GENDERS,
        languages=LANGUAGES,
        looks=STANDING_LOOKS,
        reach_looks=REACH_LOOKS,
        unit_name=node.name if node else "",
        may_edit=acting().may(Permission.CONTACTS_EDIT, record.unit_id),
    )


def _refuse_closed(record: queries.ContactRecord) -> None:
    if record.identity_id is None:
        raise Refused("number_reassigned")


def _form_page(template: str, form: Any, **more: Any) -> Any:
    status = 422 if form.is_submitted() else 200
    return render_template(template, form=form, **more), status


def _number(name: str) -> int | None:
    typed = persian.to_latin_digits(request.args.get(name, ""))
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 16 else None


def _age(birth_year: int | None) -> int | None:
    return None if birth_year is None else persian.to_jalali(today_in_tehran())[0] - birth_year
