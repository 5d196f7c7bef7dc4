"""Numbers at which texts have stopped arriving."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from contacts.models import PhoneIdentity
from contacts.rules.reach import LOOKED_AT, Outcome
from engage.db import db

__all__ = ["LOOKED_AT", "Outcome", "failing_identities"]


def failing_identities(*, chunk: int = 5_000) -> Iterator[list[int]]:
    """Every number whose last text didn't arrive, in pieces, in the order of ids."""
    after = 0
    while found := list(
        db.session.scalars(
            select(PhoneIdentity.id).where(PhoneIdentity.failing_count > 0, PhoneIdentity.id > after).order_by(PhoneIdentity.id).limit(chunk)
        )
    ):
        yield found
        after = found[-1]
