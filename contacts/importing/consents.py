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

# The persons were locked when their data met the list; nobody appends to their chains meanwhile.
_KNOWN = """
    SELECT person.id, person.pseudonym, list.row_number, list.consented_on, standing.given, standing.basis, top.sequence, top.mac
    FROM import_number list
    JOIN contact person ON person.id = list.contact_id
    LEFT JOIN contact_consent standing ON standing.contact_id = person.id AND standing.purpose = %(purpose)s
    LEFT JOIN LATERAL (SELECT sequence, mac FROM consent_entry WHERE pseudonym = person.pseudonym
                       ORDER BY sequence DESC LIMIT 1) top ON true
    WHERE list.state IN ('updated', 'unchanged') AND person.reassigned_at IS NULL
      AND (standing.given IS NULL OR (standing.given AND standing.basis <> %(basis)s))
      AND person.id > %(after)s
    ORDER BY person.id LIMIT %(limit)s
"""


def give_known(connection: psycopg.Connection[Any], order: ImportOrder, vault: Vault) -> int:
    """Append the lines that `may_import_give` allows; returns how many."""
    assert order.basis is not None
    given, after = 0, 0
    while True:
        values = {"purpose": order.purpose, "basis": order.basis, "after": after, "limit": _BATCH}
        found = connection.execute(_KNOWN, values).fetchall()
        if not found:
            return given
        after = found[-1][0]
        rows = [row for row in found if may_import_give(None if row[4] is None else Standing(row[4], Basis(row[5])), order.basis)]
        if rows:
            _append(connection, rows, order, vault)
        given += len(rows)


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
        cursor.executemany(
            """INSERT INTO contact_consent (contact_id, purpose, given, basis, since)
               VALUES (%s, %s, true, %s, COALESCE(%s::date::timestamp AT TIME ZONE 'Asia/Tehran', %s))
               ON CONFLICT (contact_id, purpose) DO UPDATE SET given = true, basis = excluded.basis, since = excluded.since""",
            [(contact_id, order.purpose, order.basis, consented_on, order.now) for contact_id, consented_on in standings],
        )
