"""Passwords: Argon2 through Flask-Security, and the same work whether an account exists or not."""

from __future__ import annotations

from functools import lru_cache

from flask import current_app
from flask_security import Security, hash_password
from flask_security.utils import verify_password

from engage.identity import rules
from engage.identity.models import User


def _normalise(password: str) -> str:
    security: Security = current_app.extensions["security"]
    return str(security.password_util.normalize(password))


def hashed(password: str, *, email: str, name: str) -> str:
    """The hash to store. Refused with a "password_…" code when the password is unfit (`engage.identity.rules.check_password`)."""
    plain = _normalise(password)
    rules.check_password(plain, email=email, name=name)
    return str(hash_password(plain))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return str(hash_password("nobody has this password"))


def is_password_of(user: User | None, typed: str) -> bool:
    """Whether `typed` is this user's password. For nobody it is False after as long a time."""
    plain = _normalise(typed[: rules.PASSWORD_MAXIMUM * 4])
    stored = user.password if user else None
    right = bool(verify_password(plain, stored or _nobodys_hash()))
    return right and stored is not None
