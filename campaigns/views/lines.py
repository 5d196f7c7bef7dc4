"""The lines texts go out on: whose they are, what they cost, when they send and how fast. For whoever administers the whole tree."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from flask import abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands, credit
from campaigns.commands import LineDraft
from campaigns.forms import clock_words
from campaigns.line_forms import ALL_KINDS, TIMED_KINDS, LineForm
from campaigns.queries.lines import LineView, get_line, last_successes, list_lines, stamp_of
from campaigns.rules import LATEST_WINDOW
from campaigns.views import blueprint
from campaigns.views.labels import KIND_LABELS
from engage.identity.guard import acting, guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain

_FIELDS = {"line_invalid": "number", "line_known": "number", "line_kind_unknown": "kind", "line_throttle_invalid": "per_second",
           "line_prices_invalid": "price_persian", "line_hours_invalid": "hours_all_start", "unit_missing": "unit", "line_changed_meanwhile": "title"}  # fmt: skip


def require_whole_tree() -> None:
    """Lines and days of rest hold for all units, so they are nobody's below the top: 404, as for everything outside one's subtree."""
    if not any(node.parent_id is None and acting().may(Permission.UNITS_MANAGE, node.id) for node in acting().units):
        abort(404)


@blueprint.get("/lines")
@guarded(Permission.UNITS_MANAGE)
def lines_page() -> ResponseReturnValue:
    require_whole_tree()
    return render_template(
        "campaigns/lines.html",
        rows=list_lines(),
        successes=last_successes(),
        hours_words=hours_words,
        unit_names={node.id: node.name for node in acting().units},
        credit=credit.known_credit(),
        reserve=current_app.extensions["engage_settings"].safety_reserve,
    )


@blueprint.route("/lines/new", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def new_line_page() -> ResponseReturnValue:
    require_whole_tree()
    return _edit(None)


@blueprint.route("/lines/<number>", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def line_page(number: str) -> ResponseReturnValue:
    require_whole_tree()
    line = get_line(number)
    if line is None:
        abort(404)
    return _edit(line)


def _edit(line: LineView | None) -> ResponseReturnValue:
    form = LineForm(
        data={} if line is None else asdict(line) | {"unit": line.unit_id, "is_polled": not line.has_webhook, "seen": stamp_of(line)}
    )
    form.unit.choices = [("", _("everybody's")), *((str(node.id), node.name) for node in acting().units)]
    kinds = {ALL_KINDS: _("all campaigns")} | {kind: str(KIND_LABELS[kind]) for kind in TIMED_KINDS if kind != ALL_KINDS}
    for kind, words in kinds.items():
        start, end = form.fields_of(kind)
        start.label.text, end.label.text = _("%(kind)s: from", kind=words), _("%(kind)s: until", kind=words)
    if not form.is_submitted() and line is not None:
        form.fill_hours(line.hours)
    if form.validate_on_submit():
        draft = LineDraft(
            number=line.number if line else form.number.data or "",
            title=form.title.data or "",
            kind=form.kind.data,
            unit_id=form.unit.data,
            allows_links=form.allows_links.data,
            has_webhook=not form.is_polled.data,
            per_second=form.per_second.data,
            price_persian=form.price_persian.data,
            price_latin=form.price_latin.data,
            hours=form.hours,
            is_active=form.is_active.data,
        )
        try:
            commands.save_line(draft, is_new=line is None, seen=form.seen.data or None, actor_id=acting().id)
        except Refused as refused:
            if refused.code == "line_changed_meanwhile":
                newest = get_line(line.number) if line else None
                # Whoever has read this and saves once more means it.
                form.seen.data = stamp_of(newest) if newest else ""
            field = form[_FIELDS.get(refused.code, "number")]
            field.errors = [*field.errors, explain(refused)]
        else:
            flash_done(_done(draft.per_second, line))
            return redirect(url_for("campaigns.lines_page"), code=303)
    page = render_template(
        "campaigns/line.html", form=form, line=line, timed_kinds=TIMED_KINDS, latest=[clock_words(minutes) for minutes in LATEST_WINDOW]
    )
    return page, 422 if form.is_submitted() else 200


def _done(per_second: Decimal | None, before: LineView | None) -> str:
    if before is not None and before.per_second != per_second:
        return _("The line was saved. Every worker keeps to the new pace from its next texts on; nothing has to be started anew.")
    return _("The line was saved.")


def hours_words(line: LineView) -> str:
    """«۷:۰۰ تا ۲۲:۰۰», with a remark where single kinds have hours of their own."""
    span = line.hours.get(ALL_KINDS) or (LATEST_WINDOW if line.kind == "advertising" else None)
    words = _("%(start)s to %(end)s", start=clock_words(span[0]), end=clock_words(span[1])) if span else _("at every hour")
    return _("%(hours)s, some kinds otherwise", hours=words) if set(line.hours) - {ALL_KINDS} else words
