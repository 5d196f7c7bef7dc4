"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.jobs import register_sweep
from engage.reports.themes import jobs, views
from engage.reports.themes.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.web.refusals import register_refusals

register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
    register_sweep(app, "report_themes", lambda s: s.timings.sweep, jobs.ring_for_themes)
