"""Puts filters into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.reports.filtering import views
from engage.reports.filtering.labels import AUDIT_LABELS, AUDIT_NAMES


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
