"""Finding out what a list would do, for the preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from contacts.commands.progress import Progress
from contacts.importing import ImportOrder, Watcher, files, import_table
from contacts.models import ContactImport
from contacts.reading import Table, open_table
from contacts.rules.columns import Cell, check_mapping
from contacts.rules.rows import CleanRow, row_cleaner, text_of
from contacts.rules.states import ImportState, advance
from contacts.words import problem_words
from engage.clock import now, today_in_tehran
from engage.db import db, transaction
from engage.refusal import Refused
from engage.vault import vault


class _Checking(Watcher):
    """Notes the rows that share a number under another name, and how far it is."""

    def __init__(self, progress: Progress) -> None:
        self.shared_with: dict[int, int] = {}
        self._progress = progress

    def shared(self, shared: object) -> None:
        self.shared_with[shared.row_number] = shared.first_row  # type: ignore[attr-defined]

    def progress(self, done: int, total: int) -> None:
        self._progress.report(done)


def check_import(import_id: int) -> None:
    """What the import would do to every row stands in its counts, its preview file and the file of rejected rows.

    Writes nothing to the contact base. Run again, it starts over; an import that is no longer being checked is left alone.
    """
    row = db.session.get(ContactImport, import_id, populate_existing=True)
    if row is None or row.state != ImportState.CHECKING:
        return
    revision = dict(row.mapping)
    try:
        counts = _check(row)
    except Refused as refused:
        with transaction() as session:
            row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
            if row is not None and row.state == ImportState.CHECKING:
                row.state, row.failure, row.finished_at = ImportState.FAILED, refused.code, now()
        return
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None or row.state != ImportState.CHECKING or row.mapping != revision:
            return  # the officer changed the mapping meanwhile: another check is under way
        row.state = advance(ImportState(row.state), ImportState.CHECKED)
        row.counts, row.done_count = counts, row.row_count


def _check(row: ContactImport) -> dict[str, object]:
    table = open_table(files.upload_path(row.stored_name))
    fields = {int(position): field for position, field in row.mapping.items()}
    mapping = check_mapping(fields, table.width)
    order = ImportOrder(unit_id=row.unit_id, mapping=mapping, now=now(), today=today_in_tehran().date())
    stored_name, total = row.stored_name, row.row_count
    with Progress(row.id) as progress, transaction() as session:
        watcher = _Checking(progress)
        result = import_table(
            session,
            table,
            order,
            vault(),
            watcher,
            total=total,
            use_states=lambda states: _write_files(table, order, stored_name, watcher.shared_with, states),
        )
    return {**result.six(), "reasons": result.reasons, "warnings": result.warnings}


def _write_files(
    table: Table, order: ImportOrder, stored_name: str, shared_with: dict[int, int], states: Iterator[tuple[int, str, int]]
) -> None:
    clean = row_cleaner(order.mapping, table.width, order.today)
    preview = files.preview_path(stored_name)
    half = preview.with_suffix(".half")
    rejected = files.RejectedFile(
        files.rejected_path(stored_name), table.headers, str(_("Reason")), str(_("Row in the file")), lambda problem: str(problem_words(problem.code))
    )
    phone = order.mapping.phone
    upcoming = next(states, None)
    with half.open("w", encoding="utf-8") as file, rejected:
        for number, cells in table.rows():
            row = clean(number, cells)
            state = "rejected"
            if upcoming is not None and upcoming[0] == number:
                state, upcoming = upcoming[1], next(states, None)
            else:
                rejected.add(row, cells)
            file.write(files.preview_line(row, state, order.mapping, _raw(cells, phone, row), shared_with.get(number)))
    half.replace(preview)


def _raw(cells: Sequence[Cell], column: int, row: CleanRow) -> str:
    return text_of(cells[column]) if row.phone is None and column < len(cells) else ""
