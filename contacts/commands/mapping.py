"""What an uploaded list says: which sheet and header, what its columns hold, what its values mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.commands.checking import check_import
from contacts.commands.fields import add_field, change_field
from contacts.importing import files
from contacts.models import ContactImport, RememberedMapping, RememberedValue
from contacts.queries.fields import FieldRecord, fields_of
from contacts.reading.child import TableApart, open_apart
from contacts.rules.columns import CUSTOM, Field, check_mapping, guess_fields
from contacts.rules.custom_values import CustomKind, guess_kind, is_no_value
from contacts.rules.rows import TEXT_LIMIT, text_of
from contacts.rules.showing import mask_digits
from contacts.rules.states import EDITABLE, ImportState, advance
from contacts.rules.values import shape_of
from engage import persian
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused

CHECKED_AT_ONCE = 20_000
"""Lists up to so many rows are checked while the officer waits, about two seconds; longer ones in a job."""
BLANK, NEW = "-", "+"
"""Decisions about a value: left empty, and a new name as it stands; any other is the value it is the same as."""
_SHOWN_SAMPLES = 3


@dataclass(frozen=True)
class NewField:
    """A field of the contact base that a column of the list brings along."""

    title: str
    kind: CustomKind


def describe_columns(unit_id: int, table: TableApart, *, several_sheets: bool = False) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """(columns, mapping) of a table as they are stored: mapped as the unit mapped this shape of file the last time, else guessed."""
    guessed: Mapping[int, str] = guess_fields(table.headers, table.samples)
    # A row of people taken for a header must not put their numbers where no file's end deletes them.
    headers = [mask_digits(header) for header in table.headers]
    remembered = _remembered_mapping(unit_id, headers) if table.header_row else None
    columns = []
    for position, header in enumerate(headers):
        texts = [text for row in table.samples if position < len(row) and (text := text_of(row[position]))]
        columns.append(
            {
                "header": header,
                "samples": [mask_digits(text)[:60] for text in texts[:_SHOWN_SAMPLES]],
                "guess": guessed.get(position, ""),
                "kind": str(guess_kind(texts)),
                "remembered": remembered is not None,
                "several_sheets": several_sheets,
            }
        )
    fields = guessed if remembered is None else remembered
    return columns, {str(position): str(field) for position, field in fields.items()}


def choose_sheet(slug: str, *, sheet: str, header_row: int | None) -> None:
    """The list is read from this sheet, below this row of the file (0: no header, None: as recognised); columns are guessed anew.

    Refused: import_missing, import_state, and the codes of `contacts.reading.open_table`.
    """
    with transaction() as session:
        row = locked_import(session, slug)
        if row.state not in EDITABLE:
            raise Refused("import_state", state=row.state)
        several = any(column.get("several_sheets") for column in row.columns)
        with open_apart(files.upload_path(row.stored_name), sheet=sheet, header_row=header_row) as table:
            row.sheet, row.header_row, row.row_count = table.sheet, table.header_row, table.count()
            row.columns, row.mapping = describe_columns(row.unit_id, table, several_sheets=several)
        row.values, row.counts, row.done_count = {}, {}, 0
        row.state = advance(ImportState(row.state), ImportState.UPLOADED)


def map_columns(
    slug: str, fields: Mapping[int, str], new_fields: Mapping[int, NewField] | None = None, *, actor_id: Actor = CURRENT
) -> bool:
    """The officer's mapping is taken, remembered for files of this shape, and the whole list is checked by it: at once when it is short
    (True), else in a job.

    `new_fields` are made first, as fields of the unit; one of the same title and kind that the unit has is taken instead.
    Refused: import_missing, import_state, and the codes of `check_mapping` and `add_field`; then nothing was made.
    """
    with transaction() as session:
        row = locked_import(session, slug)
        if row.state not in {*EDITABLE, ImportState.CHECKING}:
            raise Refused("import_state", state=row.state)
        made = {position: CUSTOM + _field_key(row, position, new, actor_id) for position, new in (new_fields or {}).items()}
        mapping = check_mapping({**fields, **made}, len(row.columns))
        row.mapping = {str(position): str(field) for position, field in mapping.fields.items()}
        row.columns = [{name: value for name, value in column.items() if name != "values"} for column in row.columns]
        row.values = {}
        _remember_mapping(session, row)
        import_id, is_short = row.id, _begin_check(row)
    if is_short:
        check_import(import_id)
    return is_short


def decide_values(slug: str, decisions: Mapping[str, Mapping[str, str]], *, actor_id: Actor = CURRENT) -> bool:
    """What the list's unknown values mean: field → {search key → `BLANK`, `NEW` or the value it is the same as}.

    Decisions are remembered for the unit's next lists; a value nobody decided about is stored as it stands, a word for a gender left
    out. Then the list is checked: at once when it is short (True). Refused: import_missing, import_state, value_unknown (value).
    """
    with transaction() as session:
        row = locked_import(session, slug)
        if row.state not in (ImportState.MAPPED, ImportState.CHECKED):
            raise Refused("import_state", state=row.state)
        custom = {CUSTOM + each.key: each for each in fields_of(row.unit_id)}
        values: dict[str, dict[str, str]] = {field: dict(known) for field, known in row.values.items()}
        for column in row.columns:
            asked = column.get("values")
            if not asked:
                continue
            field = asked["field"]
            for key, text, _count, _suggestion in asked["unknown"]:
                decision = decisions.get(field, {}).get(key, NEW)
                value = _stored(row, field, text, decision, custom.get(field), actor_id)
                values.setdefault(field, {})[key] = value
                _remember_value(session, row.unit_id, field, key, value)
        row.values = values
        import_id, is_short = row.id, _begin_check(row)
    if is_short:
        check_import(import_id)
    return is_short


def locked_import(session: Session, slug: str) -> ContactImport:
    """The import, locked until the transaction ends. Refused("import_missing")."""
    row = session.scalar(
        select(ContactImport).where(ContactImport.slug == slug).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise Refused("import_missing")
    return row


def _begin_check(row: ContactImport) -> bool:
    """The list is being checked, by a job if it is long; a short one (True) by whoever called, after this transaction."""
    row.state = advance(ImportState(row.state), ImportState.CHECKING)
    row.counts, row.done_count = {}, 0
    is_short = row.row_count <= CHECKED_AT_ONCE
    if not is_short:
        enqueue_after_commit("bulk", _check_job(), row.id)
    return is_short


def _field_key(row: ContactImport, position: int, new: NewField, actor_id: Actor) -> str:
    if not 0 <= position < len(row.columns):
        raise Refused("column_unknown", column=str(position + 1))
    title_key = persian.search_key(new.title)
    for field in fields_of(row.unit_id):
        if persian.search_key(field.title) == title_key and field.kind is new.kind:
            return field.key
    options = _options(row, position) if new.kind is CustomKind.CHOICE else []
    return add_field(row.unit_id, new.title, new.kind, options=options, actor_id=actor_id)


def _options(row: ContactImport, position: int) -> list[str]:
    """The values of a column as the options of a choice, in the order they appear; the rest of a long list is asked about later."""
    found: dict[str, str] = {}
    with open_apart(files.upload_path(row.stored_name), sheet=row.sheet, header_row=row.header_row) as table:
        for _number, cells in islice(table.rows(), CHECKED_AT_ONCE):
            text = text_of(cells[position])[:TEXT_LIMIT] if position < len(cells) else ""
            if text and not is_no_value(text):
                found.setdefault(persian.search_key(text), text)
    return list(found.values())


def _stored(row: ContactImport, field: str, text: str, decision: str, custom: FieldRecord | None, actor_id: Actor) -> str:
    """The value a decision stands for; "" leaves it out. A new option goes into the field, if it is the unit's own."""
    if decision == BLANK:
        return ""
    if field == Field.GENDER:
        if decision in ("female", "male"):
            return decision
        if decision == NEW:
            return ""
        raise Refused("value_unknown", value=decision)
    if field == Field.NEIGHBOURHOOD:
        return persian.normalise(text if decision == NEW else decision)[:TEXT_LIMIT]
    if custom is None:
        return ""
    if decision == NEW:
        current = next(each for each in fields_of(row.unit_id) if each.id == custom.id)
        if custom.unit_id != row.unit_id:
            return ""
        if persian.search_key(text) not in {persian.search_key(option) for option in current.options}:
            change_field(custom.id, current.title, options=[*current.options, text], actor_id=actor_id)
        return text
    if decision not in custom.options:
        raise Refused("value_unknown", value=decision)
    return decision


# -- what is remembered ------------------------------------------------------------------------------------------------------------------


def _remembered_mapping(unit_id: int, headers: Sequence[str]) -> dict[int, str] | None:
    with transaction() as session:
        stored = session.scalar(
            select(RememberedMapping.mapping).where(RememberedMapping.unit_id == unit_id, RememberedMapping.shape == shape_of(headers))
        )
    if stored is None:
        return None
    known = {CUSTOM + each.key for each in fields_of(unit_id)} | set(Field)
    return {int(position): field for position, field in stored.items() if field in known and int(position) < len(headers)}


def _remember_mapping(session: Session, row: ContactImport) -> None:
    if not row.header_row:
        return  # letters of columns are the shape of every list without headers
    values = {"mapping": row.mapping, "used_at": now()}
    shape = shape_of([column["header"] for column in row.columns])
    session.execute(
        insert(RememberedMapping)
        .values(unit_id=row.unit_id, shape=shape, **values)
        .on_conflict_do_update(index_elements=["unit_id", "shape"], set_=values)
    )


def _remember_value(session: Session, unit_id: int, field: str, key: str, value: str) -> None:
    values = {"value": value, "used_at": now()}
    session.execute(
        insert(RememberedValue)
        .values(unit_id=unit_id, field=field, value_key=key, **values)
        .on_conflict_do_update(index_elements=["unit_id", "field", "value_key"], set_=values)
    )


def _check_job() -> Any:
    # The job module imports this package: it is looked up when it is needed.
    from contacts import jobs

    return jobs.check_import
