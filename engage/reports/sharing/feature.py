"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask

from engage.events import subscribe
from engage.identity.audit_labels import register_audit_labels
from engage.identity.home import register_home_block
from engage.reports.sharing import public, subscribers, telling_views, views  # noqa: F401 - telling_views adds its routes to the blueprint
from engage.reports.sharing.home import late_results
from engage.reports.sharing.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.reports.sharing.queries import told_story
from engage.web.refusals import register_refusals
from surveys.events import SurveyPublished
from surveys.results import register_promise_story

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    app.register_blueprint(public.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
    register_home_block(app, "tasks", 40, late_results)
    register_promise_story(app, told_story)
    subscribe(app, SurveyPublished, subscribers.note_promise_on_publication)
