"""Numbers whose former holder is closed: a list brings them back only as somebody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from contacts.rules.people import Name

_CLOSED = """
    SELECT (max(closed.reassigned_at) AT TIME ZONE 'Asia/Tehran')::date,
           array_agg(ARRAY[closed.first_name, closed.last_name])
               || COALESCE((SELECT array_agg(ARRAY[alias.first_name, alias.last_name]) FROM contact_alias alias
                            WHERE alias.contact_id = ANY(array_agg(closed.id))), '{}')
    FROM contact closed WHERE closed.former_identity_id = %s AND closed.unit_id = %s
"""


def closed_names(connection: psycopg.Connection[Any], identity_id: int, unit_id: int) -> tuple[list[Name], date]:
    """(every name a number's former holders were known by in the unit, the day the last of them was closed)."""
    row = connection.execute(_CLOSED, (identity_id, unit_id)).fetchone()
    assert row is not None
    closed_on, names = row
    return [(first, last) for first, last in names], closed_on
