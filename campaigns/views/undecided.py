"""What nobody knows the fate of and the gateway can't be asked about any more: an officer gives it up."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands
from campaigns.queries.undecided import UndecidedCampaign, count_undecided, undecided_campaigns
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.labels import CAMPAIGN_LOOKS
from engage.config import Settings
from engage.identity.guard import acting, guarded, visible_unit_ids
from engage.identity.home import CardBlock, TaskItem, WorkItem
from engage.identity.queries import UnitNode
from engage.identity.rules import Permission
from engage.identity.viewer import Viewer
from engage.refusal import Refused
from engage.web.filters import ago, number
from engage.web.flashes import flash_done
from engage.web.refusals import explain

_FOUND = "engage.campaigns_undecided"
_LOOKED_AT = 10_000
"""Unknown texts that every page looks at for the tasks of its viewer"""


@blueprint.get("/undecided")
@guarded(Permission.CAMPAIGNS_CONTROL)
def undecided_page() -> ResponseReturnValue:
    """Every campaign with such texts, each with its decision."""
    units = visible_unit_ids(Permission.CAMPAIGNS_CONTROL)
    rows = undecided_campaigns(units, _settings())
    return render_template(
        "campaigns/undecided.html",
        rows=rows,
        total=sum(row.count for row in rows),
        hours=int(_settings().timings.lookup_window // 3600),
        looks=CAMPAIGN_LOOKS,
        unit_names={node.id: node.name for node in acting().units},
        several_units=len(units) > 1,
    )


@blueprint.route("/<slug>/unknown", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_CONTROL)
def unknown(slug: str) -> ResponseReturnValue:
    """GET says what giving up means; POST does it for what the gateway can't be asked about any more."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    if request.method == "POST":
        try:
            count = commands.write_off_unknown(campaign.id, None, actor_id=acting().id, settings=_settings())
        except Refused as refused:
            flash(explain(refused), "bad")
        else:
            flash_done(_("%(count)s texts were given up. They are never sent again.", count=number(count)))
        return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)
    count = count_undecided(campaign.id, _settings())
    return render_template("campaigns/unknown.html", campaign=campaign, looks=CAMPAIGN_LOOKS, count=count)


def _waiting(viewer: Viewer) -> list[UndecidedCampaign]:
    # Asked twice on the first page: for the number beside its name, and for the list.
    if _FOUND not in request.environ:
        units = visible_unit_ids(Permission.CAMPAIGNS_CONTROL)
        request.environ[_FOUND] = undecided_campaigns(units, _settings(), most=_LOOKED_AT) if units else []
    found: list[UndecidedCampaign] = request.environ[_FOUND]
    return found


def count_tasks(viewer: Viewer, unit: UnitNode) -> int:
    return len(_waiting(viewer))


def tasks(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    return [
        TaskItem(
            "help",
            "wait",
            _("Nobody knows what became of %(count)s texts of “%(title)s”", count=number(row.count), title=row.title),
            _("handed to the gateway %(time)s, which can't be asked any more", time=ago(row.oldest_at)),
            _("Decide about them"),
            url_for("campaigns.unknown", slug=row.slug),
        )
        for row in _waiting(viewer)
    ]


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
