"""Taking a list back, a chunk at a time: every function here is one step in the caller's transaction and shrinks what remains to be done,
so that a killed run simply goes on.

The ledger only grows: what the list gave is reversed by a line of its own, and the lines of people who are deleted stay under their
pseudonym.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from contacts.importing.staging import reserve_ids
from contacts.ledger import Line, digest_evidence, seal
from contacts.rules.consent import Channel
from contacts.rules.rows import person_keys
from engage.vault import Vault

CHUNK = 5_000
REMOVED_AT_ONCE = 1_000
"""Contacts that go in one transaction: nobody else may bring a number meanwhile, so it has to be short."""
_TEHRAN = ZoneInfo("Asia/Tehran")


@dataclass(frozen=True)
class UndoOrder:
    """Which list is taken back, as of when, and who decided it."""

    import_id: int
    finished_at: datetime
    now: datetime
    actor_id: int | None


# -- consents ------------------------------------------------------------------------------------------------------------

# The standing says that nothing newer was said, so the last line of that purpose is the list's, and the one before it what stood.
_GIVEN = """
    SELECT person.id, person.pseudonym, person.import_id = %(import)s, standing.purpose, standing.basis,
           top.sequence, top.mac, own.text_sha256, earlier.given, earlier.basis, earlier.text_sha256, earlier.channel, earlier.at,
           proof.evidence
    FROM contact_consent standing
    JOIN contact person ON person.id = standing.contact_id
    JOIN LATERAL (SELECT sequence, mac FROM consent_entry WHERE pseudonym = person.pseudonym ORDER BY sequence DESC LIMIT 1) top ON true
    JOIN LATERAL (SELECT text_sha256 FROM consent_entry WHERE pseudonym = person.pseudonym AND purpose = standing.purpose
                  ORDER BY sequence DESC LIMIT 1) own ON true
    LEFT JOIN LATERAL (SELECT id, given, basis, text_sha256, channel, at FROM consent_entry
                       WHERE pseudonym = person.pseudonym AND purpose = standing.purpose ORDER BY sequence DESC OFFSET 1 LIMIT 1) earlier ON true
    LEFT JOIN consent_evidence proof ON proof.entry_id = earlier.id
    WHERE standing.import_id = %(import)s
    ORDER BY person.id LIMIT %(limit)s FOR UPDATE OF person
"""


def reverse_consents(connection: psycopg.Connection[Any], order: UndoOrder, vault: Vault) -> int:
    """Up to a chunk of the consents that stand because of the list are as they were before it; returns how many were taken back."""
    found = connection.execute(_GIVEN, {"import": order.import_id, "limit": CHUNK}).fetchall()
    if not found:
        return 0
    entries, evidences, restored, ended = [], [], [], []
    ids = reserve_ids(connection, "consent_entry", len(found))
    for entry_id, row in zip(ids, found, strict=True):
        contact_id, pseudonym, is_created, purpose, basis, sequence, previous, text, was_given, old_basis, old_text, channel, at, proof = row
        # A withdrawal before a list's line can only be the reversal of another list: nobody had said anything.
        stands = bool(was_given)
        if stands:
            basis, text = old_basis, old_text
        since, import_id = _earlier_standing(channel, at, proof) if stands else (None, None)
        evidence = json.dumps(
            {"import": order.import_id, "undone": True, "since": since.isoformat() if since else None, "list": import_id}
        )
        salt = os.urandom(16)
        digest = digest_evidence(salt, evidence)
        line = Line(pseudonym, sequence + 1, purpose, stands, basis, text, Channel.UNDO, digest, order.actor_id, order.now)
        mac = seal(vault.ledger_mac, previous, line)
        entries.append(
            (entry_id, pseudonym, sequence + 1, purpose, stands, str(basis), text, str(Channel.UNDO), digest, order.actor_id, order.now,
             previous, mac)
        )  # fmt: skip
        if not is_created:
            evidences.append((entry_id, contact_id, salt, evidence))
        if stands:
            restored.append((basis, since, import_id, contact_id, purpose))
        else:
            ended.append(contact_id)
    with connection.cursor() as cursor:
        with cursor.copy(
            """COPY consent_entry (id, pseudonym, sequence, purpose, given, basis, text_sha256, channel, evidence_digest, actor_id, at,
               previous, mac) FROM STDIN"""
        ) as copy:
            for entry in entries:
                copy.write_row(entry)
        with cursor.copy("COPY consent_evidence (entry_id, contact_id, salt, evidence) FROM STDIN") as copy:
            for proved in evidences:
                copy.write_row(proved)
        if restored:
            cursor.execute(
                """UPDATE contact_consent standing SET basis = old.basis, since = old.since, import_id = list.id
                   FROM unnest(%s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[])
                        AS old(basis, since, import_id, contact_id, purpose)
                   LEFT JOIN contact_import list ON list.id = old.import_id
                   WHERE standing.contact_id = old.contact_id AND standing.purpose = old.purpose""",
                [list(column) for column in zip(*restored, strict=True)],
            )
        # No standing is not a withdrawal: a list may give again what only a list had given.
        cursor.execute("DELETE FROM contact_consent WHERE import_id = %s AND contact_id = ANY(%s)", (order.import_id, ended))
    return len(found)


def _earlier_standing(channel: str, at: datetime, evidence: str | None) -> tuple[datetime, int | None]:
    """(since when, by which list) a person stood by a line, as the line's evidence tells."""
    told: Any = None
    if evidence and channel in (Channel.IMPORT, Channel.UNDO):
        try:
            told = json.loads(evidence)
        except ValueError:
            told = None
    if not isinstance(told, dict):
        return at, None
    if channel == Channel.UNDO:
        since = told.get("since")
        return (datetime.fromisoformat(since) if since else at), told.get("list")
    on = told.get("consented_on")
    return (_midnight(date.fromisoformat(on)) if on else at), told.get("import")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_TEHRAN)


# -- contacts known before -----------------------------------------------------------------------------------------------

_COLUMNS = ("first_name", "last_name", "neighbourhood", "gender", "birth_year", "language", "tag_ids", "custom", "updated_at")


def restore_contacts(connection: psycopg.Connection[Any], order: UndoOrder) -> tuple[int, int]:
    """Up to a chunk of the contacts the list changed are as they were; returns (restored, left alone because somebody changed them
    since). Both are 0 when none remains."""
    found = connection.execute(
        """SELECT change.contact_id, change.before, person.updated_at <= %(finished)s, person.first_name, person.last_name
           FROM import_before change JOIN contact person ON person.id = change.contact_id
           WHERE change.import_id = %(import)s ORDER BY change.contact_id LIMIT %(limit)s FOR UPDATE OF person""",
        {"import": order.import_id, "finished": order.finished_at, "limit": CHUNK},
    ).fetchall()
    records = []
    for contact_id, before, is_untouched, first_name, last_name in found:
        if not is_untouched:
            continue
        search_key, sort_key = person_keys(before.get("first_name", first_name), before.get("last_name", last_name))
        old = {name: before[name] for name in _COLUMNS if name in before}
        records.append({**old, "id": contact_id, "changed": [*before], "search_key": search_key, "sort_key": sort_key})
    if records:
        connection.execute(
            """UPDATE contact SET
                   first_name = CASE WHEN old.changed ? 'first_name' THEN old.first_name ELSE contact.first_name END,
                   last_name = CASE WHEN old.changed ? 'last_name' THEN old.last_name ELSE contact.last_name END,
                   neighbourhood = CASE WHEN old.changed ? 'neighbourhood' THEN old.neighbourhood ELSE contact.neighbourhood END,
                   gender = CASE WHEN old.changed ? 'gender' THEN old.gender ELSE contact.gender END,
                   birth_year = CASE WHEN old.changed ? 'birth_year' THEN old.birth_year ELSE contact.birth_year END,
                   language = CASE WHEN old.changed ? 'language' THEN old.language ELSE contact.language END,
                   tag_ids = CASE WHEN old.changed ? 'tag_ids' THEN ARRAY(SELECT jsonb_array_elements_text(old.tag_ids)::integer)
                             ELSE contact.tag_ids END,
                   custom = CASE WHEN old.changed ? 'custom' THEN old.custom ELSE contact.custom END,
                   search_key = old.search_key, sort_key = old.sort_key,
                   updated_at = COALESCE(old.updated_at, %(now)s)
               FROM jsonb_to_recordset(%(records)s::jsonb) AS old(id bigint, changed jsonb, first_name text, last_name text,
                   neighbourhood text, gender text, birth_year smallint, language text, tag_ids jsonb, custom jsonb, updated_at timestamptz,
                   search_key text, sort_key text)
               WHERE contact.id = old.id""",
            {"records": json.dumps(records, ensure_ascii=False), "now": order.now},
        )
    if found:
        connection.execute(
            "DELETE FROM import_before WHERE import_id = %s AND contact_id = ANY(%s)", (order.import_id, [row[0] for row in found])
        )
    return len(records), len(found) - len(records)


def drop_aliases(connection: psycopg.Connection[Any], order: UndoOrder) -> int:
    """Further names that came with the list are gone; numbers that have none left are no longer shared."""
    dropped = connection.execute("DELETE FROM contact_alias WHERE import_id = %s RETURNING contact_id", (order.import_id,)).fetchall()
    contacts = sorted({row[0] for row in dropped})
    if contacts:
        connection.execute(
            """UPDATE contact SET is_shared = false WHERE id = ANY(%s) AND is_shared
               AND NOT EXISTS (SELECT 1 FROM contact_alias alias WHERE alias.contact_id = contact.id)""",
            (contacts,),
        )
    return len(dropped)


# -- contacts the list created -------------------------------------------------------------------------------------------

# Whoever else has said or written something of a person since keeps them: an opt-out above all, which a later list must not lift.
# Each is looked up by an index, person by person: the planner would rather read whole tables, a thousand times over.
_CREATED = """
    WITH person AS MATERIALIZED (
        SELECT id, identity_id, pseudonym, updated_at > %(finished)s OR reassigned_at IS NOT NULL AS is_touched
        FROM contact WHERE import_id = %(import)s AND id > %(after)s ORDER BY id LIMIT %(limit)s FOR UPDATE
    )
    SELECT person.id, person.identity_id,
           person.is_touched OR COALESCE(note.one, alias.one, change.one, dispute.one, standing.one, line.one, false)
    FROM person
    LEFT JOIN LATERAL (SELECT true AS one FROM contact_note WHERE contact_id = person.id LIMIT 1) note ON true
    LEFT JOIN LATERAL (SELECT true AS one FROM contact_alias WHERE contact_id = person.id LIMIT 1) alias ON true
    LEFT JOIN LATERAL (SELECT true AS one FROM import_before WHERE contact_id = person.id AND import_id <> %(import)s LIMIT 1) change ON true
    LEFT JOIN LATERAL (SELECT true AS one FROM consent_dispute WHERE contact_id = person.id LIMIT 1) dispute ON true
    LEFT JOIN LATERAL (SELECT true AS one FROM contact_consent WHERE contact_id = person.id LIMIT 1) standing ON true
    LEFT JOIN LATERAL (SELECT true AS one FROM consent_entry
                       WHERE pseudonym = person.pseudonym AND channel NOT IN ('import', 'undo') LIMIT 1) line ON true
    ORDER BY person.id
"""


@dataclass(frozen=True)
class Removed:
    """What became of a chunk of created contacts. `last` is the id to go on from; None when there were none left."""

    deleted: int
    kept: int
    last: int | None


def delete_created(connection: psycopg.Connection[Any], order: UndoOrder, after: int) -> Removed:
    """Up to a chunk of the contacts the list created are gone, with numbers nobody else uses. The caller sees to it that no list is
    being written meanwhile, which might be about to use such a number.

    Run after `reverse_consents` has none left: a consent that stands by then came from elsewhere.
    """
    values = {"import": order.import_id, "finished": order.finished_at, "after": after, "limit": REMOVED_AT_ONCE}
    found = connection.execute(_CREATED, values).fetchall()
    if not found:
        return Removed(0, 0, None)
    kept = [row[0] for row in found if row[2]]
    gone = [row[0] for row in found if not row[2]]
    identities = [row[1] for row in found if not row[2] and row[1] is not None]
    if kept:
        connection.execute("UPDATE contact SET import_id = NULL WHERE id = ANY(%s)", (kept,))
    if gone:
        connection.execute("DELETE FROM contact WHERE id = ANY(%s)", (gone,))
        unused = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = number.id)" for table, column in _users_of_numbers(connection)
        )
        connection.execute(f"DELETE FROM phone_identity number WHERE number.id = ANY(%s) AND {unused or 'true'}", (identities,))  # type: ignore[arg-type]
    return Removed(len(gone), len(kept), found[-1][0])


def _users_of_numbers(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """(table, column) of everything that may name a number, in whatever room: the database itself knows best. Tables of many rows do
    without the foreign key, and are known by the column's name."""
    return connection.execute(
        """SELECT user_table.relname, user_column.attname FROM pg_class user_table
           JOIN pg_attribute user_column ON user_column.attrelid = user_table.oid
           WHERE user_column.attname = 'identity_id' AND user_table.relkind = 'r' AND pg_table_is_visible(user_table.oid)
           UNION SELECT user_table.relname, user_column.attname FROM pg_constraint link
           JOIN pg_class user_table ON user_table.oid = link.conrelid
           JOIN pg_attribute user_column ON user_column.attrelid = link.conrelid AND user_column.attnum = link.conkey[1]
           WHERE link.contype = 'f' AND link.confrelid = 'phone_identity'::regclass ORDER BY 1, 2"""
    ).fetchall()
