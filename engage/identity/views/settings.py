"""Settings: units, and the audit log."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import audit_log, commands
from engage.identity.audit_labels import action_names, sentence
from engage.identity.audit_log import AuditFilter
from engage.identity.forms import AuditFilterForm, NewUnitForm, UnitForm
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.labels import KIND_LABELS
from engage.identity.queries import get_unit, list_users
from engage.identity.rules import KINDS_BELOW, Permission
from engage.identity.views import blueprint
from engage.refusal import Refused
from engage.web.refusals import explain


@blueprint.get("/settings")
@guarded(Permission.SETTINGS_VIEW)
def settings_index() -> ResponseReturnValue:
    return render_template("identity/settings.html", unit=current_unit(), kind_labels=KIND_LABELS)


@blueprint.get("/settings/units")
@guarded(Permission.UNITS_MANAGE)
def units_page() -> ResponseReturnValue:
    actor = acting()
    shown = visible_unit_ids(Permission.UNITS_MANAGE)
    units = [node for node in actor.units if node.id in shown]
    return render_template("identity/units.html", units=units, kind_labels=KIND_LABELS, kinds_below=KINDS_BELOW)


@blueprint.route("/settings/units/<int:unit_id>/new", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def new_unit_page(unit_id: int) -> ResponseReturnValue:
    authorize(Permission.UNITS_MANAGE, unit_id)
    parent = get_unit(unit_id)
    assert parent is not None
    kinds = KINDS_BELOW[parent.kind]
    if not kinds:
        abort(404)
    form, problem = NewUnitForm(), ""
    form.kind.choices = [(kind, KIND_LABELS[kind]) for kind in kinds]
    if request.method == "GET":
        form.approval_recipients.data, form.approval_cost.data = parent.approval_recipients, parent.approval_cost
    if form.validate_on_submit():
        try:
            commands.create_unit(
                parent_id=unit_id,
                kind=form.kind.data,
                name=form.name.data or "",
                sms_name=form.sms_name.data or "",
                slug=form.slug.data or "",
                approval_recipients=form.approval_recipients.data or 0,
                approval_cost=form.approval_cost.data or 0,
            )
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("The unit was made."), "ok")
            return redirect(url_for("identity.units_page"), code=303)
    page = render_template("identity/unit.html", form=form, problem=problem, unit=None, parent=parent, kind_labels=KIND_LABELS)
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/settings/units/<int:unit_id>", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def unit_page(unit_id: int) -> ResponseReturnValue:
    authorize(Permission.UNITS_MANAGE, unit_id)
    unit = get_unit(unit_id)
    assert unit is not None
    form, problem = UnitForm(obj=unit), ""
    if form.validate_on_submit():
        try:
            commands.update_unit(
                unit_id,
                name=form.name.data or "",
                sms_name=form.sms_name.data or "",
                approval_recipients=form.approval_recipients.data or 0,
                approval_cost=form.approval_cost.data or 0,
            )
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("The unit was changed."), "ok")
            return redirect(url_for("identity.units_page"), code=303)
    page = render_template("identity/unit.html", form=form, problem=problem, unit=unit, parent=None, kind_labels=KIND_LABELS)
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/settings/audit")
@guarded(Permission.AUDIT_VIEW)
def audit_page() -> ResponseReturnValue:
    units = visible_unit_ids(Permission.AUDIT_VIEW)
    form = AuditFilterForm(request.args)
    people = list_users(acting().unit_ids(Permission.AUDIT_VIEW))
    form.actor_id.choices = [("", _("Everyone")), *((person.id, person.name) for person in people)]
    form.action.choices = [("", _("Everything")), *action_names()]
    chosen = AuditFilter()
    if form.validate():
        chosen = AuditFilter(form.actor_id.data, form.action.data or "", form.first_day.data, form.last_day.data)
    lines, next_id = audit_log.list_audit(
        units,
        chosen,
        with_unitless=current_unit().parent_id is None,
        before_id=request.args.get("before", type=int),
    )
    filters: dict[str, Any] = {name: value for name, value in request.args.items() if name != "before" and value}
    return render_template(
        "identity/audit.html",
        form=form,
        lines=[(line, sentence(line.action, line.detail)) for line in lines],
        next_url=url_for("identity.audit_page", **filters, before=next_id) if next_id else None,
        first_url=url_for("identity.audit_page", **filters) if "before" in request.args else None,
        is_filtered=bool(filters),
    )
