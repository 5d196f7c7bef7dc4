"""The one button that makes a campaign asking people without documented consent for it."""

from __future__ import annotations

from flask import redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns import commands
from campaigns.views import blueprint
from engage.identity.guard import acting, current_unit, guarded
from engage.identity.rules import Permission
from engage.web.flashes import flash_done


@blueprint.post("/permission")
@guarded(Permission.CAMPAIGNS_EDIT)
def ask_permission() -> Response:
    slug = commands.draft_permission_campaign(current_unit().id, actor_id=acting().id)
    flash_done(_("A draft is ready that asks people without documented consent for it. Nothing is sent before it is approved."))
    return redirect(url_for(".audience_step", slug=slug), code=303)
