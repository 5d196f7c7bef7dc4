"""Purposes and the exact words behind every consent."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from contacts.models import ConsentText, Purpose
from contacts.rules.consent import Basis
from contacts.rules.purposes import PURPOSES, first_text
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from engage.vault import sha256


def ensure_purposes() -> None:
    """The purposes every installation starts with are there, with version 1 of their words. Changes nothing that exists."""
    at = now()
    texts = [(key, basis, first_text(key, basis)) for key, _ in PURPOSES for basis in Basis]
    with transaction() as session:
        session.execute(
            insert(Purpose).on_conflict_do_nothing(),
            [{"key": key, "title": title, "position": position} for position, (key, title) in enumerate(PURPOSES)],
        )
        session.execute(
            insert(ConsentText).on_conflict_do_nothing(),
            [
                {"sha256": sha256(text), "purpose": key, "version": 1, "basis": str(basis), "text": text, "created_at": at}
                for key, basis, text in texts
            ],
        )


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
