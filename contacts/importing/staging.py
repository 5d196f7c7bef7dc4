"""The first reading of a list: which numbers it names, and what each row calls for.

Only keyed hashes of numbers reach the database here. Rows of numbers that nobody knows and that the list names once (nearly all of a
new list) need no more thought: the second reading writes them straight into the tables. What the rows are is kept as one byte a row,
so memory grows by some megabytes for a million rows.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from contacts.importing.copying import stream
from contacts.reading import Table
from contacts.reading.child import Cleaning, SentRow, TableApart, cleaned_of, phones_of
from contacts.rules.columns import ColumnMapping
from contacts.rules.consent import Basis
from engage.vault import Vault


@dataclass(frozen=True)
class ImportOrder:
    """What an import is to do. Without a basis it only finds out what would happen."""

    unit_id: int
    mapping: ColumnMapping
    now: datetime
    today: date
    """The day in Tehran."""
    purpose: str = ""
    basis: Basis | None = None
    text_sha256: bytes = b""
    import_id: int | None = None
    actor_id: int | None = None
    file_sha256: bytes = b""
    kinds: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Key of a typed field → (kind, options); other custom columns are text"""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field → {search key of what stands in the file → what is stored instead}"""

    @property
    def is_dry(self) -> bool:
        return self.basis is None

    @property
    def cleaning(self) -> Cleaning:
        return Cleaning(self.mapping, self.today, self.kinds, self.values)


@dataclass
class StageCounts:
    rows: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)


Source = Table | TableApart


def read_phones(table: Source, order: ImportOrder) -> Iterator[tuple[list[int], list[str | None]]]:
    return table.phones(order.mapping.phone) if isinstance(table, TableApart) else phones_of(table, order.mapping.phone)


def read_rows(table: Source, order: ImportOrder) -> Iterator[list[SentRow]]:
    return table.cleaned(order.cleaning) if isinstance(table, TableApart) else cleaned_of(table, order.cleaning)


# -- the first reading ---------------------------------------------------------------------------------------------------

_PREPARE = """
    DROP TABLE IF EXISTS import_row, import_number, import_person, import_change, import_alias;
    CREATE TEMP TABLE import_row (row_number int4, blind bytea, suppression bytea) ON COMMIT DROP
"""


def stage_numbers(connection: psycopg.Connection[Any], table: Source, order: ImportOrder, vault: Vault, report: Callable[[int], None]) -> int:
    """Fill `import_row` with every row that has a mobile; returns how many rows the list has. `report` hears how many are done."""
    connection.execute(_PREPARE)
    blind_of, suppression_of = vault.blind_index, vault.suppression_hash
    head = (3).to_bytes(2, "big") + (4).to_bytes(4, "big")
    length = (32).to_bytes(4, "big")
    rows = 0
    with stream(connection, "import_row (row_number, blind, suppression)") as write:
        for numbers, phones in read_phones(table, order):
            write(
                b"".join(
                    [
                        head + number.to_bytes(4, "big") + length + blind_of(phone) + length + suppression_of(phone)
                        for number, phone in zip(numbers, phones, strict=True)
                        if phone is not None
                    ]
                )
            )
            rows += len(numbers)
            report(rows)
    connection.execute("ANALYZE import_row")
    return rows


_SIMPLE = "n.state = 'created' AND n.copies = 1 AND n.known_id IS NULL"
"""Of `import_number n`: nothing has to look for the number again"""

# One row a number. Everything later asks this table what a number is: created, unchanged, updated or suppressed.
_NUMBERS = """
    CREATE TEMP TABLE import_number ON COMMIT DROP AS
    WITH list AS MATERIALIZED (
        SELECT blind, min(row_number) AS row_number, count(*)::int4 AS copies FROM import_row GROUP BY blind
    ), stopped AS MATERIALIZED (
        SELECT DISTINCT blind FROM import_row JOIN suppression ON suppression.number_hash = import_row.suppression
    )
    SELECT list.blind, list.row_number, list.copies, known.id AS known_id, person.id AS contact_id,
           CASE WHEN stopped.blind IS NOT NULL OR known.suppressed_at IS NOT NULL THEN 'suppressed'
                WHEN person.id IS NULL THEN 'created' ELSE 'unchanged' END AS state,
           person.id IS NULL AND known.id IS NOT NULL AND EXISTS (
               SELECT FROM contact closed WHERE closed.former_identity_id = known.id AND closed.unit_id = %(unit)s) AS was_closed
    FROM list
    LEFT JOIN stopped ON stopped.blind = list.blind
    LEFT JOIN phone_identity known ON known.blind_index = list.blind
    LEFT JOIN contact person ON person.unit_id = %(unit)s AND person.identity_id = known.id
"""


def number_rows(connection: psycopg.Connection[Any], order: ImportOrder) -> int:
    """Fill `import_number`; returns how many numbers the list names."""
    connection.execute("DROP TABLE IF EXISTS import_number")
    connection.execute(_NUMBERS, {"unit": order.unit_id})
    row = connection.execute(f"SELECT count(*), count(*) FILTER (WHERE NOT ({_SIMPLE})) FROM import_number n").fetchone()
    assert row is not None
    if row[1]:
        connection.execute("CREATE UNIQUE INDEX ON import_number (blind)")
    connection.execute("ANALYZE import_number")
    return int(row[0])


NEW, NEW_TO_UNIT, THINK, FIRST_OF_NEW, PASS = range(5)
"""What a row calls for. NEW: a number nobody knows, named once. NEW_TO_UNIT: as NEW, but another unit knows it. THINK: met with other
rows or with what is known. FIRST_OF_NEW: so, and it stands for a person who may be created. PASS: nothing (suppressed)."""

_CALLS = f"""
    SELECT r.row_number,
           CASE WHEN n.state = 'suppressed' AND n.copies = 1 THEN 4
                WHEN n.state = 'created' AND (n.copies > 1 OR n.was_closed) AND r.row_number = n.row_number THEN 3
                WHEN n.copies = 1 AND n.state = 'created' THEN 1
                ELSE 2 END,
           COALESCE(n.known_id, 0)
    FROM import_number n JOIN import_row r ON r.blind = n.blind
    WHERE NOT ({_SIMPLE})
"""


class Calls:
    """What every row calls for, by its number in the file."""

    def __init__(self) -> None:
        self.kinds = bytearray()
        """One byte a row, by its number"""
        self._known: array[int] | None = None

    def read(self, connection: psycopg.Connection[Any]) -> None:
        row = connection.execute("SELECT COALESCE(max(row_number), 0) FROM import_row").fetchone()
        size = (int(row[0]) if row else 0) + 1
        self.kinds = bytearray(size)
        self._known = None
        with connection.cursor(name="import_calls") as cursor:
            cursor.itersize = 20_000
            cursor.execute(_CALLS)
            for number, kind, known_id in cursor:
                self.kinds[number] = kind
                if known_id:
                    if self._known is None:
                        self._known = array("q", bytes(8 * size))
                    self._known[number] = known_id

    def known(self, number: int) -> int:
        """Id of the number's identity, 0 when it has none yet."""
        return self._known[number] if self._known is not None else 0


def count_states(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """State → numbers in it: created, updated, unchanged, suppressed."""
    found = dict(connection.execute("SELECT state, count(*) FROM import_number GROUP BY state").fetchall())
    return {state: int(found.get(state, 0)) for state in ("created", "updated", "unchanged", "suppressed")}


def stream_states(connection: psycopg.Connection[Any]) -> Iterator[tuple[int, str, int]]:
    """(row number, state, first row of the same number) of every row with a mobile, in the order of the file."""
    query = """
        SELECT r.row_number, CASE WHEN r.row_number = n.row_number THEN n.state ELSE 'duplicates' END, n.row_number
        FROM import_row r JOIN import_number n ON n.blind = r.blind ORDER BY r.row_number
    """
    with connection.cursor(name="import_states") as cursor:
        cursor.itersize = 5_000
        cursor.execute(query)
        yield from cursor


# -- what others need, too -----------------------------------------------------------------------------------------------


def reserve_ids(connection: psycopg.Connection[Any], table: str, count: int) -> list[int]:
    """`count` fresh ids from the sequence of `table`, without a round trip for each."""
    if not count:
        return []
    row = connection.execute(
        # Materialised, or the sequence would be looked up by its name once an id.
        "WITH named AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence)"
        " SELECT string_agg(int8send(nextval(sequence)), '') FROM named, generate_series(1, %s)",
        (table, count),
        binary=True,
    ).fetchone()
    assert row is not None
    ids = array("q", bytes(row[0]))
    if sys.byteorder == "little":
        ids.byteswap()
    return ids.tolist()


def identity_context(identity_id: int) -> str:
    """What binds an encrypted number to its row."""
    return f"phone_identity:{identity_id}"


def evidence_of_row(order: ImportOrder, row_number: int, consented_on: date | None) -> str:
    """What backs a consent that came from a list: which import, which file, which row, and the date written there."""
    on = f'"{consented_on.isoformat()}"' if consented_on else "null"
    return f'{{"import": {order.import_id}, "file": "{order.file_sha256.hex()}", "row": {row_number}, "consented_on": {on}}}'
