"""Purposes and the exact words behind every consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.models import ConsentText, Purpose
from contacts.rules.consent import Basis
from contacts.rules.purposes import PURPOSES, first_text
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from engage.vault import sha256

WORDS_LOCK = 0x656E6761_77726473 & 0x7FFF_FFFF_FFFF_FFFF
"""PostgreSQL's advisory lock of whoever writes words, or counts them for a seal"""


def ensure_purposes() -> None:
    """The purposes every installation starts with are there, with version 1 of their words. Changes nothing that exists."""
    with transaction() as session:
        at = words_moment(session)
        known = set(session.execute(select(ConsentText.purpose, ConsentText.basis)).tuples())
        session.execute(
            insert(Purpose).on_conflict_do_nothing(),
            [{"key": key, "title": title, "position": position} for position, (key, title) in enumerate(PURPOSES)],
        )
        wanted = [(key, basis) for key, _ in PURPOSES for basis in Basis if (key, str(basis)) not in known]
        put_words(session, ((key, basis, 1, first_text(key, basis)) for key, basis in wanted), at)


def words_moment(session: Session) -> datetime:
    """The moment of words that are about to be written: later than that of all words before. Held until the transaction ends, and
    against the sealer, so that whatever it counts is whole."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WORDS_LOCK})
    newest = session.scalar(select(func.max(ConsentText.created_at)))
    return now() if newest is None else max(now(), newest + timedelta(microseconds=1))


def put_words(session: Session, words: Iterable[tuple[str, Basis, int, str]], at: datetime) -> None:
    """Write versions of words (purpose, basis, version, text), all made at `at`, which `words_moment` gave."""
    rows = [
        {"sha256": sha256(each), "purpose": purpose, "version": version, "basis": str(basis), "text": each, "created_at": at}
        for purpose, basis, version, each in words
    ]
    if rows:
        session.execute(insert(ConsentText), rows)


def current_text(purpose: str, basis: Basis) -> bytes:
    """SHA-256 of the newest words for this purpose and basis. Refused("purpose_unknown")."""
    found = _newest(purpose, basis)
    if found is None and purpose in dict(PURPOSES):
        ensure_purposes()
        found = _newest(purpose, basis)
    if found is None:
        raise Refused("purpose_unknown", purpose=purpose)
    return found


def _newest(purpose: str, basis: Basis) -> bytes | None:
    return db.session.scalar(
        select(ConsentText.sha256)
        .where(ConsentText.purpose == purpose, ConsentText.basis == str(basis))
        .order_by(ConsentText.version.desc())
        .limit(1)
    )
