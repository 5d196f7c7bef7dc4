"""One list at a time in a unit: written, or taken back."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_LOCK = 0x454E4701
"""PostgreSQL's advisory lock, with a unit's id beside it"""


def take_turn(session: Session, unit_id: int) -> bool:
    """Whether this transaction is now the one that changes the unit's lists; False, at once, while another is."""
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key, :unit)"), {"key": _LOCK, "unit": unit_id}))


def await_turn(session: Session, unit_id: int) -> None:
    """As `take_turn`, but waits for the other."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key, :unit)"), {"key": _LOCK, "unit": unit_id})
