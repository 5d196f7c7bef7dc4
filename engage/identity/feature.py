"""Puts units, users, sign-in, the first page and the audit log into an application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_security import Security, SQLAlchemyUserDatastore

from engage.db import db
from engage.identity import audit_labels, guard, home, notices, sessions, texting, viewer
from engage.identity.authenticator import ISSUER, Authenticator
from engage.identity.commands.signing_in import forget_old_failures
from engage.identity.commands.texted_codes import forget_old_codes
from engage.identity.labels import REFUSALS, delegate_named_words
from engage.identity.models import HeldRole, User
from engage.identity.rules import NoticeGroup
from engage.identity.views import account, blueprint, delegations, door, first_page, home_blueprint, notices_page, people, phone, settings
from engage.jobs import register_sweep
from engage.vault import EncryptedColumn, register_encrypted_columns
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals

VIEWS = (account, delegations, door, first_page, notices_page, people, phone, settings)

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    _install_security(app)
    guard.install(app)
    viewer.install(app)
    home.install(app)
    audit_labels.install(app)
    texting.install(app)
    notices.register_notice("delegate_named", delegate_named_words, group=NoticeGroup.APPROVALS)
    app.register_blueprint(home_blueprint)
    app.register_blueprint(blueprint)
    register_nav(app, NavItem("home", _l("Inbox"), "inbox", "home.index", "home", order=10))
    register_nav(app, NavItem("settings", _l("Settings"), "settings", "identity.settings_index", "settings.view", order=90))
    register_sweep(app, "sign_in_sessions", lambda s: 3600.0, sessions.forget_dead_sessions)
    register_sweep(app, "sign_in_throttle", lambda s: 3600.0, forget_old_failures)
    register_sweep(app, "texted_codes", lambda s: 300.0, forget_old_codes)
    register_sweep(app, "notice_texts", lambda s: 60.0, notices.send_due_texts)
    register_sweep(app, "old_notices", lambda s: 3600.0, notices.forget_old_notices)
    register_encrypted_columns(
        app,
        EncryptedColumn("app_user", "totp_secret", "app_user.totp_secret:{}"),
        EncryptedColumn("app_user", "totp_pending_secret", "app_user.totp_secret:{}"),
        EncryptedColumn("app_user", "phone_cipher", "app_user.phone:{}"),
        EncryptedColumn("user_code", "phone_cipher", "user_code.phone:{}"),
    )


def _install_security(app: Flask) -> None:
    """Flask-Security hashes passwords, makes and checks codes. Its pages are not registered: they have no Persian and no lock-out."""
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        # Argon2 alone: a pepper would tie every password to the session key, which rotates.
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_SALT="unused",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_TOTP_ISSUER=ISSUER,
        # The library's own wallet stays empty of our secrets: the vault encrypts them (`Authenticator`).
        SECURITY_TOTP_SECRETS={"1": app.extensions["engage_vault"].derive_secret("totp")},
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
    )
    before, after = len(app.before_request_funcs.get(None, [])), len(app.after_request_funcs.get(None, []))
    with app.app_context():  # the authenticator asks the application's clock at once
        Security(app, SQLAlchemyUserDatastore(db, User, HeldRole), register_blueprint=False, totp_cls=Authenticator)
    # Its hooks load a user and open the session at every request, the citizens' included. Ours are the guards on the views.
    del app.before_request_funcs.get(None, [])[before:]
    del app.after_request_funcs.get(None, [])[after:]
