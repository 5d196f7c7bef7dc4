"""The list of campaigns."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.queries import CampaignRow, count_by_state, list_campaigns
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.labels import CAMPAIGN_LOOKS, KIND_LABELS, pause_words
from engage.identity.guard import acting, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.web.filters import ago, jalali_datetime
from surveys.queries import list_surveys

_C = CampaignState

GROUPS: dict[str, tuple[CampaignState, ...]] = {
    "drafts": (_C.DRAFT,),
    "approval": (_C.IN_REVIEW, _C.APPROVED),
    "running": (_C.SCHEDULED, _C.MATERIALISING, _C.SENDING, _C.SETTLING),
    "paused": (_C.PAUSED,),
    "over": (_C.FINISHED, _C.CANCELLED),
}


@blueprint.get("")
@guarded(Permission.CAMPAIGNS_VIEW)
def index() -> ResponseReturnValue:
    units = visible_unit_ids(Permission.CAMPAIGNS_VIEW)
    chosen = request.args.get("show", "")
    states = GROUPS.get(chosen)
    counts = count_by_state(units)
    rows = list_campaigns(units, states=states)
    return render_template(
        "campaigns/index.html",
        rows=rows,
        total=sum(counts.values()),
        chips=_chips(counts, chosen if states else ""),
        looks=CAMPAIGN_LOOKS,
        kind_labels=KIND_LABELS,
        when=_when,
        pause_words=pause_words,
        surveys={each.id: each.title for each in list_surveys(acting().unit_ids(Permission.SURVEYS_VIEW))},
        unit_names={node.id: node.name for node in acting().units},
        several_units=len(units) > 1,
        is_filtered=bool(states),
    )


def _chips(counts: dict[CampaignState, int], chosen: str) -> list[tuple[object, int, str, bool, str, str]]:
    words = {
        "drafts": (_("Drafts"), "pencil", ""),
        "approval": (_("Approval"), "shield-check", "wait"),
        "running": (_("In progress"), "send", ""),
        "paused": (_("Paused"), "pause", "wait"),
        "over": (_("Over"), "ok", "ok"),
    }
    chips: list[tuple[object, int, str, bool, str, str]] = [
        (_("All"), sum(counts.values()), url_for("campaigns.index"), not chosen, "", "")
    ]
    for key, states in GROUPS.items():
        label, icon, kind = words[key]
        count = sum(counts.get(state, 0) for state in states)
        if count or key == chosen:
            chips.append((label, count, url_for("campaigns.index", show=key), key == chosen, icon, kind))
    return chips


def _when(row: CampaignRow) -> str:
    """The moment that matters most about a campaign now."""
    if row.state in (_C.DRAFT, _C.IN_REVIEW, _C.APPROVED) and row.planned_at is not None:
        return _("planned for %(time)s", time=jalali_datetime(row.planned_at))
    if row.state == _C.SCHEDULED:
        return _("starts %(time)s", time=jalali_datetime(row.scheduled_at))
    if row.state in (_C.SENDING, _C.PAUSED, _C.SETTLING, _C.MATERIALISING) and row.started_at is not None:
        return _("began %(time)s", time=ago(row.started_at))
    if row.state in (_C.FINISHED, _C.CANCELLED):
        return _("ended %(time)s", time=ago(row.finished_at))
    return ago(row.state_since)
