"""Tags that a list names: those that hold in the unit, and new ones of the unit's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from contacts.importing.staging import ImportOrder
from engage import persian
from engage.refusal import Refused

NEW_AT_MOST = 200
"""A list that would make more has mapped a column of something else."""

Work = Callable[[psycopg.Connection[Any]], Any]

_HOLDING = """
    SELECT tag.name_key, tag.id FROM contact_tag tag
    JOIN unit own ON own.id = %s JOIN unit above ON above.id = tag.unit_id AND own.path LIKE above.path || '%%'
    ORDER BY length(above.path) DESC
"""


class Tags:
    """Ids of tags by their names. A dry import makes none and gives them ids below 0."""

    def __init__(self, order: ImportOrder, at: datetime) -> None:
        self._order, self._at = order, at
        self._known: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._made = 0

    def load(self, connection: psycopg.Connection[Any]) -> None:
        # Of two tags of one name the topmost unit's is meant, as `contacts.commands.tags` has it.
        self._known = dict(connection.execute(_HOLDING, (self._order.unit_id,)).fetchall())

    def ids(self, names: Sequence[str], ask: Callable[[Work], Any]) -> tuple[int, ...]:
        """Ids of these names, ascending; `ask` runs work on the database. Refused("tags_too_many", limit)."""
        return tuple(sorted({self._id(name, ask) for name in names}))

    def _id(self, name: str, ask: Callable[[Work], Any]) -> int:
        found = self._names.get(name)
        if found is not None:
            return found
        key = persian.search_key(name)
        found = self._known.get(key)
        if found is None:
            self._made += 1
            if self._made > NEW_AT_MOST:
                raise Refused("tags_too_many", limit=NEW_AT_MOST)
            found = -self._made if self._order.is_dry else int(ask(lambda connection: self._make(connection, name, key)))
            self._known[key] = found
        self._names[name] = found
        return found

    def _make(self, connection: psycopg.Connection[Any], name: str, key: str) -> int:
        row = connection.execute(
            "INSERT INTO contact_tag (unit_id, name, name_key, created_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (unit_id, name_key) DO UPDATE SET name_key = excluded.name_key RETURNING id",
            (self._order.unit_id, name, key, self._at),
        ).fetchone()
        assert row is not None
        return int(row[0])
