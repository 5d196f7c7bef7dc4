"""Rows that call for thought: numbers a list names twice, and numbers the unit knows.

The second reading puts them here as they are; then the rules of `contacts.rules.people` decide person by person. Where a row says
nothing that isn't known, the database sees that by itself, so the same list a second time costs no thought at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from contacts.importing.copying import NULL, copy_rows, day, int2, int4, int4s, int8, raw, row_of, words
from contacts.importing.reopening import closed_names
from contacts.importing.staging import ImportOrder
from contacts.importing.writing import NewPeople
from contacts.reading.child import SentRow
from contacts.rules.people import Name, Person, further_names, is_same_name, may_list_reopen, meet_known, merge_rows, name_key
from contacts.rules.rows import person_keys

_BATCH = 5_000
_TARGET = (
    "import_person (row_number, blind, identity_id, cipher, first_name, last_name, neighbourhood, gender, birth_year, consented_on,"
    " custom, language, tag_ids)"
)
_CREATE = """
    DROP TABLE IF EXISTS import_person, import_change, import_alias;
    CREATE TEMP TABLE import_person (row_number int4, blind bytea, identity_id int8, cipher bytea, first_name text, last_name text,
        neighbourhood text, gender text, birth_year int2, consented_on date, custom text, language text, tag_ids int4[]) ON COMMIT DROP;
    CREATE TEMP TABLE import_change (contact_id bigint, blind bytea, version text, after jsonb, before jsonb) ON COMMIT DROP;
    CREATE TEMP TABLE import_alias (contact_id bigint, first_name text, last_name text, name_key text) ON COMMIT DROP
"""
_HEAD = row_of(13)


@dataclass(frozen=True)
class SharedRow:
    """A row that gives a number another name than the row before it did."""

    row_number: int
    first_row: int


class Thoughtful:
    """Collects the rows that call for thought, and copies them into `import_person` when told."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []

    def add(self, row: SentRow, blind: bytes, tag_ids: Sequence[int], identity_id: int | None, cipher: bytes | None) -> None:
        self._rows.append(
            b"".join((
                _HEAD, int4(row.number), raw(blind), int8(identity_id), NULL if cipher is None else raw(cipher), words(row.first_name),
                words(row.last_name), words(row.neighbourhood), words(row.gender), int2(row.birth_year), day(row.consented_on),
                words(row.custom), words(row.language), int4s(list(tag_ids)),
            ))
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._rows)

    def take(self) -> bytes:
        rows = b"".join(self._rows)
        self._rows.clear()
        return rows


def create_tables(connection: psycopg.Connection[Any]) -> None:
    connection.execute(_CREATE)


def store(connection: psycopg.Connection[Any], rows: bytes) -> None:
    if rows:
        copy_rows(connection, _TARGET, rows)


_PERSON = "first_name, last_name, neighbourhood, gender, birth_year, consented_on, custom, language, tag_ids"
_SAID = ", ".join(f"said.{name.strip()}" for name in _PERSON.split(","))
_KNOWN = ", ".join(
    {"consented_on": "NULL::date", "custom": "person.custom::text"}.get(name.strip(), f"person.{name.strip()}") for name in _PERSON.split(",")
)

# -- numbers that are new to the unit ------------------------------------------------------------------------------------

_GROUPS = f"""
    SELECT said.blind, said.row_number, list.state, list.known_id, list.was_closed, said.identity_id, said.cipher, {_SAID}
    FROM import_number list JOIN import_person said ON said.blind = list.blind
    WHERE list.state <> 'unchanged' ORDER BY said.blind, said.row_number
"""


def join_copies(
    connection: psycopg.Connection[Any], order: ImportOrder, people: NewPeople | None, on_shared: Callable[[SharedRow], None]
) -> None:
    """Numbers new to the unit that the list names more than once, or whose former holder is closed, become one person each."""
    aliases: list[tuple[Any, ...]] = []
    passed: list[bytes] = []
    for blind, group in groupby(_stream(connection, "import_groups", _GROUPS), key=itemgetter(0)):
        rows = list(group)
        first_row, state, known_id, was_closed, identity_id, cipher = rows[0][1:7]
        said = [_person(row[7:]) for row in rows]
        person = merge_rows(said)
        for row, each in zip(rows[1:], said[1:], strict=True):
            if not is_same_name(person.name, each.name):
                on_shared(SharedRow(row[1], first_row))
        if state != "created":
            continue
        if was_closed:
            names, closed_on = closed_names(connection, known_id, order.unit_id)
            if not may_list_reopen(names, closed_on, person):
                passed.append(blind)
                continue
        if people is None:
            continue
        if known_id is None:
            people.add_identity(identity_id, blind, cipher)
        others = further_names(person.name, [each.name for each in said])
        custom = json.dumps(person.custom, ensure_ascii=False) if person.custom else "{}"
        contact_id = people.add(
            known_id or identity_id, first_row, *person.name, *person_keys(*person.name), person.neighbourhood, person.gender,
            person.birth_year, person.language, person.tag_ids, custom, person.consented_on, bool(others),
        )  # fmt: skip
        people.settle_full()
        aliases.extend((contact_id, *name, name_key(name)) for name in others)
    if people is not None:
        people.settle()
    if passed:
        connection.execute("UPDATE import_number SET state = 'unchanged' WHERE blind = ANY(%s)", (passed,))
    _copy(connection, "import_alias", aliases)


# -- numbers the unit knows ----------------------------------------------------------------------------------------------

# Rows that only repeat what is known are left to the database.
_MEETINGS = f"""
    SELECT list.blind, said.row_number, person.id, person.xmin::text, person.updated_at, {_SAID}, {_KNOWN}
    FROM import_number list
    JOIN import_person said ON said.blind = list.blind
    JOIN contact person ON person.id = list.contact_id
    WHERE list.contact_id IS NOT NULL AND list.state IN ('unchanged', 'updated') AND person.reassigned_at IS NULL
      AND (%(only)s::bytea[] IS NULL OR list.blind = ANY(%(only)s))
      AND NOT (list.copies = 1
          AND said.first_name IN ('', person.first_name) AND said.last_name IN ('', person.last_name)
          AND said.neighbourhood IN ('', person.neighbourhood) AND said.gender IN ('', person.gender)
          AND (said.birth_year IS NULL OR said.birth_year IS NOT DISTINCT FROM person.birth_year)
          AND said.language IN ('', person.language)
          AND (said.custom = '{{}}' OR person.custom @> said.custom::jsonb)
          AND person.tag_ids @> said.tag_ids)
    ORDER BY said.blind, said.row_number
"""


def meet_contacts(connection: psycopg.Connection[Any], order: ImportOrder, on_shared: Callable[[SharedRow], None]) -> None:
    """Contacts the unit knew before: what the list changes goes to `import_change`, new further names to `import_alias`, and
    `import_number.state` says "updated" where either happened. Contacts that change are locked from then on."""
    connection.execute("ANALYZE import_person")
    changed = _meet(connection, None, on_shared)
    if order.is_dry or not changed:
        return
    connection.execute("ANALYZE import_change")
    # Nobody else changes them any more; who did so since they were read is met anew.
    connection.execute(
        """SELECT FROM contact WHERE id IN (SELECT contact_id FROM import_change UNION SELECT contact_id FROM import_alias)
           ORDER BY id FOR NO KEY UPDATE"""
    )
    late = [
        row[0]
        for row in connection.execute(
            "SELECT change.blind FROM import_change change LEFT JOIN contact person ON person.id = change.contact_id"
            " WHERE person.xmin::text IS DISTINCT FROM change.version"
        ).fetchall()
    ]
    if late:
        connection.execute("DELETE FROM import_change WHERE blind = ANY(%s)", (late,))
        connection.execute("UPDATE import_number SET state = 'unchanged' WHERE blind = ANY(%s)", (late,))
        _meet(connection, late, lambda shared: None)


def _meet(connection: psycopg.Connection[Any], only: list[bytes] | None, on_shared: Callable[[SharedRow], None]) -> bool:
    changes: list[tuple[Any, ...]] = []
    aliases: list[tuple[Any, ...]] = []
    updated: list[tuple[bytes]] = []
    width = len(fields(Person))

    def flush() -> None:
        _copy(connection, "import_change", changes)
        _copy(connection, "import_alias", aliases)
        _copy(connection, "import_updated", updated)
        for rows in (changes, aliases, updated):
            rows.clear()

    connection.execute("CREATE TEMP TABLE import_updated (blind bytea) ON COMMIT DROP")
    for blind, group in groupby(_stream(connection, "import_meetings", _MEETINGS, {"only": only}), key=itemgetter(0)):
        rows = list(group)
        contact_id, version, updated_at = rows[0][2:5]
        said = [_person(row[5 : 5 + width]) for row in rows]
        known = _person(rows[0][5 + width :])
        incoming = merge_rows(said)
        for row, each in zip(rows[1:], said[1:], strict=True):
            if not is_same_name(incoming.name, each.name):
                on_shared(SharedRow(row[1], rows[0][1]))
        after = meet_known(known, incoming)
        names: list[Name] = further_names(after.name, [incoming.name, *(each.name for each in said)])
        if names:
            stored = connection.execute("SELECT name_key FROM contact_alias WHERE contact_id = %s", (contact_id,)).fetchall()
            keys = {key for (key,) in stored}
            names = [name for name in names if name_key(name) not in keys]
        before = _difference(known, after)
        if before:
            before["updated_at"] = updated_at.isoformat()
            changes.append((contact_id, blind, version, json.dumps(_record(after), ensure_ascii=False), json.dumps(before, ensure_ascii=False)))
        aliases.extend((contact_id, *name, name_key(name)) for name in names)
        if before or names:
            updated.append((blind,))
        if len(updated) >= _BATCH:
            flush()
    flush()
    count = connection.execute("UPDATE import_number list SET state = 'updated' FROM import_updated u WHERE u.blind = list.blind").rowcount
    connection.execute("DROP TABLE import_updated")
    return count > 0


_FIELDS = ("first_name", "last_name", "neighbourhood", "gender", "birth_year", "custom", "language", "tag_ids")


def _difference(known: Person, after: Person) -> dict[str, Any]:
    """What the fields that changed were before."""
    return {name: getattr(known, name) for name in _FIELDS if getattr(known, name) != getattr(after, name)}


def _record(person: Person) -> dict[str, Any]:
    search_key, sort_key = person_keys(*person.name)
    return {name: getattr(person, name) for name in _FIELDS} | {"search_key": search_key, "sort_key": sort_key}


def write_changes(connection: psycopg.Connection[Any], order: ImportOrder) -> None:
    """Write changed contacts, what they were before, and further names."""
    values = {"now": order.now, "import": order.import_id}
    connection.execute(
        """INSERT INTO import_before (import_id, contact_id, before)
           SELECT %(import)s, contact_id, before FROM import_change ORDER BY contact_id""",
        values,
    )
    connection.execute(
        """UPDATE contact SET first_name = a.first_name, last_name = a.last_name, neighbourhood = a.neighbourhood, gender = a.gender,
               birth_year = a.birth_year, language = a.language, custom = a.custom, search_key = a.search_key, sort_key = a.sort_key,
               tag_ids = ARRAY(SELECT jsonb_array_elements_text(a.tag_ids)::integer), updated_at = %(now)s
           FROM import_change change, jsonb_to_record(change.after) AS a(first_name text, last_name text, neighbourhood text, gender text,
               birth_year smallint, language text, custom jsonb, search_key text, sort_key text, tag_ids jsonb)
           WHERE contact.id = change.contact_id""",
        values,
    )
    connection.execute(
        """INSERT INTO contact_alias (contact_id, first_name, last_name, name_key, import_id, created_at)
           SELECT contact_id, first_name, last_name, name_key, %(import)s, %(now)s FROM import_alias ORDER BY contact_id
           ON CONFLICT (contact_id, name_key) DO NOTHING""",
        values,
    )
    connection.execute(
        "UPDATE contact SET is_shared = true FROM (SELECT DISTINCT contact_id FROM import_alias) alias"
        " WHERE contact.id = alias.contact_id AND NOT contact.is_shared"
    )


# -- shapes --------------------------------------------------------------------------------------------------------------


def _person(values: Sequence[Any]) -> Person:
    first_name, last_name, neighbourhood, gender, birth_year, consented_on, custom, language, tag_ids = values
    known = {} if custom == "{}" else json.loads(custom)
    return Person(first_name, last_name, neighbourhood, gender, birth_year, consented_on, known, language, tuple(tag_ids))


def _stream(connection: psycopg.Connection[Any], name: str, query: str, values: dict[str, Any] | None = None) -> Iterator[Any]:
    with connection.cursor(name=name) as cursor:
        cursor.itersize = 5_000
        cursor.execute(query, values)
        yield from cursor


def _copy(connection: psycopg.Connection[Any], table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
