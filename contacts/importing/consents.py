"""Consents that a list brings for persons the unit knew before: one sealed line on top of each chain."""

from __future__ import annotations

import os
from typing import Any

import psycopg

from contacts.importing.staging import ImportOrder, evidence_of_row, reserve_ids
from contacts.ledger import GENESIS, Line, digest_evidence, seal
from contacts.rules.consent import Basis, Channel, Standing, may_import_give
from engage.vault import Vault

_BATCH = 5_000

# Who might get a line. Most persons stand as the list says already, and nothing of them is touched or locked.
_OPEN = """
    SELECT person.id FROM import_number list
    JOIN contact person ON person.id = list.contact_id
    LEFT JOIN contact_consent standing ON standing.contact_id = person.id AND standing.purpose = %(purpose)s
    WHERE list.state IN ('updated', 'unchanged') AND person.reassigned_at IS NULL
      AND (standing.given IS NULL OR (standing.given AND standing.basis <> %(basis)s))
    ORDER BY person.id
"""
# Two statements: what is read after the lock is what the last writer left. One statement would read as of its own beginning, and lift
# an opt-out that it had been waiting for.
_LOCK = "SELECT FROM contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_READ = """
    SELECT person.id, person.pseudonym, list.row_number,
           COALESCE(first.consented_on, (SELECT said.consented_on FROM import_person said
               WHERE list.copies > 1 AND said.blind = list.blind AND said.consented_on IS NOT NULL ORDER BY said.row_number LIMIT 1)),
           standing.given, standing.basis, top.sequence, top.mac
    FROM import_number list
    JOIN contact person ON person.id = list.contact_id
    JOIN import_person first ON first.blind = list.blind AND first.row_number = list.row_number
    LEFT JOIN contact_consent standing ON standing.contact_id = person.id AND standing.purpose = %(purpose)s
    LEFT JOIN LATERAL (SELECT sequence, mac FROM consent_entry WHERE pseudonym = person.pseudonym
                       ORDER BY sequence DESC LIMIT 1) top ON true
    WHERE list.contact_id = ANY(%(ids)s) AND person.reassigned_at IS NULL
    ORDER BY person.id
"""


def give_known(connection: psycopg.Connection[Any], order: ImportOrder, vault: Vault) -> int:
    """Append the lines that `may_import_give` allows; returns how many."""
    assert order.basis is not None
    values: dict[str, Any] = {"purpose": order.purpose, "basis": order.basis}
    open_ids = [row[0] for row in connection.execute(_OPEN, values).fetchall()]
    if open_ids:
        connection.execute("CREATE INDEX ON import_number (contact_id) WHERE contact_id IS NOT NULL")
        connection.execute("CREATE INDEX ON import_person (blind)")
    given = 0
    for start in range(0, len(open_ids), _BATCH):
        ids = open_ids[start : start + _BATCH]
        connection.execute(_LOCK, (ids,))
        found = connection.execute(_READ, {**values, "ids": ids}).fetchall()
        rows = [row for row in found if may_import_give(None if row[4] is None else Standing(row[4], Basis(row[5])), order.basis)]
        if rows:
            _append(connection, rows, order, vault)
        given += len(rows)
    return given


def _append(connection: psycopg.Connection[Any], rows: list[Any], order: ImportOrder, vault: Vault) -> None:
    assert order.basis is not None
    entries, evidences, standings = [], [], []
    ids = reserve_ids(connection, "consent_entry", len(rows))
    for entry_id, (contact_id, pseudonym, row_number, consented_on, _given, _basis, sequence, mac) in zip(ids, rows, strict=True):
        salt = os.urandom(16)
        evidence = evidence_of_row(order, row_number, consented_on)
        digest = digest_evidence(salt, evidence)
        previous = mac or GENESIS
        number = (sequence or 0) + 1
        line = Line(pseudonym, number, order.purpose, True, order.basis, order.text_sha256, Channel.IMPORT, digest, order.actor_id, order.now)
        entries.append(
            (entry_id, pseudonym, number, order.purpose, True, str(order.basis), order.text_sha256, "import", digest, order.actor_id,
             order.now, previous, seal(vault.ledger_mac, previous, line))
        )  # fmt: skip
        evidences.append((entry_id, contact_id, salt, evidence))
        standings.append((contact_id, consented_on))
    with connection.cursor() as cursor:
        with cursor.copy(
            """COPY consent_entry (id, pseudonym, sequence, purpose, given, basis, text_sha256, channel, evidence_digest, actor_id, at,
               previous, mac) FROM STDIN"""
        ) as copy:
            for entry in entries:
                copy.write_row(entry)
        with cursor.copy("COPY consent_evidence (entry_id, contact_id, salt, evidence) FROM STDIN") as copy:
            for row in evidences:
                copy.write_row(row)
        cursor.execute(
            """INSERT INTO contact_consent (contact_id, purpose, given, basis, since, import_id)
               SELECT contact_id, %s, true, %s, COALESCE(consented_on::timestamp AT TIME ZONE 'Asia/Tehran', %s), %s
               FROM unnest(%s::bigint[], %s::date[]) AS list(contact_id, consented_on)
               ON CONFLICT (contact_id, purpose)
               DO UPDATE SET given = true, basis = excluded.basis, since = excluded.since, import_id = excluded.import_id""",
            (order.purpose, order.basis, order.now, order.import_id, [row[0] for row in standings], [row[1] for row in standings]),
        )
