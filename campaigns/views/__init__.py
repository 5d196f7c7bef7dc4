"""The console's pages about campaigns: list, composer, approval, live page; and what the first page shows of them."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_babel import lazy_gettext as _l

from contacts.queries.page_actions import PageAction, register_page_action
from engage.identity.audit_labels import register_audit_labels
from engage.identity.home import HomeAction, register_home_action, register_home_block
from engage.identity.rules import Permission
from engage.identity.viewer import register_task_source
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals

blueprint = Blueprint("campaigns", __name__, url_prefix="/console/campaigns", template_folder="../templates")

from campaigns.views import (  # noqa: E402,F401  (they add their routes to the blueprint)  # noqa: E402
    alerts,
    approving,
    calendar,
    composer,
    control,
    conversation,
    firstpage,
    following,
    labels,
    lines,
    listing,
    live,
    permission,
    previewing,
    quick_poll,
    refusals,
    review,
    undecided,
    words,
)

# At import: a command may refuse before any application exists.
register_refusals(refusals.SENTENCES)


def install(app: Flask) -> None:
    register_nav(app, NavItem("campaigns", _l("Campaigns"), "speakerphone", "campaigns.index", Permission.CAMPAIGNS_VIEW, 40))
    register_audit_labels(app, labels.AUDIT_SENTENCES)
    register_home_action(
        app,
        HomeAction(_l("New campaign"), "speakerphone", "campaigns.choose_kind", Permission.CAMPAIGNS_EDIT, 40, primary=True),
    )
    register_home_action(app, HomeAction(_l("Quick poll"), "chart", "campaigns.quick_poll", Permission.CAMPAIGNS_EDIT, 35))
    register_page_action(app, PageAction(_l("Ask for consent by SMS"), "mail", "campaigns.ask_permission", Permission.CAMPAIGNS_EDIT))
    register_home_block(app, "tasks", 10, alerts.tasks)
    register_home_block(app, "tasks", 20, firstpage.tasks)
    register_home_block(app, "tasks", 30, undecided.tasks)
    register_home_block(app, "running", 20, firstpage.running)
    register_home_block(app, "side", 10, firstpage.credit_card)
    register_task_source(app, firstpage.count_tasks)
    register_task_source(app, alerts.count_tasks)
    register_task_source(app, undecided.count_tasks)


__all__ = ["blueprint", "install"]
