"""Puts public results into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.reports.results import public, views
from engage.reports.results.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.reports.results.queries import results_path
from engage.web.refusals import register_refusals
from surveys.results import register_results_address

register_refusals(REFUSALS)


def install(app: Flask) -> None:
    public.install(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(public.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
    register_results_address(app, results_path)
