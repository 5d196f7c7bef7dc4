"""Finding out what a list's values mean and what it would do, for the officer's eyes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from contacts.commands.progress import Progress
from contacts.importing import ImportOrder, Watcher, files, import_table
from contacts.importing.rejected import RejectedFile
from contacts.models import ContactImport, RememberedValue
from contacts.queries.fields import FieldRecord, fields_of
from contacts.queries.people import neighbourhood_names
from contacts.reading.child import TableApart, open_apart
from contacts.rules import values
from contacts.rules.columns import CUSTOM, Field, check_mapping
from contacts.rules.rows import text_of
from contacts.rules.states import ImportState, advance
from contacts.words import problem_words
from engage.clock import now, today_in_tehran
from engage.db import db, driver_connection, transaction
from engage.identity.queries import subtree_unit_ids, units_tree
from engage.refusal import Refused


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
    """What the import would do to every row stands in its counts, its preview file and the file of rejected rows; or, where the list
    holds values nobody decided about, those stand in its columns and the list waits for the officer.

    Writes nothing to the contact base. Run again, it starts over; an import that is no longer being checked is left alone.
    """
    row = db.session.get(ContactImport, import_id, populate_existing=True)
    if row is None or row.state != ImportState.CHECKING:
        return
    revision = _revision(row)
    try:
        with open_apart(files.upload_path(row.stored_name), sheet=row.sheet, header_row=row.header_row) as table:
            mapping = check_mapping({int(position): field for position, field in row.mapping.items()}, table.width)
            if _find_unknown(row, table):
                return
            row = db.session.get(ContactImport, import_id, populate_existing=True)
            if row is None or row.state != ImportState.CHECKING:
                return
            revision = _revision(row)
            order = ImportOrder(
                unit_id=row.unit_id,
                mapping=mapping,
                now=now(),
                today=today_in_tehran().date(),
                kinds=custom_readers(row.unit_id),
                values=row.values,
            )
            counts = _check(row, table, order)
    except Refused as refused:
        with transaction() as session:
            row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
            if row is not None and row.state == ImportState.CHECKING and _revision(row) == revision:
                row.state, row.failure, row.finished_at = ImportState.FAILED, refused.code, now()
        return
    with transaction() as session:
        row = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row is None or row.state != ImportState.CHECKING or _revision(row) != revision:
            return  # the officer changed the mapping meanwhile: another check is under way
        row.state = advance(ImportState(row.state), ImportState.CHECKED)
        row.counts, row.done_count = counts, row.row_count


def _revision(row: ContactImport) -> tuple[Any, ...]:
    return row.sheet, row.header_row, dict(row.mapping), dict(row.values)


# -- values ------------------------------------------------------------------------------------------------------------------------------


def _find_unknown(row: ContactImport, table: TableApart) -> bool:
    """Reads the list's values once after each mapping; True when this check is over, because the officer has to decide first, or
    because the mapping was changed meanwhile."""
    custom = {CUSTOM + each.key: each for each in fields_of(row.unit_id)}
    open_fields = {
        int(position): name
        for position, name in row.mapping.items()
        if values.needs_values(name, custom[name].kind if name in custom else None) and "values" not in row.columns[int(position)]
    }
    if not open_fields:
        return False
    import_id, unit_id, revision = row.id, row.unit_id, _revision(row)
    found = {position: values.ValueCounts() for position in open_fields}
    for _number, cells in table.rows():
        for position, counts in found.items():
            if position < len(cells):
                counts.add(cells[position])
    with transaction() as session:
        readings = {position: _read(session, unit_id, name, found[position], custom.get(name)) for position, name in open_fields.items()}
        row = session.get_one(ContactImport, import_id, with_for_update=True, populate_existing=True)
        if row.state != ImportState.CHECKING or _revision(row) != revision:
            return True
        columns = [dict(column) for column in row.columns]
        decided = {field: dict(known) for field, known in row.values.items()}
        for position, reading in readings.items():
            unknown = [[each.key, each.text, each.count, each.suggestion] for each in reading.unknown]
            columns[position]["values"] = {"field": open_fields[position], "unknown": unknown, "left": reading.left_count}
            if reading.decided:
                decided[open_fields[position]] = {**decided.get(open_fields[position], {}), **reading.decided}
        row.columns, row.values = columns, decided
        if any(reading.unknown for reading in readings.values()):
            row.state = advance(ImportState(row.state), ImportState.MAPPED)
            return True
    return False


def _read(session: Session, unit_id: int, name: str, counts: values.ValueCounts, custom: FieldRecord | None) -> values.Reading:
    rows = session.execute(
        select(RememberedValue.value_key, RememberedValue.value).where(RememberedValue.unit_id == unit_id, RememberedValue.field == name)
    )
    remembered = {row.value_key: row.value for row in rows}
    if name == Field.NEIGHBOURHOOD:
        return values.read_places(counts, known_places(unit_id), remembered, places_of_tree(unit_id))
    if name == Field.GENDER:
        return values.read_genders(counts, remembered)
    return values.read_options(counts, custom.options if custom else (), remembered)


def known_places(unit_id: int) -> list[str]:
    """Neighbourhoods the unit's own contacts, and those below it, live in; never another unit's."""
    return neighbourhood_names(subtree_unit_ids(unit_id))


def places_of_tree(unit_id: int) -> list[str]:
    """Neighbourhoods that are units below this one, by their bare names."""
    below = subtree_unit_ids(unit_id)
    return [values.without_kind(unit.name) for unit in units_tree() if unit.id in below and unit.kind == "neighbourhood"]


def custom_readers(unit_id: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Key of every field that holds in the unit → (kind, options) of what reads its values."""
    return {each.key: (str(each.kind), each.options) for each in fields_of(unit_id)}


# -- rows --------------------------------------------------------------------------------------------------------------------------------


def _check(row: ContactImport, table: TableApart, order: ImportOrder) -> dict[str, object]:
    stored_name, total = row.stored_name, row.row_count
    with Progress(row.id) as progress, transaction() as session:
        watcher = _Checking(progress)
        hidden: set[int] = set()

        def write(states: Iterator[tuple[int, str, int]]) -> None:
            hidden.update(_stopped_elsewhere(session, order.unit_id))
            _write_files(table, order, stored_name, watcher.shared_with, states, hidden)

        result = import_table(session, table, order, watcher, total=total, use_states=write)
    return {**result.six(), "hidden": len(hidden), "reasons": result.reasons, "warnings": result.warnings}


_STOPPED_ELSEWHERE = """
    SELECT row_number FROM import_number list WHERE state = 'suppressed'
    AND NOT EXISTS (SELECT 1 FROM contact own WHERE own.identity_id = list.known_id AND own.unit_id = ANY(%(units)s))
"""


def _stopped_elsewhere(session: Session, unit_id: int) -> list[int]:
    """Rows whose number may not be texted although nobody in the unit's subtree knows it: which those are, is not the unit's business."""
    rows = driver_connection(session).execute(_STOPPED_ELSEWHERE, {"units": list(subtree_unit_ids(unit_id))}).fetchall()
    return [row[0] for row in rows]


def _write_files(
    table: TableApart,
    order: ImportOrder,
    stored_name: str,
    shared_with: Mapping[int, int],
    states: Iterator[tuple[int, str, int]],
    hidden: set[int],
) -> None:
    preview = files.preview_path(stored_name)
    half = preview.with_suffix(".half")
    rejected = RejectedFile(
        files.rejected_path(stored_name),
        table.headers,
        str(_("Reason")),
        str(_("Row in the file")),
        lambda problem: str(problem_words(problem.code)),
        separator=table.separator,
        encoding=table.encoding,
    )
    phone = order.mapping.phone
    upcoming = next(states, None)
    with half.open("w", encoding="utf-8") as file, rejected:
        for batch in table.cleaned(order.cleaning):
            for sent in batch:
                row, cells, state = sent.as_clean(), sent.cells or [], "rejected"
                if upcoming is not None and upcoming[0] == row.number:
                    state, upcoming = "created" if row.number in hidden else upcoming[1], next(states, None)
                else:
                    rejected.add(row, cells)
                raw = text_of(cells[phone]) if row.phone is None and phone < len(cells) else ""
                file.write(files.preview_line(row, state, order.mapping, raw, shared_with.get(row.number)))
    half.replace(preview)
