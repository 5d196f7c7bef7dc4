"""Personal links: one statement from the letters in a text message to everything its page needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from flask import current_app

from engage.config import Settings
from engage.db import db, driver_connection, in_transaction
from engage.vault import is_token_shaped, vault

_COLUMNS = """
    SELECT i.id, i.survey_id, i.identity_id, i.expires_at, i.opened_on, i.answered, i.revoked_at IS NOT NULL,
           s.state, s.published_version_id, s.closes_at, s.results_on, s.closed_at, s.slug, s.title, u.name, u.id,
           s.is_anonymous, s.response_limit, s.notice
    FROM invitation i JOIN survey s ON s.id = i.survey_id JOIN unit u ON u.id = i.unit_id
"""
_BY_DIGEST = _COLUMNS + "WHERE i.token_digest = %s"
_BY_DIGESTS = _COLUMNS + "WHERE i.token_digest = ANY(%s)"
_BY_ID = _COLUMNS + "WHERE i.id = %s"


@dataclass(frozen=True, slots=True)
class FoundLink:
    """An invitation with its survey and office, as they stand now."""

    invitation_id: int
    survey_id: int
    identity_id: int
    expires_at: datetime
    opened_on: date | None
    is_answered: bool
    is_revoked: bool
    survey_state: str
    version_id: int | None
    closes_at: datetime | None
    results_on: date | None
    closed_at: datetime | None
    survey_slug: str
    title: str
    office_name: str
    unit_id: int
    is_anonymous: bool
    response_limit: int | None
    notice: str
    """What the office has to put right about its texts"""


@contextmanager
def direct_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor for one statement: in the transaction that is open, else on a connection of its own that commits by itself.

    One round trip instead of BEGIN, statement and ROLLBACK, and no session: the difference shows on a page that does little else.
    """
    if in_transaction():
        with driver_connection(db.session()).cursor() as cursor:
            yield cursor
        return
    pooled = db.engine.raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        connection.autocommit = True
        try:
            yield connection.cursor()
        finally:
            if not connection.closed:
                connection.autocommit = False
    finally:
        pooled.close()


def find_link(token: str) -> FoundLink | None:
    """The invitation behind the letters of a link, None for any that lead nowhere. At most one statement."""
    if not is_token_shaped(token):
        return None
    digests = vault().token_digests(token)
    with direct_cursor() as cursor:
        if len(digests) == 1:
            cursor.execute(_BY_DIGEST, (digests[0],), prepare=True)
        else:
            cursor.execute(_BY_DIGESTS, (digests,), prepare=True)
        row = cursor.fetchone()
    return FoundLink(*row) if row else None


def link_by_id(invitation_id: int) -> FoundLink | None:
    with direct_cursor() as cursor:
        row = cursor.execute(_BY_ID, (invitation_id,)).fetchone()
    return FoundLink(*row) if row else None


def link_of(invitation_id: int, key_version: int) -> str:
    """The address a text carries: public host and the 11 letters of this invitation, made anew each time."""
    settings: Settings = current_app.extensions["engage_settings"]
    return f"{settings.base_url}/{vault().link_token(invitation_id, key_version)}"


def links_of(pairs: Iterable[tuple[int, int]]) -> list[str]:
    """`link_of` for (invitation, key version) pairs, in their order."""
    settings: Settings = current_app.extensions["engage_settings"]
    token_of = vault().link_token
    return [f"{settings.base_url}/{token_of(invitation_id, version)}" for invitation_id, version in pairs]
