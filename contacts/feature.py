"""Puts the contact base into an application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from contacts import home, jobs
from contacts.labels import AUDIT_LABELS, REFUSALS
from contacts.queries import timeline
from contacts.views import blueprint, imports, people
from engage.identity.audit_labels import register_audit_labels
from engage.identity.home import HomeAction, register_first_step, register_home_action, register_home_block
from engage.jobs import register_sweep
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals

VIEWS = (imports, people)

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    timeline.install(app)
    timeline.register_timeline_source(app, home.consent_timeline)
    register_audit_labels(app, AUDIT_LABELS)
    app.register_blueprint(blueprint)
    register_nav(app, NavItem("contacts", _l("Contacts"), "users", "contacts.index", "contacts.view", order=20))
    register_home_block(app, "running", 30, home.running_imports)
    register_home_block(app, "tasks", 30, home.checked_imports)
    register_home_action(app, HomeAction(_l("Import a list"), "upload", "contacts.new_import", "contacts.import", order=30))
    register_first_step(app, 10, home.first_list)
    register_sweep(app, "contact_imports", lambda s: s.timings.ring_again, jobs.ring_waiting_imports)
    register_sweep(app, "contact_import_files", lambda s: 3600.0, jobs.delete_old_files)
