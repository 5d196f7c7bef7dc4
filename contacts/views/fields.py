"""Fields a unit adds to its contacts."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands
from contacts.looks import KINDS
from contacts.people_forms import FieldForm, RenameFieldForm
from contacts.queries.fields import FieldRecord, count_values, fields_of, get_field
from contacts.rules.custom_values import CustomKind
from contacts.views import blueprint
from engage.identity.guard import authorize, current_unit, guarded
from engage.identity.queries import units_tree
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done, flash_undo
from engage.web.refusals import explain

_AT = {"field_options_missing": "options", "field_options_many": "options", "field_option_long": "options",
       "field_key_wrong": "key", "field_key_taken": "key"}  # fmt: skip


@blueprint.route("/fields", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def fields() -> Any:
    unit = current_unit()
    form = FieldForm()
    if form.validate_on_submit():
        try:
            commands.add_field(unit.id, form.title.data or "", form.kind.data, options=form.lines(), key=form.key.data or None)
        except Refused as refused:
            _put(form, refused)
        else:
            flash_done(_("The field was added."))
            return redirect(url_for(".fields"), code=303)
    found = fields_of(unit.id, archived=True)
    names = {node.id: node.name for node in units_tree()}
    page = render_template(
        "contacts/fields.html",
        form=form,
        own=[each for each in found if each.unit_id == unit.id and each.archived_at is None],
        archived=[each for each in found if each.unit_id == unit.id and each.archived_at is not None],
        inherited=[(each, names.get(each.unit_id, "")) for each in found if each.unit_id != unit.id and each.archived_at is None],
        kinds=KINDS,
        unit=unit,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/fields/<int:field_id>", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def edit_field(field_id: int) -> Any:
    field = _own(field_id)
    form = RenameFieldForm(data={"title": field.title, "options": "\n".join(field.options)})
    if form.validate_on_submit():
        try:
            commands.change_field(field_id, form.title.data or "", options=form.lines())
        except Refused as refused:
            _put(form, refused)
        else:
            flash_done(_("The field was saved."))
            return redirect(url_for(".fields"), code=303)
    is_choice = field.kind is CustomKind.CHOICE
    page = render_template("contacts/field.html", form=form, record=field, kinds=KINDS, count=count_values(field), is_choice=is_choice)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/fields/<int:field_id>/move")
@guarded(Permission.CONTACTS_MANAGE)
def move_field(field_id: int) -> Response:
    _own(field_id)
    commands.move_field(field_id, up=request.form.get("to") == "up")
    return redirect(url_for(".fields"), code=303)


@blueprint.post("/fields/<int:field_id>/archive")
@guarded(Permission.CONTACTS_MANAGE)
def archive_field(field_id: int) -> Response:
    field = _own(field_id)
    commands.archive_field(field_id)
    flash_undo(_("The field “%(field)s” was archived. What was stored stays.", field=field.title), url_for(".restore_field", field_id=field_id))
    return redirect(url_for(".fields"), code=303)


@blueprint.post("/fields/<int:field_id>/restore")
@guarded(Permission.CONTACTS_MANAGE)
def restore_field(field_id: int) -> Response:
    _own(field_id)
    commands.archive_field(field_id, archived=False)
    flash_done(_("The field is offered again."))
    return redirect(url_for(".fields"), code=303)


def _own(field_id: int) -> FieldRecord:
    field = get_field(field_id)
    authorize(Permission.CONTACTS_MANAGE, field.unit_id if field else None)
    assert field is not None
    return field


def _put(form: Any, refused: Refused) -> None:
    name = _AT.get(refused.code, "title")
    part = form[name if name in form else "title"]
    part.errors = [*part.errors, explain(refused)]
