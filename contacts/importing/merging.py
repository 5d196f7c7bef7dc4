"""From staged rows to contacts: one record a number, met with what is known, then written table by table.

Everything here is statements over temporary tables of the caller's transaction, plus the few persons whom a list names twice or
whom the unit knows already, for whom the rules of `contacts.rules.people` decide one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg

from contacts.importing.staging import ImportOrder
from contacts.rules.people import Name, Person, further_names, is_same_name, meet_known, merge_rows, name_key
from contacts.rules.rows import person_keys

CHUNK = 10_000

_PERSON = "first_name, last_name, neighbourhood, gender, birth_year, consented_on, custom"

# One row a number, the first of the file; `n` cuts the work into chunks in the order of the index that all imports share, so that
# two of them never wait for each other in a circle.
_NUMBERS = """
    CREATE TEMP TABLE import_number ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY list.blind) AS n, list.*,
           known.id AS known_id, person.id AS contact_id,
           CASE WHEN stop.number_hash IS NOT NULL OR known.suppressed_at IS NOT NULL THEN 'suppressed'
                WHEN person.id IS NULL THEN 'created' ELSE 'unchanged' END AS state,
           CASE WHEN %(is_dry)s OR person.id IS NOT NULL THEN NULL
                ELSE nextval(pg_get_serial_sequence('contact', 'id')::regclass) END AS new_contact_id,
           CASE WHEN %(is_dry)s OR person.id IS NOT NULL THEN NULL
                ELSE nextval(pg_get_serial_sequence('consent_entry', 'id')::regclass) END AS new_entry_id
    FROM (SELECT DISTINCT ON (blind) *, count(*) OVER (PARTITION BY blind) AS copies
          FROM import_stage ORDER BY blind, row_number) list
    LEFT JOIN phone_identity known ON known.blind_index = list.blind
    LEFT JOIN suppression stop ON stop.number_hash = list.suppression
    LEFT JOIN contact person ON person.unit_id = %(unit)s AND person.identity_id = known.id
"""

_STEPS = (
    """
    INSERT INTO phone_identity (id, blind_index, phone_cipher, created_at)
    SELECT identity_id, blind, cipher, %(now)s FROM import_number
    WHERE n BETWEEN %(first)s AND %(last)s AND state = 'created' AND known_id IS NULL
    ORDER BY blind
    ON CONFLICT (blind_index) DO NOTHING
    """,
    """
    UPDATE import_number SET known_id = found.id FROM phone_identity found
    WHERE found.blind_index = blind AND n BETWEEN %(first)s AND %(last)s AND state = 'created' AND known_id IS NULL
    """,
    # Somebody may have opted out since the list was staged (`contacts.commands.suppression` says why this closes the gap).
    """
    UPDATE phone_identity SET suppressed_at = stop.since
    FROM import_number list JOIN suppression stop ON stop.number_hash = list.suppression
    WHERE phone_identity.id = list.known_id AND phone_identity.suppressed_at IS NULL
      AND list.n BETWEEN %(first)s AND %(last)s AND list.state = 'created'
    """,
    """
    INSERT INTO contact (id, unit_id, identity_id, pseudonym, first_name, last_name, neighbourhood, gender, birth_year, custom,
                         search_key, sort_key, is_shared, import_id, created_at, updated_at)
    SELECT new_contact_id, %(unit)s, known_id, pseudonym, first_name, last_name, neighbourhood, gender, birth_year, custom::jsonb,
           search_key, sort_key, false, %(import)s, %(now)s, %(now)s
    FROM import_number WHERE n BETWEEN %(first)s AND %(last)s AND state = 'created'
    ORDER BY row_number
    ON CONFLICT (unit_id, identity_id) DO NOTHING
    """,
    """
    INSERT INTO consent_entry (id, pseudonym, sequence, purpose, given, basis, text_sha256, channel, evidence_digest, actor_id, at,
                               previous, mac)
    SELECT new_entry_id, list.pseudonym, 1, %(purpose)s, true, %(basis)s, %(text)s, 'import', digest, %(actor)s, %(now)s,
           %(genesis)s, mac
    FROM import_number list JOIN contact person ON person.id = list.new_contact_id
    WHERE n BETWEEN %(first)s AND %(last)s AND state = 'created'
    """,
    """
    INSERT INTO consent_evidence (entry_id, contact_id, salt, evidence)
    SELECT new_entry_id, new_contact_id, salt, evidence
    FROM import_number list JOIN contact person ON person.id = list.new_contact_id
    WHERE n BETWEEN %(first)s AND %(last)s AND state = 'created'
    """,
    """
    INSERT INTO contact_consent (contact_id, purpose, given, basis, since)
    SELECT new_contact_id, %(purpose)s, true, %(basis)s,
           COALESCE(list.consented_on::timestamp AT TIME ZONE 'Asia/Tehran', %(now)s)
    FROM import_number list JOIN contact person ON person.id = list.new_contact_id
    WHERE n BETWEEN %(first)s AND %(last)s AND state = 'created'
    """,
)
_CONTACTS_STEP = 3


@dataclass(frozen=True)
class SharedRow:
    """A row that gives a number another name than the row before it did."""

    row_number: int
    first_row: int


def number_rows(connection: psycopg.Connection[Any], order: ImportOrder) -> int:
    """Fill `import_number`, one row a number; returns how many numbers the list names."""
    connection.execute(_NUMBERS, {"unit": order.unit_id, "is_dry": order.is_dry})
    connection.execute("CREATE UNIQUE INDEX ON import_number (n)")
    connection.execute("CREATE UNIQUE INDEX ON import_number (blind)")
    connection.execute("ANALYZE import_number")
    connection.execute(
        "CREATE TEMP TABLE import_alias (blind bytea, contact_id bigint, first_name text, last_name text, name_key text) ON COMMIT DROP"
    )
    row = connection.execute("SELECT count(*) FROM import_number").fetchone()
    assert row is not None
    return int(row[0])


def join_copies(connection: psycopg.Connection[Any], on_shared: Callable[[SharedRow], None]) -> None:
    """Numbers that the list names more than once become one person each; their further names go to `import_alias`."""
    merged: list[tuple[Any, ...]] = []
    aliases: list[tuple[Any, ...]] = []
    query = f"""
        SELECT stage.blind, stage.row_number, {_qualified("stage")}
        FROM import_number list JOIN import_stage stage ON stage.blind = list.blind
        WHERE list.copies > 1 ORDER BY stage.blind, stage.row_number
    """
    for blind, group in groupby(_stream(connection, "import_copies", query), key=lambda row: row[0]):
        rows = [(row[1], _person(row[2:])) for row in group]
        person = merge_rows([each for _, each in rows])
        for row_number, each in rows[1:]:
            if not is_same_name(person.name, each.name):
                on_shared(SharedRow(row_number, rows[0][0]))
        if person != rows[0][1]:
            merged.append((blind, *_person_row(person), *person_keys(*person.name)))
        for name in further_names(person.name, [each.name for _, each in rows]):
            aliases.append((blind, None, *name, name_key(name)))
    if merged:
        connection.execute(
            """CREATE TEMP TABLE import_merged (blind bytea, first_name text, last_name text, neighbourhood text, gender text,
               birth_year smallint, consented_on date, custom text, search_key text, sort_key text) ON COMMIT DROP"""
        )
        _copy(connection, "import_merged", merged)
        connection.execute(
            """UPDATE import_number list SET first_name = m.first_name, last_name = m.last_name, neighbourhood = m.neighbourhood,
               gender = m.gender, birth_year = m.birth_year, consented_on = m.consented_on, custom = m.custom,
               search_key = m.search_key, sort_key = m.sort_key
               FROM import_merged m WHERE m.blind = list.blind"""
        )
    _copy(connection, "import_alias", aliases)


def meet_contacts(connection: psycopg.Connection[Any], order: ImportOrder) -> None:
    """Contacts the unit knew before: what the list changes goes to `import_change`, new further names stay in `import_alias`,
    and `import_number.state` says "updated" where either happened."""
    known = "person.first_name, person.last_name, person.neighbourhood, person.gender, person.birth_year, NULL, person.custom::text"
    query = f"""
        SELECT list.blind, person.id, person.reassigned_at IS NOT NULL,
               ARRAY(SELECT name_key FROM contact_alias WHERE contact_alias.contact_id = person.id),
               ARRAY(SELECT ARRAY[alias.first_name, alias.last_name] FROM import_alias alias WHERE alias.blind = list.blind),
               {_qualified("list")}, {known}
        FROM import_number list JOIN contact person ON person.id = list.contact_id
        WHERE list.state = 'unchanged' ORDER BY person.id {"" if order.is_dry else "FOR UPDATE OF person"}
    """
    connection.execute("CREATE INDEX ON import_alias (blind)")
    changes: list[tuple[Any, ...]] = []
    aliases: list[tuple[Any, ...]] = []
    updated: list[tuple[bytes]] = []
    met: list[tuple[bytes]] = []
    for blind, contact_id, is_reassigned, alias_keys, list_aliases, *values in _stream(connection, "import_known", query):
        if list_aliases:
            met.append((blind,))
        if is_reassigned:
            continue  # the number is somebody else's now: an old list no longer speaks of its holder
        incoming, person = _person(values[:7]), _person(values[7:])
        after = meet_known(person, incoming)
        names: list[Name] = [incoming.name, *((first, last) for first, last in list_aliases)]
        new_names = [name for name in further_names(after.name, names) if name_key(name) not in alias_keys]
        if after != person:
            changes.append((contact_id, *_person_row(after), *person_keys(*after.name)))
        aliases.extend((blind, contact_id, *name, name_key(name)) for name in new_names)
        if after != person or new_names:
            updated.append((blind,))
    connection.execute(
        """CREATE TEMP TABLE import_change (contact_id bigint, first_name text, last_name text, neighbourhood text, gender text,
           birth_year smallint, consented_on date, custom text, search_key text, sort_key text) ON COMMIT DROP"""
    )
    connection.execute("CREATE TEMP TABLE import_updated (blind bytea) ON COMMIT DROP")
    if met:
        # What the fold of the file found was measured against the file alone; against what is known it was measured here.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM import_alias WHERE blind = ANY(%s)", ([blind for (blind,) in met],))
    _copy(connection, "import_change", changes)
    _copy(connection, "import_alias", aliases)
    _copy(connection, "import_updated", updated)
    connection.execute("UPDATE import_number list SET state = 'updated' FROM import_updated u WHERE u.blind = list.blind")
    connection.execute("DROP TABLE import_updated")


def count_states(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """State → numbers in it: created, updated, unchanged, suppressed."""
    found = dict(connection.execute("SELECT state, count(*) FROM import_number GROUP BY state").fetchall())
    return {state: int(found.get(state, 0)) for state in ("created", "updated", "unchanged", "suppressed")}


def write_new(connection: psycopg.Connection[Any], order: ImportOrder, genesis: bytes, report: Callable[[int], None]) -> int:
    """Write identities, contacts, ledger lines and standings of all new numbers; returns how many contacts."""
    written = 0
    row = connection.execute("SELECT COALESCE(max(n), 0) FROM import_number").fetchone()
    last = int(row[0]) if row else 0
    for first in range(1, last + 1, CHUNK):
        values = {
            "first": first,
            "last": first + CHUNK - 1,
            "now": order.now,
            "unit": order.unit_id,
            "import": order.import_id,
            "purpose": order.purpose,
            "basis": order.basis,
            "text": order.text_sha256,
            "actor": order.actor_id,
            "genesis": genesis,
        }
        for number, statement in enumerate(_STEPS):
            count = connection.execute(statement, values).rowcount
            written += count if number == _CONTACTS_STEP else 0
        report(min(first + CHUNK - 1, last))
    return written


def write_changes(connection: psycopg.Connection[Any], order: ImportOrder) -> None:
    """Write changed contacts and further names."""
    values = {"now": order.now, "import": order.import_id}
    connection.execute(
        """UPDATE contact SET first_name = c.first_name, last_name = c.last_name, neighbourhood = c.neighbourhood, gender = c.gender,
           birth_year = c.birth_year, custom = c.custom::jsonb, search_key = c.search_key, sort_key = c.sort_key, updated_at = %(now)s
           FROM import_change c WHERE contact.id = c.contact_id""",
        values,
    )
    connection.execute(
        """INSERT INTO contact_alias (contact_id, first_name, last_name, name_key, import_id, created_at)
           SELECT person.id, alias.first_name, alias.last_name, alias.name_key, %(import)s, %(now)s
           FROM import_alias alias JOIN import_number list ON list.blind = alias.blind
           JOIN contact person ON person.id = COALESCE(list.contact_id, list.new_contact_id)
           WHERE list.state <> 'suppressed'
           ON CONFLICT (contact_id, name_key) DO NOTHING""",
        values,
    )
    connection.execute(
        """UPDATE contact SET is_shared = true FROM import_alias alias JOIN import_number list ON list.blind = alias.blind
           WHERE contact.id = COALESCE(list.contact_id, list.new_contact_id) AND NOT contact.is_shared AND list.state <> 'suppressed'"""
    )


def stream_states(connection: psycopg.Connection[Any]) -> Iterator[tuple[int, str, int]]:
    """(row number, state, first row of the same number) of every staged row, in the order of the file."""
    query = """
        SELECT stage.row_number, CASE WHEN stage.row_number = list.row_number THEN list.state ELSE 'duplicates' END, list.row_number
        FROM import_stage stage JOIN import_number list ON list.blind = stage.blind ORDER BY stage.row_number
    """
    return _stream(connection, "import_states", query)


def _qualified(table: str) -> str:
    return ", ".join(f"{table}.{name.strip()}" for name in _PERSON.split(","))


def _person(values: Iterable[Any]) -> Person:
    first_name, last_name, neighbourhood, gender, birth_year, consented_on, custom = values
    return Person(first_name, last_name, neighbourhood, gender, birth_year, consented_on, json.loads(custom))


def _person_row(person: Person) -> tuple[Any, ...]:
    custom = json.dumps(person.custom, ensure_ascii=False)
    return (*person.name, person.neighbourhood, person.gender, person.birth_year, person.consented_on, custom)


def _stream(connection: psycopg.Connection[Any], name: str, query: str) -> Iterator[Any]:
    with closing(connection.cursor(name=name)) as cursor:
        cursor.itersize = 5_000
        cursor.execute(query)
        yield from cursor


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
