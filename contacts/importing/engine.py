"""One import, from an opened table to written contacts, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from contacts.importing import consents, merging
from contacts.importing.merging import SharedRow
from contacts.importing.staging import ImportOrder, stage_rows
from contacts.ledger import GENESIS
from contacts.reading import Table
from contacts.rules.columns import Cell
from contacts.rules.rows import CleanRow, sum_is_whole
from engage.db import driver_connection
from engage.vault import Vault


class Watcher:
    """Sees an import pass by. Every method may be left as it is."""

    def row(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        """A row was read; `row.phone` is None when it is rejected."""

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
    table: Table,
    order: ImportOrder,
    vault: Vault,
    watcher: Watcher,
    *,
    total: int = 0,
    use_states: Callable[[Iterator[tuple[int, str, int]]], None] | None = None,
) -> ImportResult:
    """Import `table` as `order` says; a dry order writes nothing but temporary tables.

    `total` is the number of rows, for progress. `use_states` gets (row number, state, first row of its number) of every row that was
    read, before anything is written. The caller commits.
    """
    connection = driver_connection(session)
    work = max(total, 1) * (1 if order.is_dry else 2)

    def staged(done: int) -> None:
        watcher.progress(done, work)

    counts = stage_rows(connection, table, order, vault, watcher.row, staged)
    numbers = merging.number_rows(connection, order)

    def shared(found: SharedRow) -> None:
        counts.warnings["shared_number"] += 1
        watcher.shared(found)

    merging.join_copies(connection, shared)
    merging.meet_contacts(connection, order)
    states = merging.count_states(connection)
    if use_states is not None:
        use_states(merging.stream_states(connection))
    given = 0
    if not order.is_dry:
        share = counts.rows / max(numbers, 1)
        written = merging.write_new(connection, order, GENESIS, lambda done: watcher.progress(int(counts.rows + done * share), 2 * counts.rows))
        # A contact somebody added by hand while the list was being read was already there.
        states["unchanged"] += states["created"] - written
        states["created"] = written
        merging.write_changes(connection, order)
        given = consents.give_known(connection, order, vault)
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
