"""Staging: every readable row of a list, cleaned and sealed, in a temporary table of this transaction.

A row is prepared as if its number were new: the identity's id is taken from its sequence first, because the ciphertext is bound to
it, and the first line of the person's ledger is sealed. Where the number turns out to be known, that work is thrown away; in
return one pass over the file is enough, no plain number ever reaches the database, and memory stays flat.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

import psycopg

from contacts.ledger import GENESIS, Line, digest_evidence, seal
from contacts.reading import Table
from contacts.rules.columns import Cell, ColumnMapping
from contacts.rules.consent import Basis, Channel
from contacts.rules.rows import CleanRow, person_keys, row_cleaner
from engage.vault import Vault

BATCH = 5_000


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

    @property
    def is_dry(self) -> bool:
        return self.basis is None


@dataclass
class StageCounts:
    rows: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)


_COLUMNS = {
    "row_number": "int4",
    "blind": "bytea",
    "suppression": "bytea",
    "identity_id": "int8",
    "cipher": "bytea",
    "pseudonym": "bytea",
    "salt": "bytea",
    "evidence": "text",
    "digest": "bytea",
    "mac": "bytea",
    "first_name": "text",
    "last_name": "text",
    "search_key": "text",
    "sort_key": "text",
    "neighbourhood": "text",
    "gender": "text",
    "birth_year": "int2",
    "consented_on": "date",
    "custom": "text",
}

CREATE_STAGE = f"""
    DROP TABLE IF EXISTS import_stage, import_number, import_merged, import_change, import_alias;
    CREATE TEMP TABLE import_stage ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())}) ON COMMIT DROP
"""


def stage_rows(
    connection: psycopg.Connection[Any],
    table: Table,
    order: ImportOrder,
    vault: Vault,
    watch_row: Callable[[CleanRow, Sequence[Cell]], None],
    report: Callable[[int], None],
) -> StageCounts:
    """Fill `import_stage`. `watch_row` sees every row with its cells, `report` how many rows are done."""
    counts = StageCounts()
    clean = row_cleaner(order.mapping, table.width, order.today)
    connection.execute(CREATE_STAGE)
    rows = table.rows()
    while batch := list(islice(rows, BATCH)):
        good: list[CleanRow] = []
        for number, cells in batch:
            row = clean(number, cells)
            watch_row(row, cells)
            for warning in row.warnings:
                counts.warnings[warning.code] += 1
            if row.phone is None:
                counts.reasons[row.errors[0].code] += 1
            else:
                good.append(row)
        counts.rows += len(batch)
        counts.rejected += len(batch) - len(good)
        ids = [] if order.is_dry else reserve_ids(connection, "phone_identity", len(good))
        _copy(connection, _staged(good, ids, order, vault))
        report(counts.rows)
    connection.execute("ANALYZE import_stage")
    return counts


def reserve_ids(connection: psycopg.Connection[Any], table: str, count: int) -> list[int]:
    """`count` fresh ids from the sequence of `table`, without a round trip for each."""
    found = connection.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')::regclass) FROM generate_series(1, %s)", (table, count)
    ).fetchall()
    return [row[0] for row in found]


def _copy(connection: psycopg.Connection[Any], rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY import_stage ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(list(_COLUMNS.values()))
            for row in rows:
                copy.write_row(row)


def _staged(rows: list[CleanRow], ids: list[int], order: ImportOrder, vault: Vault) -> Iterator[tuple[Any, ...]]:
    for position, row in enumerate(rows):
        phone = row.phone
        assert phone is not None
        sealed = (None,) * 7 if order.is_dry else _sealed(row, ids[position], order, vault)
        search_key, sort_key = person_keys(row.first_name, row.last_name)
        yield (
            row.number,
            vault.blind_index(phone),
            vault.suppression_hash(phone),
            *sealed,
            row.first_name,
            row.last_name,
            search_key,
            sort_key,
            row.neighbourhood,
            row.gender,
            row.birth_year,
            row.consented_on,
            json.dumps(row.custom, ensure_ascii=False) if row.custom else "{}",
        )


def _sealed(row: CleanRow, identity_id: int, order: ImportOrder, vault: Vault) -> tuple[Any, ...]:
    assert row.phone is not None and order.basis is not None
    noise = os.urandom(32)
    pseudonym, salt = noise[:16], noise[16:]
    evidence = evidence_of_row(order, row.number, row.consented_on)
    digest = digest_evidence(salt, evidence)
    line = Line(
        pseudonym, 1, order.purpose, True, order.basis, order.text_sha256, Channel.IMPORT, digest, order.actor_id, order.now
    )  # fmt: skip
    cipher = vault.encrypt(row.phone, identity_context(identity_id))
    return identity_id, cipher, pseudonym, salt, evidence, digest, seal(vault.ledger_mac, GENESIS, line)


def identity_context(identity_id: int) -> str:
    """What binds an encrypted number to its row."""
    return f"phone_identity:{identity_id}"


def evidence_of_row(order: ImportOrder, row_number: int, consented_on: date | None) -> str:
    """What backs a consent that came from a list: which import, which file, which row, and the date written there."""
    on = f'"{consented_on.isoformat()}"' if consented_on else "null"
    return f'{{"import": {order.import_id}, "file": "{order.file_sha256.hex()}", "row": {row_number}, "consented_on": {on}}}'
