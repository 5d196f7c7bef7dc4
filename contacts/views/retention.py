"""How long what is kept, and erasing one person."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.validators import InputRequired, NumberRange

from contacts import queries
from contacts.commands import erasing
from contacts.commands import retention as commands
from contacts.labels.keeping import limit_words
from contacts.queries import retention as reading
from contacts.rules.retention import CUSTOM, FIELDS, MOST_MONTHS, Limit, Subject
from contacts.views import blueprint
from engage.clock import now
from engage.identity.guard import authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import units_tree
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm, IntegerField
from engage.web.refusals import explain


class LimitForm(BaseForm):
    about = SelectField(_l("What is kept no longer?"), validators=[InputRequired()])
    months = IntegerField(
        _l("Months"),
        description=_l("Counted by the Jalali calendar. Twelve months are a year."),
        validators=[InputRequired(), NumberRange(min=1, max=MOST_MONTHS)],
    )

    def limit(self, unit_id: int) -> Limit:
        subject, _colon, key = (self.about.data or "").partition("/")
        return Limit(unit_id, Subject(subject), key, int(self.months.data or 0))


@blueprint.route("/retention", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def retention() -> Any:
    unit = current_unit()
    form = LimitForm()
    purposes, customs = reading.purpose_titles(), reading.custom_keys(unit.id)
    abouts = [
        *((Subject.FIELD, key) for key in (*FIELDS, *(f"{CUSTOM}{name}" for name in customs))),
        *((Subject.PURPOSE, key) for key in purposes),
        (Subject.PERSON, ""),
    ]
    form.about.choices = [(f"{subject}/{key}", limit_words(subject, key, purposes, customs)) for subject, key in abouts]
    at = now()
    proposed = touched = None
    if form.validate_on_submit():
        limit = form.limit(unit.id)
        if "preview" in request.form:
            proposed, touched = limit, reading.preview_limit(limit, at, at + commands.RUN_EVERY)
        else:
            try:
                commands.set_limit(unit.id, str(limit.subject), limit.key, limit.months)
            except Refused as refused:
                form.months.errors = [*form.months.errors, explain(refused)]
            else:
                flash_done(_("The time limit was set. It is applied once a day."))
                return redirect(url_for(".retention"), code=303)
    names = {node.id: node.name for node in units_tree()}
    page = render_template(
        "contacts/retention.html",
        form=form,
        unit=unit,
        names=names,
        records=reading.limit_records(visible_unit_ids(Permission.CONTACTS_MANAGE), at, at + commands.RUN_EVERY),
        inherited=reading.limits_from_above(unit.id),
        words=lambda limit: limit_words(limit.subject, limit.key, purposes, customs | _further_titles(limit)),
        proposed=proposed,
        touched=touched,
    )
    return page, 422 if form.errors else 200


@blueprint.post("/retention/<int:limit_id>/remove")
@guarded(Permission.CONTACTS_MANAGE)
def remove_limit(limit_id: int) -> Response:
    authorize(Permission.CONTACTS_MANAGE, commands.limit_unit(limit_id))
    if commands.remove_limit(limit_id):
        flash_done(_("The time limit was removed."))
    return redirect(url_for(".retention"), code=303)


@blueprint.route("/<int:contact_id>/erase", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def erase(contact_id: int) -> str | Response:
    # There is no undo to offer, so this one asks before.
    authorize(Permission.CONTACTS_EDIT, queries.contact_unit(contact_id))
    record = queries.get_contact(contact_id)
    if record is None:
        abort(404)
    if request.method == "GET":
        return render_template("contacts/erase.html", contact=record)
    erasing.erase_person(contact_id, "officer")
    flash_done(_("The contact and everything held about them was erased."))
    return redirect(url_for(".index"), code=303)


def _further_titles(limit: Limit) -> dict[str, str]:
    return reading.custom_keys(limit.unit_id) if limit.key.startswith(CUSTOM) else {}
