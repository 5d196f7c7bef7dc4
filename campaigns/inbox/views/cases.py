"""The list of cases, and one thread with what may be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import texts
from campaigns.inbox import commands, queries
from campaigns.inbox.labels import CASE_LOOKS, INBOUND_NOTES, ITEM_LOOKS, SHOWN
from campaigns.inbox.views import blueprint
from campaigns.views.labels import MESSAGE_LOOKS
from contacts.queries import is_suppressed
from engage.clock import TEHRAN
from engage.identity.guard import acting, authorize, guarded, visible_unit_ids
from engage.identity.queries import managers_of
from engage.identity.rules import Permission
from engage.persian import format_jalali_short, parse_date
from engage.refusal import Refused
from engage.sms.port import MAX_CHARACTERS
from engage.sms.segments import compose_text
from engage.web.flashes import flash_done
from engage.web.refusals import explain

PAGE = 25


@blueprint.get("")
@guarded(Permission.CAMPAIGNS_VIEW)
def index() -> ResponseReturnValue:
    units = visible_unit_ids(Permission.CAMPAIGNS_VIEW)
    chosen = request.args.get("show", "open")
    show = chosen if chosen in SHOWN else "open"
    page = min(max(request.args.get("page", 1, type=int), 1), 10_000)
    counts = queries.count_cases(units, acting().id)
    rows, total = queries.list_cases(units, show=show, user_id=acting().id, page=page, size=PAGE)
    return render_template(
        "inbox/index.html",
        rows=rows,
        is_empty=not (counts["open"] + counts["waiting"] + counts["closed"]),
        chips=[
            (words, counts[key], url_for("inbox.index", show=key), key == show, icon, "wait" if key == "overdue" and counts[key] else "")
            for key, (words, icon) in SHOWN.items()
        ],
        looks=CASE_LOOKS,
        show=show,
        first=(page - 1) * PAGE + 1,
        last=(page - 1) * PAGE + len(rows),
        total=total,
        previous=url_for("inbox.index", show=show, page=page - 1) if page > 1 else None,
        next=url_for("inbox.index", show=show, page=page + 1) if page * PAGE < total else None,
        may_see={unit for unit in units if acting().may(Permission.CONTACTS_VIEW, unit)},
        unit_names={node.id: node.name for node in acting().units},
        several_units=len(units) > 1,
    )


@blueprint.get("/<int:case_id>")
@guarded(Permission.CAMPAIGNS_VIEW)
def case_page(case_id: int) -> ResponseReturnValue:
    return _page(case_id)


@blueprint.post("/<int:case_id>/answer")
@guarded(Permission.CAMPAIGNS_EDIT)
def answer(case_id: int) -> ResponseReturnValue:
    _authorized(case_id, Permission.CAMPAIGNS_EDIT)
    words = request.form.get("text", "")
    closes = request.form.get("go") == "close"
    try:
        commands.answer_case(case_id, words, seen_count=request.form.get("seen", -1, type=int), closes=closes, actor_id=acting().id)
    except Refused as refused:
        return _page(case_id, words=words, problem=explain(refused)), 422
    flash_done(_("The answer is on its way and the case is closed.") if closes else _("The answer is on its way."))
    return redirect(url_for("inbox.case_page", case_id=case_id), code=303)


@blueprint.post("/measure")
@guarded(Permission.CAMPAIGNS_EDIT)
def measure() -> ResponseReturnValue:
    """How long the answer is as it stands."""
    return render_template("inbox/_measure.html", measured=_measured(request.form.get("text", "")))


@blueprint.post("/<int:case_id>/close")
@guarded(Permission.CAMPAIGNS_EDIT)
def close(case_id: int) -> ResponseReturnValue:
    return _do(
        case_id,
        lambda: commands.close_case(case_id, actor_id=acting().id),
        _("The case is closed. It opens again when the citizen writes."),
    )


@blueprint.post("/<int:case_id>/assign")
@guarded(Permission.CAMPAIGNS_EDIT)
def assign(case_id: int) -> ResponseReturnValue:
    user_id = request.form.get("user", type=int)
    return _do(case_id, lambda: commands.assign_case(case_id, user_id, actor_id=acting().id), _("The case has changed hands."))


@blueprint.post("/<int:case_id>/due")
@guarded(Permission.CAMPAIGNS_EDIT)
def due(case_id: int) -> ResponseReturnValue:
    day = parse_date(request.form.get("day", ""))

    def change() -> None:
        if day is None:
            raise Refused("due_invalid", most=90)
        commands.set_due(case_id, day, actor_id=acting().id)

    return _do(case_id, change, _("The due date was changed."))


@blueprint.post("/<int:case_id>/move")
@guarded(Permission.CAMPAIGNS_EDIT)
def move(case_id: int) -> ResponseReturnValue:
    """To another unit in which the person may answer citizens, too."""
    _authorized(case_id, Permission.CAMPAIGNS_EDIT)
    unit_id = request.form.get("unit", 0, type=int)
    if unit_id not in acting().unit_ids(Permission.CAMPAIGNS_EDIT):
        abort(404)
    case_id = commands.move_case(case_id, unit_id, actor_id=acting().id)
    flash_done(_("The case was passed on."))
    return redirect(url_for("inbox.case_page", case_id=case_id), code=303)


def _do(case_id: int, command: Callable[[], None], done: str) -> ResponseReturnValue:
    _authorized(case_id, Permission.CAMPAIGNS_EDIT)
    try:
        command()
    except Refused as refused:
        flash(explain(refused), "bad")
    else:
        flash_done(done)
    return redirect(url_for("inbox.case_page", case_id=case_id), code=303)


def _authorized(case_id: int, permission: Permission) -> queries.CaseRow:
    authorize(permission, queries.case_unit(case_id))
    case = queries.get_case(case_id)
    if case is None:
        abort(404)
    return case


def _page(case_id: int, *, words: str = "", problem: str = "") -> str:
    case = _authorized(case_id, Permission.CAMPAIGNS_VIEW)
    actor = acting()
    return render_template(
        "inbox/case.html",
        case=case,
        items=queries.thread_of(case),
        seen=queries.reply_count(case_id),
        words=words,
        problem=problem,
        measured=_measured(words),
        max_text=MAX_CHARACTERS,
        due_day=format_jalali_short(case.due_at.astimezone(TEHRAN).date()) if case.due_at else "",
        looks=CASE_LOOKS,
        item_looks=ITEM_LOOKS,
        message_looks=MESSAGE_LOOKS,
        inbound_notes=INBOUND_NOTES,
        may_see=actor.may(Permission.CONTACTS_VIEW, case.unit_id),
        may_edit=actor.may(Permission.CAMPAIGNS_EDIT, case.unit_id),
        is_stopped=is_suppressed(case.identity_id),
        people=managers_of(case.unit_id, Permission.CAMPAIGNS_EDIT),
        units=[node for node in actor.units if actor.may(Permission.CAMPAIGNS_EDIT, node.id)],
        unit_name=next((node.name for node in actor.units if node.id == case.unit_id), ""),
    )


def _measured(words: str) -> Any:
    return texts.measure(compose_text(words.replace("\r\n", "\n").strip()))
