"""Signing in: a password, perhaps a code, and a growing wait for who guesses. Known and unknown addresses are treated alike."""

from __future__ import annotations

import hashlib
import hmac
import math

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import db, transaction
from engage.identity import passwords, rules
from engage.identity.authenticator import Authenticator, looks_like_recovery_code, recovery_digest
from engage.identity.commands.audit import record_audit
from engage.identity.commands.rights import home_unit_id, locked_user
from engage.identity.guard import acting, may_use_account
from engage.identity.models import RoleGrant, SignInThrottle, User
from engage.refusal import Refused
from engage.vault import vault


def _throttle_digest(email: str) -> bytes:
    key = bytes.fromhex(vault().derive_secret("sign-in throttle"))
    return hmac.digest(key, rules.normalise_email(email).encode(), hashlib.sha256)


def charge_try(email: str) -> None:
    """Count one more try before it is judged, so that a hundred at once are not a hundred free ones. Refused("sign_in_wait", seconds)."""
    at, digest = now(), _throttle_digest(email)
    with transaction() as session:
        session.execute(insert(SignInThrottle).values(digest=digest, failed_count=0, next_at=at, last_at=at).on_conflict_do_nothing())
        row = session.scalars(
            select(SignInThrottle).where(SignInThrottle.digest == digest).with_for_update().execution_options(populate_existing=True)
        ).one()
        if row.next_at > at:
            raise Refused("sign_in_wait", seconds=math.ceil((row.next_at - at).total_seconds()))
        count = 0 if at - row.last_at > rules.FORGET_FAILURES_AFTER else row.failed_count
        row.failed_count, row.last_at = count + 1, at
        row.next_at = at + rules.sign_in_delay(count + 1)


def forgive_tries(email: str) -> None:
    db.session.execute(delete(SignInThrottle).where(SignInThrottle.digest == _throttle_digest(email)))


def forget_old_failures() -> None:
    """A day later nobody's wrong passwords count. A sweep."""
    with transaction() as session:
        session.execute(delete(SignInThrottle).where(SignInThrottle.last_at < now() - rules.FORGET_FAILURES_AFTER))


def check_password(email: str, typed: str) -> User:
    """The user whose address and password these are. If they have a second factor, `check_code` comes next; else they are in.

    Refused: "sign_in_wait", "sign_in_failed" (one answer for a wrong address, a wrong password and a closed account),
    "demo_only_here", "no_rights". What was typed is stored nowhere.
    """
    charge_try(email)
    user = db.session.scalar(select(User).where(User.email == rules.normalise_email(email)).execution_options(populate_existing=True))
    if not passwords.is_password_of(user, typed) or user is None or not user.active:
        _record_refusal(user, "password" if user is None or user.active else "closed")
        raise Refused("sign_in_failed")
    if not may_use_account(user):
        _record_refusal(user, "demo")
        raise Refused("demo_only_here")
    if not db.session.scalar(select(func.count()).select_from(RoleGrant).where(RoleGrant.user_id == user.id)):
        _record_refusal(user, "rights")
        raise Refused("no_rights")
    if user.totp_secret is None:
        _record_sign_in(user, "password")
    return user


def check_code(user_id: int, typed: str, authenticator: Authenticator) -> User:
    """The user, whose password was right before, once this code of the app or recovery code is right too; it is used up.

    Refused: "sign_in_wait", "code_wrong", "user_missing".
    """
    email = db.session.scalar(select(User.email).where(User.id == user_id, User.active))
    if email is None:
        raise Refused("user_missing")
    charge_try(email)
    with transaction() as session:
        user = locked_user(user_id)
        how = _matching(user, typed, authenticator)
        if how:
            session.flush()
            _record_sign_in(user, how)
            return user
    _record_refusal(user, "code")
    raise Refused("code_wrong")


def _matching(user: User, typed: str, authenticator: Authenticator) -> str | None:
    if user.totp_secret is not None and authenticator.is_code(typed, user.totp_secret, user):
        return "code"
    if looks_like_recovery_code(typed):
        digest = recovery_digest(user.id, typed)
        left = [each for each in user.recovery_digests if not hmac.compare_digest(each, digest)]
        if len(left) < len(user.recovery_digests):
            user.recovery_digests = left
            return "recovery"
    return None


def _record_sign_in(user: User, how: str) -> None:
    with transaction():
        forgive_tries(user.email)
        record_audit(
            "signed_in",
            unit_id=home_unit_id(user.id),
            object_type="user",
            object_id=user.id,
            detail={"how": how, "name": user.name},
            actor_id=user.id,
        )


def _record_refusal(user: User | None, why: str) -> None:
    with transaction():
        record_audit(
            "sign_in_refused",
            unit_id=home_unit_id(user.id) if user else None,
            object_type="user",
            object_id=user.id if user else "",
            detail={"why": why, "name": user.name if user else ""},
            actor_id=None,
        )


def switch_unit(unit_id: int) -> None:
    """The person behind this request looks at this unit from now on. Refused("not_in_your_units")."""
    actor = acting()
    if actor.node(unit_id) is None:
        raise Refused("not_in_your_units")
    with transaction() as session:
        session.execute(update(User).where(User.id == actor.id).values(current_unit_id=unit_id))
