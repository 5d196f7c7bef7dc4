"""What the campaigns room adds to the application."""

from __future__ import annotations

from flask import Flask

from campaigns import credit, sweeps, views, webhooks
from campaigns.subscribers import end_consent_on_disowned_number, suppress_number_on_opt_out
from campaigns.views.past import message_timeline
from contacts.queries import register_timeline_source
from engage.events import subscribe
from surveys.events import NumberDisowned, OptOutRequested


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    app.register_blueprint(webhooks.blueprint)
    views.install(app)
    sweeps.install(app)
    credit.install(app)
    subscribe(app, OptOutRequested, suppress_number_on_opt_out)
    subscribe(app, NumberDisowned, end_consent_on_disowned_number)
    register_timeline_source(app, message_timeline)
