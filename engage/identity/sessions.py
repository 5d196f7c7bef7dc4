"""Signed-in browsers: a new id at every sign-in, ended at sign-out, by idleness, by the end of the day and by a new password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import request, session
from sqlalchemy import delete, select, update
from sqlalchemy.orm import lazyload

from engage.clock import now
from engage.db import db, transaction
from engage.identity import rules
from engage.identity.models import SignInSession, User
from engage.identity.notices import unread_count

_ID = "sid"
_TOUCH_EVERY = timedelta(minutes=1)


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()


def open_session(user: User) -> None:
    """The browser of this request is signed in as `user` under an id nobody has seen before; what it was before is ended."""
    end_session()
    at = now()
    session_id = secrets.token_urlsafe(32)
    with transaction() as written:
        written.add(SignInSession(digest=_digest(session_id), user_id=user.id, fs_uniquifier=user.fs_uniquifier, started_at=at, seen_at=at))
    session[_ID] = session_id


def end_session() -> None:
    """The browser of this request is nobody's; its id is worthless wherever it was copied to."""
    session_id = session.get(_ID)
    if session_id:
        with transaction() as written:
            written.execute(delete(SignInSession).where(SignInSession.digest == _digest(session_id)))
    # Everything goes, the CSRF token too: nothing planted before a sign-in may live on after it.
    session.clear()


def has_session() -> bool:
    return _ID in session


def load_user() -> tuple[User, int] | None:
    """Who is signed in with this request's cookie, and how many notices they haven't seen, by one statement; None for nobody, an ended
    session or a closed account."""
    session_id = session.get(_ID)
    if not session_id:
        return None
    digest = _digest(session_id)
    found = db.session.execute(
        select(SignInSession, User, unread_count())
        .join(User, User.id == SignInSession.user_id)
        .where(SignInSession.digest == digest, User.fs_uniquifier == SignInSession.fs_uniquifier, User.active)
        .options(lazyload(User.grants))
    ).first()
    if found is None:
        return None
    row, user, unread = found
    at = now()
    if not rules.is_session_alive(row.started_at, row.seen_at, at):
        return None
    # A card that renews itself every few seconds is not a person at the desk.
    is_person = request.method != "GET" or "HX-Request" not in request.headers
    if is_person and at - row.seen_at >= _TOUCH_EVERY:
        with transaction() as written:
            written.execute(update(SignInSession).where(SignInSession.digest == digest).values(seen_at=at))
    return user, unread


def end_other_sessions(user_id: int) -> None:
    """Delete the user's sessions; part of the caller's transaction, which also renews `fs_uniquifier`."""
    db.session.execute(delete(SignInSession).where(SignInSession.user_id == user_id))


def forget_dead_sessions() -> None:
    """Delete what can't be used any more. A sweep."""
    at = now()
    with transaction() as written:
        written.execute(
            delete(SignInSession).where(
                (SignInSession.seen_at < at - rules.IDLE_LIMIT) | (SignInSession.started_at < at - rules.SESSION_LIMIT)
            )
        )


def end_all_sessions() -> int:
    """Everybody has to sign in again. Returns how many sessions there were."""
    with transaction() as written:
        done: Any = written.execute(delete(SignInSession))
        return int(done.rowcount)
