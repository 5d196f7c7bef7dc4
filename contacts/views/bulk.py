"""One change to many contacts: whom, what, how far, and back."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, queries
from contacts.looks import BULK_LOOKS, LANGUAGES
from contacts.past import bulk_title
from contacts.queries.bulk import BulkRecord, get_bulk, list_bulk
from contacts.queries.finding import count_matching
from contacts.queries.people import open_ids
from contacts.rules.bulk import BulkKind
from contacts.rules.custom_values import CustomKind
from contacts.views import blueprint
from contacts.views.filtering import Wanted
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number
from engage.web.flashes import flash_done, flash_undo


class Selection:
    """Whom a request means: the checked contacts, or everybody the filter finds."""

    def __init__(self, values: Any, units: frozenset[int]) -> None:
        self.units = units
        self.wanted = Wanted(values, units)
        checked = values.get("scope") == "checked"
        self.ids = [int(each) for each in values.getlist("contact") if each.isascii() and each.isdecimal() and len(each) < 16] if checked else None

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What carries the selection on, as hidden values of a form."""
        kept = list(self.wanted.kept.items())
        if self.ids is None:
            return kept
        return [*kept, ("scope", "checked"), *(("contact", str(each)) for each in self.ids)]

    def count(self) -> int:
        if self.ids is None:
            return count_matching(self.units, self.wanted.filter)
        return len(open_ids(self.units, self.ids))


@blueprint.get("/bulk")
@guarded(Permission.CONTACTS_EDIT)
def bulk_list() -> str:
    found = list_bulk(visible_unit_ids(Permission.CONTACTS_EDIT))
    names = user_names(each.user_id for each in found if each.user_id)
    return render_template("contacts/bulk_list.html", found=found, names=names, looks=BULK_LOOKS, title_of=_title)


@blueprint.get("/bulk/new")
@guarded(Permission.CONTACTS_EDIT)
def new_bulk() -> str:
    units = visible_unit_ids(Permission.CONTACTS_EDIT)
    selection = Selection(request.args, units)
    unit = current_unit()
    fields = [each for each in queries.fields_of(unit.id) if each.kind in (CustomKind.CHOICE, CustomKind.YES_NO)]
    targets = acting().unit_ids(Permission.CONTACTS_EDIT)
    return render_template(
        "contacts/bulk_new.html",
        selection=selection,
        count=selection.count(),
        tags=(tags := queries.tags_of(unit.id)),
        tag_pairs=[(tag.id, tag.name) for tag in tags],
        fields=fields,
        option_pairs={each.key: [(option, option) for option in each.options] for each in fields},
        languages=LANGUAGES,
        purposes=queries.list_purposes(),
        neighbourhoods=queries.neighbourhood_names(units),
        target_pairs=[(node.id, node.name) for node in acting().units if node.id in targets],
    )


@blueprint.post("/bulk")
@guarded(Permission.CONTACTS_EDIT)
def start_bulk() -> Response:
    units = visible_unit_ids(Permission.CONTACTS_EDIT)
    selection = Selection(request.form, units)
    unit = current_unit()
    kind, parameters = _deed(unit.id)
    action_id = commands.begin_bulk(
        unit.id, units, kind, parameters, wanted=selection.wanted.filter, contact_ids=selection.ids
    )
    record = get_bulk(action_id)
    if record is not None and not record.is_waiting:
        _tell(record)
    return redirect(url_for(".show_bulk", action_id=action_id), code=303)


@blueprint.get("/bulk/<int:action_id>")
@guarded(Permission.CONTACTS_EDIT)
def show_bulk(action_id: int) -> str:
    record = _authorized(action_id)
    names = user_names([record.user_id] if record.user_id else [])
    return render_template("contacts/bulk.html", record=record, looks=BULK_LOOKS, title=_title(record), by=names.get(record.user_id or 0, ""))


@blueprint.get("/bulk/<int:action_id>/progress")
@guarded(Permission.CONTACTS_EDIT)
def bulk_progress(action_id: int) -> Any:
    record = _authorized(action_id)
    if record.is_waiting:
        return render_template("contacts/_bulk_progress.html", record=record, looks=BULK_LOOKS, title=_title(record))
    response = make_response("")
    response.headers["HX-Redirect"] = url_for(".show_bulk", action_id=action_id)
    return response


@blueprint.post("/bulk/<int:action_id>/undo")
@guarded(Permission.CONTACTS_EDIT)
def undo_bulk(action_id: int) -> Response:
    _authorized(action_id)
    commands.undo_bulk(action_id)
    record = get_bulk(action_id)
    if record is not None and not record.is_waiting:
        flash_done(_("Taken back for %(count)s contacts; whoever was changed since stayed as they are.", count=number(record.undone_count)))
    return redirect(url_for(".show_bulk", action_id=action_id), code=303)


def _deed(unit_id: int) -> tuple[BulkKind, dict[str, Any]]:
    try:
        kind = BulkKind(request.form.get("kind", ""))
    except ValueError:
        abort(400)
    value = request.form.get("to", "").strip()
    if kind in (BulkKind.ADD_TAG, BulkKind.REMOVE_TAG):
        name = request.form.get("new_tag", "").strip()
        if kind is BulkKind.ADD_TAG and name:
            return kind, {"tag_id": commands.make_tag(unit_id, name)}
        tag = next((each for each in queries.tags_of(unit_id) if str(each.id) == value), None)
        if tag is None:
            raise Refused("tag_missing")
        return kind, {"tag_id": tag.id}
    if kind is BulkKind.WITHDRAW:
        return kind, {"purpose": value}
    if kind is BulkKind.MOVE:
        target = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None
        authorize(Permission.CONTACTS_EDIT, target)
        return kind, {"target_id": target}
    if kind is BulkKind.FIELD:
        return kind, {"field": request.form.get("own_field", ""), "value": value}
    return kind, {"value": value}


def _tell(record: BulkRecord) -> None:
    words = _("%(count)s of %(total)s selected contacts were changed.", count=number(record.changed_count), total=number(record.selected_count))
    if record.may_undo:
        flash_undo(words, url_for(".undo_bulk", action_id=record.id))
    else:
        flash_done(words)


def _title(record: BulkRecord) -> str:
    return bulk_title(record.kind, record.parameters)


def _authorized(action_id: int) -> BulkRecord:
    record = get_bulk(action_id)
    authorize(Permission.CONTACTS_EDIT, record.unit_id if record else None)
    assert record is not None
    return record
