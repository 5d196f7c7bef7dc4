"""Office hours, due days and the words said outside of them."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.inbox import commands
from campaigns.inbox.forms import InboxSettingForm
from campaigns.inbox.hours import inbox_rules
from campaigns.inbox.labels import WEEK
from campaigns.inbox.views import blueprint
from engage.clock import now
from engage.identity.guard import acting, current_unit, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.route("/settings", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def settings() -> ResponseReturnValue:
    unit = current_unit()
    rules = inbox_rules(unit.id, now())
    form = InboxSettingForm(
        data={
            "opens": rules.hours.opens,
            "closes": rules.hours.closes,
            "work_days": [bit for bit, _name in WEEK if rules.hours.work_days & bit],
            "due_days": rules.due_days,
            "answers_off_hours": rules.answers_off_hours,
            "off_hours_text": rules.off_hours_text,
        }
    )
    if form.validate_on_submit():
        try:
            commands.save_inbox_setting(
                unit.id,
                due_days=form.due_days.data,
                opens=form.opens.data or 0,
                closes=form.closes.data or 0,
                work_days=sum(form.work_days.data or []),
                answers_off_hours=form.answers_off_hours.data,
                off_hours_text=form.off_hours_text.data or "",
                actor_id=acting().id,
            )
        except Refused as refused:
            flash(explain(refused), "bad")
        else:
            flash_done(_("The settings of the inbox were saved."))
            return redirect(url_for("inbox.settings"), code=303)
    from_above = next((node.name for node in acting().units if node.id == rules.from_unit_id and node.id != unit.id), "")
    page = render_template("inbox/settings.html", form=form, unit=unit, from_above=from_above, is_own=rules.from_unit_id == unit.id)
    return page, 422 if form.is_submitted() else 200
