"""The console's pages of the inbox: cases, one thread, keywords and settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask
from flask_babel import lazy_gettext as _l

from campaigns.inbox import labels
from campaigns.inbox.queries import count_open
from engage.identity.audit_labels import register_audit_labels
from engage.identity.rules import Permission
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals

blueprint = Blueprint("inbox", __name__, url_prefix="/console/inbox", template_folder="../../templates")

from campaigns.inbox.views import cases, keywords, settings  # noqa: E402,F401  (they add their routes to the blueprint)

# At import: a command may refuse before any application exists.
register_refusals(labels.SENTENCES)


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
    register_nav(app, NavItem("inbox", _l("Messages"), "mail", "inbox.index", Permission.CAMPAIGNS_VIEW, 45, count=_waiting))
    register_audit_labels(app, labels.AUDIT_SENTENCES)


def _waiting(viewer: Any) -> int:
    return count_open(viewer.actor.unit_ids(Permission.CAMPAIGNS_VIEW, below=viewer.unit))


__all__ = ["blueprint", "install"]
