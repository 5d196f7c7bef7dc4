"""Days of rest for all units: public holidays and days of mourning."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaigns import commands
from campaigns.holidays import FIXED_HOLIDAYS, fixed_holidays, read_days
from campaigns.line_forms import DayForm, DayListForm
from campaigns.queries.lines import DayView, list_days
from campaigns.views import blueprint
from campaigns.views.lines import require_whole_tree
from engage.clock import now
from engage.identity.guard import acting, guarded
from engage.identity.rules import Permission
from engage.persian import MONTHS, from_jalali, to_jalali, to_latin_digits
from engage.refusal import Refused
from engage.web.filters import digits, jalali, number
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from engage.web.states import StateLook

DAY_LOOKS = {
    "holiday": StateLook("run", "calendar", _l("Holiday")),
    "mourning": StateLook("wait", "moon", _l("Day of mourning")),
}
YEARS = range(1400, 1451)
_SHOWN_PROBLEMS = 5


@blueprint.route("/days", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def days_page() -> ResponseReturnValue:
    """A Jalali year's days; one more day, or a pasted list of them."""
    require_whole_tree()
    year = _year()
    deed = request.form.get("go", "")
    # What was typed into the one form is none of the other's.
    one = DayForm() if deed == "one" else DayForm(formdata=None)
    many = DayListForm() if deed == "list" else DayListForm(formdata=None)
    if request.method == "POST":
        chosen = {"one": one, "list": many}.get(deed)
        if chosen is None:
            abort(400)
        if chosen.validate():
            done = _add_one(one) if deed == "one" else _add_list(many)
            if done is not None:
                return redirect(url_for("campaigns.days_page", year=done), code=303)
    shown = list_days(from_jalali(year, 1, 1), from_jalali(year + 1, 1, 1) - timedelta(days=1))
    page = render_template(
        "campaigns/days.html",
        one=one,
        many=many,
        deed=deed,
        year=year,
        years=YEARS,
        months=[(MONTHS[month - 1], list(days)) for month, days in groupby(shown, key=_month)],
        count=len(shown),
        missing=len(FIXED_HOLIDAYS) - len({each.day for each in shown} & {each.day for each in fixed_holidays(year)}),
        looks=DAY_LOOKS,
    )
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/days/fixed")
@guarded(Permission.UNITS_MANAGE)
def add_fixed_days() -> ResponseReturnValue:
    """The holidays of a year that follow the sun; what was entered for such a day before stays."""
    require_whole_tree()
    year = _year()
    count = commands.save_days(fixed_holidays(year), "holiday", overwrite=False, actor_id=acting().id)
    flash_done(_("%(count)s days were entered.", count=number(count)))
    return redirect(url_for("campaigns.days_page", year=year), code=303)


@blueprint.post("/days/delete")
@guarded(Permission.UNITS_MANAGE)
def delete_day() -> ResponseReturnValue:
    require_whole_tree()
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        abort(400)
    if commands.delete_day(day, actor_id=acting().id):
        flash_done(_("%(day)s is a day like any other again.", day=jalali(day)))
    return redirect(url_for("campaigns.days_page", year=to_jalali(day)[0]), code=303)


def _add_one(form: DayForm) -> int | None:
    day = form.day.data
    assert day is not None
    commands.save_day(day, form.kind.data, form.title.data or "", actor_id=acting().id)
    flash_done(_("%(day)s was entered.", day=jalali(day)))
    return to_jalali(day)[0]


def _add_list(form: DayListForm) -> int | None:
    """The year of the first day; None with the reason at the field, and nothing written, when a line can't be read."""
    days, unread = read_days(form.pasted.data or "")
    if unread:
        lines = "، ".join(digits(number) for number, _text in unread[:_SHOWN_PROBLEMS])
        more = " …" if len(unread) > _SHOWN_PROBLEMS else ""
        form.pasted.errors = [
            _(
                "These lines can't be read: %(lines)s. The first of them: “%(text)s”. Write a date and its occasion, like “1406/01/01 Nowruz”.",
                lines=lines + more,
                text=unread[0][1][:60],
            )
        ]
        return None
    try:
        count = commands.save_days(days, form.all_kind.data, actor_id=acting().id)
    except Refused as refused:
        form.pasted.errors = [explain(refused)]
        return None
    flash_done(_("%(count)s days were entered.", count=number(count)))
    return to_jalali(days[0].day)[0]


def _year() -> int:
    asked = to_latin_digits(request.values.get("year", ""))
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else 0
    return year if year in YEARS else to_jalali(now())[0]


def _month(each: DayView) -> int:
    return to_jalali(each.day)[1]
