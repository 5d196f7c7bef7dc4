"""One import, from an opened table to written contacts, inside the caller's transaction.

The list is read twice. The first reading tells which numbers it names; the database answers which of them are known. The second
reading writes the new ones as it goes and keeps the rest for the rules of `contacts.rules.people`. Killed anywhere, nothing of it stands.

One import writes at a time in the whole installation: two lists that name the same numbers in another order would wait for each other in
a circle. Checks and first readings don't wait. Somebody who adds or stops a number of the list meanwhile waits for the import on the
number's index entry; whom that would concern is a number no one has ever texted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from contacts.importing import consents, merging
from contacts.importing.merging import SharedRow, Thoughtful
from contacts.importing.staging import (
    FIRST_OF_NEW,
    NEW,
    NEW_TO_UNIT,
    PASS,
    THINK,
    Calls,
    ImportOrder,
    Source,
    StageCounts,
    count_states,
    number_rows,
    read_rows,
    stage_numbers,
    stream_states,
)
from contacts.importing.tagging import Tags
from contacts.importing.writing import NewPeople
from contacts.index_keys import hold_index_key
from contacts.rules.columns import Cell
from contacts.rules.rows import CleanRow, sum_is_whole
from engage.db import driver_connection
from engage.refusal import Refused
from engage.vault import Vault

_WRITING = 0x454E4703
"""PostgreSQL's advisory lock of whoever writes a list"""
_ATTEMPTS = 5
_STORED_AT_ONCE = 5_000
_FIRST_SHARE = 0.25
"""Of the whole work, the first reading"""


class Watcher:
    """Sees an import pass by. Every method may be left as it is."""

    def row(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        """A row with something to tell was read: a problem, or rejected (`row.phone` is None; then `cells` are as they stand in the file,
        else empty)."""

    def shared(self, shared: SharedRow) -> None:
        """A row gives a number another name than an earlier row."""

    def progress(self, done: int, total: int) -> None:
        """So much of the work is done."""


@dataclass(frozen=True)
class ImportResult:
    """What happened to every row. `rows` is the sum of the six."""

    rows: int
    created: int
    updated: int
    unchanged: int
    duplicates: int
    rejected: int
    suppressed: int
    consents: int = 0
    """Ledger lines for persons known before."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why rows were rejected: code → rows."""
    warnings: dict[str, int] = field(default_factory=dict)

    def six(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("created", "updated", "unchanged", "duplicates", "rejected", "suppressed")}


def import_table(
    session: Session,
    table: Source,
    order: ImportOrder,
    watcher: Watcher,
    *,
    total: int = 0,
    use_states: Callable[[Iterator[tuple[int, str, int]]], None] | None = None,
) -> ImportResult:
    """Import `table` as `order` says; a dry order writes nothing but temporary tables.

    `total` is the number of rows, for progress, which runs from 0 to it. `use_states` gets (row number, state, first row of its number)
    of every row with a mobile, at the end. The caller commits. Refused: file_changed while it was read, tags_too_many, and the codes of
    reading; IntegrityError of psycopg when others added numbers of the list at every attempt.
    """
    connection = driver_connection(session)
    # The index and suppression keys stand still until this transaction ends.
    keys = hold_index_key(connection)
    _make_room(connection)
    work = max(total, 1)
    rows = stage_numbers(connection, table, order, keys, lambda done: watcher.progress(min(int(done * _FIRST_SHARE), work), work))
    if not order.is_dry:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITING,))
    seen = _Seen(watcher, rows, work)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.transaction():
                numbers, given = _attempt(connection, table, order, keys, seen)
                break
        except psycopg.errors.UniqueViolation:
            # Somebody added a number by hand after we had looked: now it is known.
            if attempt == _ATTEMPTS:
                raise
    states = count_states(connection)
    counts = seen.counts
    if use_states is not None:
        use_states(stream_states(connection))
    result = ImportResult(
        rows=counts.rows,
        duplicates=counts.rows - counts.rejected - numbers,
        rejected=counts.rejected,
        consents=given,
        reasons=dict(counts.reasons.most_common()),
        warnings=dict(counts.warnings.most_common()),
        **states,
    )
    assert sum_is_whole(result.rows, result.six())
    return result


def _make_room(connection: psycopg.Connection[Any]) -> None:
    """Memory for sorting a million hashes, in this transaction only. Temporary tables stay small in memory and spill to files."""
    connection.execute("SET LOCAL work_mem = '48MB'; SET LOCAL maintenance_work_mem = '64MB'")


class _Seen:
    """Tells the watcher of every row once, however many attempts it takes, and counts for the attempt under way."""

    def __init__(self, watcher: Watcher, rows: int, work: int) -> None:
        self._watcher = watcher
        self._rows, self._work = rows, work
        self._told = 0
        self._shared: set[int] = set()
        self.counts = StageCounts()

    def begin(self) -> None:
        self.counts = StageCounts()

    def problems(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        counts = self.counts
        for warning in row.warnings:
            counts.warnings[warning.code] += 1
        if row.phone is None:
            counts.rejected += 1
            counts.reasons[row.errors[0].code] += 1
        if row.number > self._told:
            self._told = row.number
            self._watcher.row(row, cells)

    def shared(self, found: SharedRow) -> None:
        self.counts.warnings["shared_number"] += 1
        if found.row_number not in self._shared:
            self._shared.add(found.row_number)
            self._watcher.shared(found)

    def progress(self) -> None:
        share = _FIRST_SHARE + (0.95 - _FIRST_SHARE) * self.counts.rows / max(self._rows, 1)
        self._watcher.progress(int(share * self._work), self._work)

    def check_whole(self) -> None:
        if self.counts.rows != self._rows:
            raise Refused("file_changed")


def _attempt(connection: psycopg.Connection[Any], table: Source, order: ImportOrder, keys: Vault, seen: _Seen) -> tuple[int, int]:
    """The list against what is known now; returns (numbers it names, ledger lines for persons known before)."""
    seen.begin()
    numbers = number_rows(connection, order)
    calls = Calls()
    calls.read(connection)
    merging.create_tables(connection)
    tags = Tags(order, order.now)
    if order.is_dry:
        tags.load(connection)
        _read_again(table, order, keys, seen, calls, tags, None, connection)
        merging.join_copies(connection, order, None, seen.shared)
        merging.meet_contacts(connection, order, seen.shared)
        return numbers, 0
    tags.load(connection)
    with _writing_new(connection, order):
        with NewPeople(connection, order, keys) as people:
            _read_again(table, order, keys, seen, calls, tags, people, connection)
            people.settle()
            merging.join_copies(connection, order, people, seen.shared)
        _mark_stopped(connection)
    merging.meet_contacts(connection, order, seen.shared)
    merging.write_changes(connection, order)
    return numbers, consents.give_known(connection, order, keys)


def _read_again(
    table: Source,
    order: ImportOrder,
    keys: Vault,
    seen: _Seen,
    calls: Calls,
    tags: Tags,
    people: NewPeople | None,
    connection: psycopg.Connection[Any],
) -> None:
    """The second reading: new people are written, rows that call for thought are kept in `import_person`."""
    thoughtful = Thoughtful()
    blind_of, kinds = keys.blind_index, calls.kinds
    named = len(kinds)
    counts = seen.counts

    def ask(work: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        return people.ask(work) if people is not None else work(connection)

    def store() -> None:
        rows = thoughtful.take()
        ask(lambda free: merging.store(free, rows))

    for batch in read_rows(table, order):
        for row in batch:
            if row.errors or row.warnings:
                seen.problems(row.as_clean(), row.cells or ())
            phone = row.phone
            if phone is None:
                continue
            # A row beyond those of the first reading: the file has grown, which is said at the end.
            call = kinds[row.number] if row.number < named else PASS
            if call == PASS or (people is None and call in (NEW, NEW_TO_UNIT)):
                continue
            tag_ids = tags.ids(row.tags, ask) if row.tags else ()
            if call in (THINK, FIRST_OF_NEW):
                identity_id = cipher = None
                if call == FIRST_OF_NEW and people is not None and not calls.known(row.number):
                    identity_id, cipher = people.seal_number(phone)
                thoughtful.add(row, blind_of(phone), tag_ids, identity_id, cipher)
                if len(thoughtful) >= _STORED_AT_ONCE:
                    store()
                continue
            assert people is not None
            people.add(
                people.add_phone(phone) if call == NEW else calls.known(row.number), row.number, row.first_name, row.last_name,
                row.search_key, row.sort_key, row.neighbourhood, row.gender, row.birth_year, row.language, tag_ids, row.custom,
                row.consented_on,
            )  # fmt: skip
        counts.rows += len(batch)
        seen.progress()
    store()
    seen.check_whole()


_MAY_SPARE = "SELECT has_parameter_privilege('session_replication_role', 'SET')"
# Compressing pages of hashes for the log takes longer than writing them.
_WRITE_WHOLE = "SELECT set_config('wal_compression', 'off', true) WHERE has_parameter_privilege('wal_compression', 'SET')"


@contextmanager
def _writing_new(connection: psycopg.Connection[Any], order: ImportOrder) -> Iterator[None]:
    """Spares new people the check of each reference, where the database's owner lets us.

    What they refer to is written by this very transaction, or held by it: identities by `hold_index_key` (none is removed meanwhile), the
    unit, purpose, user and import by the locks taken here. Nine look-ups a person would find just that. Elsewhere they are made, and
    must not be planned as scans of tables that were empty a moment ago.
    """
    connection.execute(_WRITE_WHOLE)
    row = connection.execute(_MAY_SPARE).fetchone()
    if row is not None and row[0]:
        connection.execute("SELECT FROM unit ORDER BY id FOR KEY SHARE")
        connection.execute("SELECT FROM purpose ORDER BY key FOR KEY SHARE")
        connection.execute("SELECT FROM contact_import WHERE id = %s FOR KEY SHARE", (order.import_id,))
        connection.execute("SELECT FROM app_user WHERE id = %s FOR KEY SHARE", (order.actor_id,))
        connection.execute("SET LOCAL session_replication_role = replica")
        yield
        connection.execute("SET LOCAL session_replication_role = origin")
    else:
        connection.execute("DISCARD PLANS; SET LOCAL enable_seqscan = off")
        yield
        connection.execute("SET LOCAL enable_seqscan = on")


def _mark_stopped(connection: psycopg.Connection[Any]) -> None:
    """Somebody may have opted out since the list was read (`contacts.commands.suppression` says why this closes the gap)."""
    connection.execute(
        """UPDATE phone_identity SET suppressed_at = stop.since
           FROM import_row r JOIN suppression stop ON stop.number_hash = r.suppression
           WHERE phone_identity.blind_index = r.blind AND phone_identity.suppressed_at IS NULL"""
    )
