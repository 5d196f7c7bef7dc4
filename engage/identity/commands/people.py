"""Users and their rights, as an administrator or the operator changes them."""

from __future__ import annotations

import uuid

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, select

from engage import persian
from engage.clock import now
from engage.db import db, transaction
from engage.identity import passwords, rules, sessions
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.commands.rights import check_unit_right, check_user_right, home_unit_id, locked_unit, locked_user
from engage.identity.commands.texted_codes import forget_phone
from engage.identity.models import RoleGrant, User
from engage.identity.rules import Permission, Role
from engage.refusal import Refused


def create_user(
    *,
    email: str,
    name: str,
    password: str,
    role: Role | str,
    unit_id: int,
    must_change_password: bool = False,
    is_demo: bool = False,
    actor_id: Actor = CURRENT,
) -> int:
    """The id of a new user who holds `role` in the unit. With `must_change_password` they choose their own at the first sign-in.

    Refused: "email_invalid", "email_taken", "user_name_missing", "not_in_your_units", "unit_missing", "password_…".
    """
    actor = who(actor_id)
    email, name = rules.normalise_email(email), persian.normalise(name)
    _check_email(email, is_demo=is_demo)
    if not name:
        raise Refused("user_name_missing")
    with transaction() as session:
        check_unit_right(actor, Permission.USERS_MANAGE, unit_id)
        locked_unit(unit_id)
        if session.scalar(select(User.id).where(User.email == email)):
            raise Refused("email_taken")
        user = User(
            email=email,
            name=name,
            password=passwords.hashed(password, email=email, name=name),
            must_change_password=must_change_password,
            active=True,
            fs_uniquifier=uuid.uuid4().hex,
            recovery_digests=[],
            current_unit_id=unit_id,
            is_demo=is_demo,
            created_at=now(),
        )
        user.grants = [RoleGrant(unit_id=unit_id, role=Role(role))]
        session.add(user)
        session.flush()
        record_audit(
            "user_created",
            unit_id=unit_id,
            object_type="user",
            object_id=user.id,
            detail={"name": name, "role": Role(role)},
            actor_id=actor,
        )
        return user.id


def _check_email(email: str, *, is_demo: bool) -> None:
    try:
        # No look-up of the domain: an office's mail may be inside a closed network, and the answer mustn't hang on a name server.
        # The demo's accounts are of this machine alone: «admin@demo» is no address on the internet.
        validate_email(email, check_deliverability=False, globally_deliverable=not is_demo)
    except EmailNotValidError:
        raise Refused("email_invalid") from None


def rename_user(user_id: int, *, name: str, actor_id: Actor = CURRENT) -> None:
    """Refused: "user_name_missing", "user_missing", "own_account", "not_in_your_units"."""
    actor = who(actor_id)
    name = persian.normalise(name)
    if not name:
        raise Refused("user_name_missing")
    with transaction():
        user = locked_user(user_id)
        check_user_right(actor, user)
        if user.name == name:
            return
        before, user.name = user.name, name
        _record("user_renamed", user, actor, before=before)


def grant_role(user_id: int, *, role: Role | str, unit_id: int, actor_id: Actor = CURRENT) -> None:
    """The user holds `role` in the unit and below. Granting what is held already changes nothing.

    Refused: "own_rights" (nobody changes their own), "not_in_your_units", "user_missing", "unit_missing".
    """
    actor = who(actor_id)
    with transaction() as session:
        check_unit_right(actor, Permission.USERS_MANAGE, unit_id)
        user = locked_user(user_id)
        if actor == user_id:
            raise Refused("own_rights")
        unit = locked_unit(unit_id)
        if any(grant.unit_id == unit_id and grant.role == role for grant in user.grants):
            return
        user.grants.append(RoleGrant(unit_id=unit_id, role=Role(role)))
        session.flush()
        _record("role_granted", user, actor, unit_id=unit_id, role=Role(role), unit=unit.name)


def revoke_role(user_id: int, *, role: Role | str, unit_id: int, actor_id: Actor = CURRENT) -> None:
    """The user no longer holds `role` in the unit. Refused: "own_rights", "not_in_your_units", "user_missing", "unit_missing"."""
    actor = who(actor_id)
    with transaction() as session:
        check_unit_right(actor, Permission.USERS_MANAGE, unit_id)
        user = locked_user(user_id)
        if actor == user_id:
            raise Refused("own_rights")
        unit = locked_unit(unit_id)
        gone = session.execute(
            delete(RoleGrant)
            .where(RoleGrant.user_id == user_id, RoleGrant.unit_id == unit_id, RoleGrant.role == role)
            .returning(RoleGrant.id)
        ).first()
        if gone is None:
            return
        session.expire(user, ["grants"])
        _record("role_revoked", user, actor, unit_id=unit_id, role=Role(role), unit=unit.name)


def set_password(user_id: int, password: str, *, must_change: bool = True, actor_id: Actor = CURRENT) -> None:
    """The user signs in with this password, to choose an own one first unless `must_change` is False; all their sessions are ended.

    Refused: "own_account", "not_in_your_units", "user_missing", "password_…".
    """
    actor = who(actor_id)
    with transaction():
        user = locked_user(user_id)
        check_user_right(actor, user)
        renew_password(user, password)
        user.must_change_password = must_change
        _record("password_set", user, actor)


def renew_password(user: User, password: str) -> None:
    """Part of a transaction: a new hash, and every session that knew the old one is dead."""
    user.password = passwords.hashed(password, email=user.email, name=user.name)
    user.fs_uniquifier = uuid.uuid4().hex
    sessions.end_other_sessions(user.id)
    db.session.flush()


def reset_second_factor(user_id: int, *, actor_id: Actor = CURRENT) -> None:
    """The user's authenticator app, recovery codes and mobile number count no more, for one who lost the phone; their sessions are ended.

    Refused: "own_account", "not_in_your_units", "user_missing".
    """
    actor = who(actor_id)
    with transaction():
        user = locked_user(user_id)
        check_user_right(actor, user)
        user.totp_secret = user.totp_pending_secret = user.totp_counter = None
        user.recovery_digests = []
        user.fs_uniquifier = uuid.uuid4().hex
        forget_phone(user)
        sessions.end_other_sessions(user.id)
        _record("second_factor_reset", user, actor)


def deactivate_user(user_id: int, *, actor_id: Actor = CURRENT) -> None:
    """The user can't sign in and is signed out everywhere; their number is gone, what they did stays in the log. Refused as `reset_second_factor`."""
    actor = who(actor_id)
    with transaction():
        user = locked_user(user_id)
        check_user_right(actor, user)
        if not user.active:
            return
        user.active = False
        forget_phone(user)
        sessions.end_other_sessions(user.id)
        _record("user_deactivated", user, actor)


def reactivate_user(user_id: int, *, actor_id: Actor = CURRENT) -> None:
    """The user may sign in again with the password they had. Refused as `reset_second_factor`."""
    actor = who(actor_id)
    with transaction():
        user = locked_user(user_id)
        check_user_right(actor, user)
        if user.active:
            return
        user.active = True
        _record("user_reactivated", user, actor)


def _record(action: str, user: User, actor: int | None, *, unit_id: int | None = None, **detail: object) -> None:
    db.session.flush()
    record_audit(
        action,
        unit_id=unit_id or home_unit_id(user.id),
        object_type="user",
        object_id=user.id,
        detail={"name": user.name, **detail},
        actor_id=actor,
    )
