"""Puts comparisons into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.reports.trends import priority_views, views
from engage.reports.trends.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.web.refusals import register_refusals

register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    app.register_blueprint(priority_views.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
