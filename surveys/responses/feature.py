"""What the responses' pages add to the application."""

from __future__ import annotations

from flask import Flask

from engage.events import subscribe
from engage.identity.audit_labels import register_audit_labels
from engage.jobs import register_sweep
from engage.web.refusals import register_refusals
from surveys.events import SurveyClosed
from surveys.responses import jobs, views
from surveys.responses.words import AUDIT, REFUSALS

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_audit_labels(app, AUDIT)
    subscribe(app, SurveyClosed, jobs.on_closing, name="finish_responses")
    register_sweep(app, "responses", lambda settings: 1800.0, jobs.ring_for_responses)
