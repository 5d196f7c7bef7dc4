"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.reports.onepage import queries, views
from engage.reports.onepage.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.reports.render import FORMATS, Format
from engage.web.refusals import register_refusals

# At import: a command may refuse, and the command line knows its suffixes, before any application exists.
register_refusals(REFUSALS)
FORMATS["onepage.pdf"] = Format("application/pdf", queries.write_page)
FORMATS["square.png"] = Format("image/png", queries.write_square)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
