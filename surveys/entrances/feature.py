"""What entrances add to the application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.jobs import register_sweep
from engage.web.refusals import register_refusals
from surveys.entrances import collecting, kiosk, public, texts, views
from surveys.entrances.commands.phones import forget_phones
from surveys.entrances.words import AUDIT, REFUSALS

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    texts.install(app)
    for part in (public, kiosk, views, collecting):
        app.register_blueprint(part.blueprint)
    register_audit_labels(app, AUDIT)
    register_sweep(app, "entrance_phones", lambda settings: 3600.0, forget_phones)
