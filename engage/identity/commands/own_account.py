"""What a person does to their own account: password, authenticator app, recovery codes."""

from __future__ import annotations

import uuid

from engage.db import db, transaction
from engage.identity import passwords, rules, sessions
from engage.identity.authenticator import RECOVERY_CODES, Authenticator, recovery_digest
from engage.identity.commands.audit import record_audit
from engage.identity.commands.people import renew_password
from engage.identity.commands.rights import home_unit_id, locked_user
from engage.identity.commands.signing_in import charge_try, forgive_tries
from engage.identity.models import User
from engage.identity.queries import units_of_user
from engage.identity.rules import Role
from engage.refusal import Refused


def change_own_password(user_id: int, *, current: str, new: str) -> User:
    """The user has the new password and every session of theirs is ended; the caller opens a fresh one for this browser.

    Refused: "sign_in_wait", "password_wrong", "password_same", "password_…".
    """
    _prove(user_id, current)
    with transaction():
        user = locked_user(user_id)
        if passwords.is_password_of(user, new):
            raise Refused("password_same")
        renew_password(user, new)
        user.must_change_password = False
        _record("password_changed", user)
        return user


def begin_enrolment(user_id: int, authenticator: Authenticator) -> User:
    """The user has a secret to scan; the one shown before if it isn't confirmed yet."""
    with transaction():
        user = locked_user(user_id)
        if user.totp_pending_secret is None:
            user.totp_pending_secret = authenticator.new_secret(user)
        return user


def confirm_enrolment(user_id: int, typed: str, authenticator: Authenticator, *, password: str | None = None) -> tuple[User, list[str]]:
    """The scanned secret counts from now on, since this code of it is right. Returns the user and fresh recovery codes, shown once;
    sessions elsewhere are ended. Replacing an app that is in use takes the `password`.

    Refused: "code_wrong", "enrolment_missing", "password_wrong", "sign_in_wait".
    """
    with transaction():
        replaces = locked_user(user_id).totp_secret is not None
    if replaces:
        _prove(user_id, password or "")
    with transaction():
        user = locked_user(user_id)
        pending = user.totp_pending_secret
        if pending is None:
            raise Refused("enrolment_missing")
        user.totp_counter = None
        if not authenticator.is_code(typed, pending, user):
            raise Refused("code_wrong")
        user.totp_secret, user.totp_pending_secret = pending, None
        user.fs_uniquifier = uuid.uuid4().hex
        sessions.end_other_sessions(user.id)
        codes = _fresh_codes(user, authenticator)
        _record("second_factor_set", user)
        return user, codes


def renew_recovery_codes(user_id: int, *, password: str, authenticator: Authenticator) -> list[str]:
    """Ten fresh recovery codes, shown once; the old ones are void. Refused: "password_wrong", "sign_in_wait", "enrolment_missing"."""
    _prove(user_id, password)
    with transaction():
        user = locked_user(user_id)
        if user.totp_secret is None:
            raise Refused("enrolment_missing")
        codes = _fresh_codes(user, authenticator)
        _record("recovery_codes_renewed", user)
        return codes


def remove_second_factor(user_id: int, *, password: str) -> None:
    """The user signs in by password alone. Refused: "second_factor_required" for roles that must have one, "password_wrong", "sign_in_wait"."""
    _prove(user_id, password)
    with transaction():
        user = locked_user(user_id)
        roles = frozenset[Role]().union(*(node.roles for node in units_of_user(user_id)))
        if rules.needs_second_factor(roles, is_demo_account=user.is_demo):
            raise Refused("second_factor_required")
        user.totp_secret = user.totp_pending_secret = user.totp_counter = None
        user.recovery_digests = []
        _record("second_factor_removed", user)


def _prove(user_id: int, password: str) -> None:
    """The person at the desk knows the password; guessing here waits as long as at the door."""
    user = db.session.get(User, user_id)
    if user is None:
        raise Refused("user_missing")
    charge_try(user.email)
    if not passwords.is_password_of(user, password):
        raise Refused("password_wrong")
    with transaction():
        forgive_tries(user.email)


def _fresh_codes(user: User, authenticator: Authenticator) -> list[str]:
    codes: list[str] = authenticator.generate_recovery_codes(RECOVERY_CODES)
    user.recovery_digests = [recovery_digest(user.id, code) for code in codes]
    return codes


def _record(action: str, user: User) -> None:
    db.session.flush()
    record_audit(action, unit_id=home_unit_id(user.id), object_type="user", object_id=user.id, detail={"name": user.name}, actor_id=user.id)
