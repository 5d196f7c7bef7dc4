"""What the surveys room adds to the application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from engage.identity.audit_labels import register_audit_labels
from engage.identity.rules import Permission
from engage.jobs import register_sweep
from engage.web.limits import limiter
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals
from surveys import front_door, public, results, views
from surveys.citizen import shelf
from surveys.commands import close_due_surveys
from surveys.entrances import feature as entrances
from surveys.interchange import words as interchange
from surveys.responses import feature as responses
from surveys.sealing import ring_for_seals
from surveys.uploads import feature as uploads
from surveys.words import AUDIT, REFUSALS

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)
register_refusals(interchange.REFUSALS)


def install(app: Flask) -> None:
    shelf.install(app)
    results.install(app)
    limiter.exempt(public.blueprint)  # it counts misses itself, and must not spend time on right links
    app.register_blueprint(public.blueprint)
    app.register_blueprint(views.blueprint)
    register_nav(app, NavItem("surveys", _l("Surveys"), "clipboard-list", "surveys.list_page", Permission.SURVEYS_VIEW, order=30))
    register_audit_labels(app, AUDIT)
    register_sweep(app, "close_surveys", lambda settings: settings.timings.sweep, close_due_surveys)
    register_sweep(app, "sealed_answers", lambda settings: settings.timings.sweep * 6, ring_for_seals)
    entrances.install(app)
    uploads.install(app)
    responses.install(app)
    front_door.install(app)
