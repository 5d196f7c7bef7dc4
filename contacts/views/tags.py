"""Tags: an office's own, and those stuck to one contact."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands
from contacts.people_forms import TagForm
from contacts.queries.tags import TagRecord, count_tagged, get_tag, tags_of
from contacts.views import blueprint
from contacts.views.people import authorized
from engage.identity.guard import acting, authorize, current_unit, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.route("/tags", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def tags() -> Any:
    unit = current_unit()
    form = TagForm()
    if form.validate_on_submit():
        commands.make_tag(unit.id, form.name.data or "")
        flash_done(_("The tag was made."))
        return redirect(url_for(".tags"), code=303)
    found = tags_of(unit.id)
    own = [(tag, count_tagged(tag)) for tag in found if tag.unit_id == unit.id]
    inherited = [tag for tag in found if tag.unit_id != unit.id]
    return render_template("contacts/tags.html", form=form, own=own, inherited=inherited, unit=unit), 422 if form.is_submitted() else 200


@blueprint.route("/tags/<int:tag_id>", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def edit_tag(tag_id: int) -> Any:
    tag = _own(tag_id)
    form = TagForm(obj=tag)
    if form.validate_on_submit():
        try:
            commands.rename_tag(tag_id, form.name.data or "")
        except Refused as refused:
            form.name.errors = [*form.name.errors, explain(refused)]
        else:
            flash_done(_("The tag was saved."))
            return redirect(url_for(".tags"), code=303)
    others = [each for each in tags_of(tag.unit_id) if each.id != tag_id]
    page = render_template("contacts/tag.html", form=form, tag=tag, count=count_tagged(tag), others=others)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/tags/<int:tag_id>/merge")
@guarded(Permission.CONTACTS_EDIT)
def merge_tag(tag_id: int) -> Response:
    tag = _own(tag_id)
    into = next((each for each in tags_of(tag.unit_id) if str(each.id) == request.form.get("into")), None)
    if into is None:
        raise Refused("tag_missing")
    count = commands.merge_tag(tag_id, into.id)
    flash_done(_("The tags were merged; %(count)s contacts carried the first one.", count=number(count)))
    return redirect(url_for(".tags"), code=303)


@blueprint.post("/tags/<int:tag_id>/delete")
@guarded(Permission.CONTACTS_EDIT)
def delete_tag(tag_id: int) -> Response:
    _own(tag_id)
    count = commands.delete_tag(tag_id)
    flash_done(_("The tag was deleted; %(count)s contacts carried it.", count=number(count)))
    return redirect(url_for(".tags"), code=303)


@blueprint.post("/<int:contact_id>/tags")
@guarded(Permission.CONTACTS_EDIT)
def tag_contact(contact_id: int) -> Response:
    record = authorized(contact_id, Permission.CONTACTS_EDIT)
    name = request.form.get("name", "").strip()
    if name:
        tag_id = commands.make_tag(record.unit_id, name)
    else:
        chosen = next((each for each in tags_of(record.unit_id) if str(each.id) == request.form.get("tag")), None)
        if chosen is None:
            raise Refused("tag_missing")
        tag_id = chosen.id
    commands.tag_contact(contact_id, tag_id)
    return redirect(url_for(".show", contact_id=contact_id), code=303)


@blueprint.post("/<int:contact_id>/tags/<int:tag_id>/remove")
@guarded(Permission.CONTACTS_EDIT)
def untag_contact(contact_id: int, tag_id: int) -> Response:
    authorized(contact_id, Permission.CONTACTS_EDIT)
    commands.untag_contact(contact_id, tag_id)
    return redirect(url_for(".show", contact_id=contact_id), code=303)


def _own(tag_id: int) -> TagRecord:
    """A tag of a unit in which the person may edit."""
    tag = get_tag(tag_id)
    if tag is None or acting().node(tag.unit_id) is None:
        abort(404)
    authorize(Permission.CONTACTS_EDIT, tag.unit_id)
    return tag
