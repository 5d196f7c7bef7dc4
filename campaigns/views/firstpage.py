"""What the first page shows of campaigns: what waits for the viewer, what runs, and the gateway's credit."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _

from campaigns import credit
from campaigns.queries import CampaignRow, CampaignView, list_campaigns, progress_of
from campaigns.states import CampaignState
from campaigns.views.labels import CAMPAIGN_LOOKS, pause_words
from engage.identity.delegations import delegated_unit_ids, delegators_of
from engage.identity.guard import visible_unit_ids
from engage.identity.home import CardBlock, TaskItem, WorkItem
from engage.identity.queries import UnitNode, user_names
from engage.identity.rules import Permission
from engage.identity.viewer import Viewer
from engage.web.charts import Part
from engage.web.filters import ago, jalali_datetime, number, rial

_C = CampaignState
_WAITING = "engage.campaigns_waiting"
_DELEGATED = "engage.campaigns_delegated"
_ASKING = (_C.DRAFT, _C.IN_REVIEW, _C.APPROVED, _C.PAUSED)
_RUNNING = (_C.SCHEDULED, _C.MATERIALISING, _C.SENDING, _C.PAUSED, _C.SETTLING)


def _waiting(viewer: Viewer) -> list[CampaignRow]:
    """Campaigns that need this viewer: paused by a fault, waiting for their approval, sent back to them, or ready to start."""
    # Asked twice on the first page: for the number beside its name, and for the list.
    if _WAITING not in request.environ:
        # A delegate's tasks come from wherever they stand in for somebody.
        request.environ[_DELEGATED] = delegated_unit_ids(viewer.id)
        units = visible_unit_ids(Permission.CAMPAIGNS_VIEW) | request.environ[_DELEGATED]
        rows = list_campaigns(units, states=_ASKING) if units else []
        request.environ[_WAITING] = [row for row in rows if _needs(viewer, row)]
    found: list[CampaignRow] = request.environ[_WAITING]
    return found


def _needs(viewer: Viewer, row: CampaignRow) -> bool:
    if row.state == _C.IN_REVIEW:
        if row.author_id == viewer.id or viewer.may(Permission.CAMPAIGNS_APPROVE, row.unit_id):
            return row.author_id != viewer.id
        # Nobody decides in the author's name: where the author is the only manager one stands in for, there is nothing to do.
        return row.unit_id in request.environ[_DELEGATED] and any(each != row.author_id for each in delegators_of(viewer.id, row.unit_id))
    if row.state == _C.DRAFT:
        return bool(row.return_note) and row.author_id == viewer.id
    if row.state == _C.APPROVED:
        return viewer.may(Permission.CAMPAIGNS_EDIT, row.unit_id)
    return not row.pause_resumes and viewer.may(Permission.CAMPAIGNS_CONTROL, row.unit_id)


def count_tasks(viewer: Viewer, unit: UnitNode) -> int:
    return len(_waiting(viewer))


def tasks(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    rows = _waiting(viewer)
    names = user_names(row.author_id for row in rows if row.author_id is not None)
    order = (_C.PAUSED, _C.IN_REVIEW, _C.DRAFT, _C.APPROVED)
    return [_task(row, names) for row in sorted(rows, key=lambda row: order.index(row.state))]


def _task(row: CampaignRow, names: dict[int, str]) -> TaskItem:
    url = url_for("campaigns.campaign_page", slug=row.slug)
    size = _("%(count)s recipients · %(cost)s", count=number(row.recipient_count), cost=rial(row.cost_estimate))
    if row.state == _C.PAUSED:
        words = pause_words(row.pause_code)
        return TaskItem(
            "coin" if row.pause_code in ("credit", "budget") else "pause",
            "bad" if words.kind == "bad" else "wait",
            _("“%(title)s” is paused. %(why)s", title=row.title, why=words.title),
            _("%(waiting)s texts wait in the queue", waiting=number(progress_of(row.id).waiting)),
            _("See to it"),
            url,
        )
    if row.state == _C.IN_REVIEW:
        author = names.get(row.author_id or 0, "")
        asked = _("%(name)s asks for approval · %(size)s", name=author, size=size) if author else size
        return TaskItem("shield-check", "wait", _("“%(title)s” waits for your approval", title=row.title), asked, _("Look and decide"), url)
    if row.state == _C.DRAFT:
        return TaskItem(
            "return",
            "wait",
            _("“%(title)s” was sent back for changes", title=row.title),
            _("“%(note)s”", note=row.return_note),
            _("Change it"),
            url_for("campaigns.text_step", slug=row.slug),
        )
    planned = _(" · planned for %(time)s", time=jalali_datetime(row.planned_at)) if row.planned_at else ""
    return TaskItem(
        "play", "ok", _("“%(title)s” is approved and waits for its start", title=row.title), f"{size}{planned}", _("To the start"), url
    )


def running(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    units = visible_unit_ids(Permission.CAMPAIGNS_VIEW)
    return [work_item(row) for row in list_campaigns(units, states=_RUNNING, limit=20)] if units else []


def work_item(row: CampaignRow | CampaignView) -> WorkItem:
    """The campaign's card: how far sending is, renewed by itself while it moves."""
    look = CAMPAIGN_LOOKS[row.state]
    progress = progress_of(row.id)
    total = progress.total or row.recipient_count or 0
    note = ""
    if row.state == _C.SCHEDULED:
        note = _("starts %(time)s", time=jalali_datetime(row.scheduled_at))
    elif row.state == _C.PAUSED:
        note = str(pause_words(row.pause_code).title)
    elif row.started_at is not None:
        note = _("began %(time)s", time=ago(row.started_at))
    return WorkItem(
        title=row.title,
        url=url_for("campaigns.campaign_page", slug=row.slug),
        about=_("Campaign"),
        kind=look.kind,
        icon=look.icon,
        state_label=look.label,
        done=progress.done,
        total=total,
        line=_("%(done)s of %(total)s texts", done=number(progress.done), total=number(total)),
        note=note,
        refresh=url_for("campaigns.card", slug=row.slug) if row.state in (_C.SCHEDULED, _C.MATERIALISING, _C.SENDING, _C.SETTLING) else "",
    )


def credit_card(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    if not viewer.may(Permission.CAMPAIGNS_VIEW):
        return []
    known = credit.known_credit()
    parts = []
    if known is not None:
        parts = [
            Part(_("Reserved for campaigns"), min(known.reserved, known.credit), "soft"),
            Part(_("Kept for safety alerts"), min(known.protected, max(known.left - known.reserved, 0)), "ok"),
            Part(_("Free"), known.free, "accent"),
        ]
    return [CardBlock("campaigns/_credit.html", {"credit": known, "parts": parts})]
