"""Puts the contact base into an application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from contacts import home, jobs, past, public
from contacts.commands import erasing
from contacts.commands.single_texts import queue_text
from contacts.labels import AUDIT_LABELS, REFUSALS
from contacts.queries import import_users, link_holders, page_actions, references, timeline
from contacts.segments import criteria, exclusions
from contacts.views import (
    adding,
    blueprint,
    bulk,
    disputes,
    exporting,
    fields,
    imports,
    people,
    policy,
    purposes,
    retention,
    segments,
    sign_up_pages,
    tags,
    wizard,
)
from engage.identity.audit_labels import register_audit_labels
from engage.identity.home import HomeAction, register_first_step, register_home_action, register_home_block
from engage.identity.texting import register_text_sender
from engage.jobs import register_sweep
from engage.vault import EncryptedColumn, register_encrypted_columns
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals

VIEWS = (adding, bulk, disputes, exporting, fields, imports, people, policy, purposes, retention, segments, sign_up_pages, tags, wizard)

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    timeline.install(app)
    page_actions.install(app)
    import_users.install(app)
    references.install(app)
    link_holders.install(app)
    criteria.install(app)
    exclusions.install(app)
    timeline.register_timeline_source(app, home.consent_timeline)
    timeline.register_timeline_source(app, past.change_timeline)
    register_audit_labels(app, AUDIT_LABELS)
    register_text_sender(app, queue_text)
    app.register_blueprint(blueprint)
    public.install(app)
    register_nav(app, NavItem("contacts", _l("Contacts"), "users", "contacts.index", "contacts.view", order=20))
    register_home_block(app, "running", 30, home.running_imports)
    register_home_block(app, "tasks", 30, home.checked_imports)
    register_home_block(app, "tasks", 20, home.quarantined_imports)
    register_home_block(app, "tasks", 5, home.held_lists)
    register_home_action(app, HomeAction(_l("Import a list"), "upload", "contacts.new_import", "contacts.import", order=30))
    register_first_step(app, 10, home.first_list)
    register_sweep(app, "contact_bulk", lambda s: s.timings.ring_again, jobs.ring_waiting_bulk)
    register_sweep(app, "contact_imports", lambda s: s.timings.ring_again, jobs.ring_waiting_imports)
    # Each production interval by way of the sweeper's own, so that tests' time scale holds here, too: a minute, five, a day.
    register_sweep(app, "ledger_seals", lambda s: 12 * s.timings.sweep, jobs.ring_for_sealing)
    register_sweep(app, "disputed_lists", lambda s: 60 * s.timings.sweep, jobs.ring_for_disputed_lists)
    register_sweep(app, "contact_import_files", lambda s: 3600.0, jobs.delete_old_files)
    register_sweep(app, "erasures", lambda s: 30.0, erasing.finish_erasures)
    register_sweep(app, "retention", lambda s: 17_280 * s.timings.sweep, jobs.ring_for_limits)
    register_sweep(app, "orphaned_uploads", lambda s: 3600.0, erasing.delete_orphaned_files)
    register_encrypted_columns(
        app,
        EncryptedColumn("phone_identity", "phone_cipher", "phone_identity:{}"),
        EncryptedColumn("pending_consent", "phone_cipher", "pending_consent:{}"),
        EncryptedColumn("pending_consent", "name_cipher", "pending_consent_name:{}"),
        EncryptedColumn("single_text", "phone_cipher", "single_text_phone:{}"),
        EncryptedColumn("single_text", "body_cipher", "single_text_body:{}"),
    )
