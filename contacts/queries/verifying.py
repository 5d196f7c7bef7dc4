"""Proof that the consent ledger is what was written, and that what is acted on is what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import text

from contacts.ledger import GENESIS, NO_TEXT, Line, Mac, seal
from contacts.queries.seals import SEAL_LOCK, StoredSeal, check_heads, check_roots, check_seals, check_words, stored_seals
from engage.db import db, driver_connection
from engage.vault import vault

PAGE = 5_000
MAX_FINDINGS = 1_000
"""Findings that are named; beyond them they are only counted, so that memory stays flat over a ruined ledger."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written. `kind`: chain, checkpoint, heads, words, standing, evidence, written_in."""

    kind: str
    place: str


@dataclass(frozen=True)
class LedgerProof:
    """`broken`: (pseudonym in hex, first sequence that doesn't fit). `unbacked`: standings that no last line says;
    `changed_evidence`: evidence whose digest differs from the ledger's, or that belongs to no line of its person.

    `sealed` lines lie under one of `checkpoints`, the newest `unsealed` ones do not yet. `findings` names all of the above and
    whatever else doesn't fit, at most `MAX_FINDINGS`; `finding_count` counts them."""

    people: int
    lines: int
    broken: tuple[tuple[str, int], ...]
    unbacked: int
    changed_evidence: int
    checkpoints: int = 0
    sealed: int = 0
    unsealed: int = 0
    findings: tuple[Finding, ...] = ()
    finding_count: int = 0

    @property
    def holds(self) -> bool:
        return not self.finding_count


# What a standing says must be the person's last line for that purpose, and every living person's last line must stand somewhere.
# Since when a list's consent stands is the date the list gave, which the evidence holds, if it still does.
_STANDINGS = """
    WITH last AS MATERIALIZED (
        SELECT DISTINCT ON (pseudonym, purpose) id, pseudonym, purpose, given, basis, channel, at
        FROM consent_entry ORDER BY pseudonym, purpose, sequence DESC
    ), said AS (
        SELECT person.id AS contact_id, last.*,
               CASE WHEN last.channel IN ('import', 'undo') AND last.given AND sha256(proof.salt || convert_to(proof.evidence, 'UTF8')) = line.evidence_digest
                    THEN proof.evidence::jsonb END AS evidence
        FROM last JOIN contact person ON person.pseudonym = last.pseudonym
        JOIN consent_entry line ON line.id = last.id
        LEFT JOIN consent_evidence proof ON proof.entry_id = last.id
    )
    SELECT COALESCE(standing.contact_id, said.contact_id), COALESCE(standing.purpose, said.purpose)
    FROM said FULL JOIN contact_consent standing ON standing.contact_id = said.contact_id AND standing.purpose = said.purpose
    WHERE CASE
        -- A list taken back leaves nobody standing who stood by it alone.
        WHEN said.channel = 'undo' AND NOT said.given THEN standing.contact_id IS NOT NULL
        WHEN standing.given IS DISTINCT FROM said.given OR standing.basis IS DISTINCT FROM said.basis THEN true
        WHEN said.channel IN ('import', 'undo') AND said.given AND said.evidence IS NULL THEN false
        ELSE standing.import_id IS DISTINCT FROM (said.evidence->>CASE said.channel WHEN 'undo' THEN 'list' ELSE 'import' END)::bigint
          OR standing.since IS DISTINCT FROM COALESCE(
             (said.evidence->>'since')::timestamptz,
             (said.evidence->>'consented_on')::date::timestamp AT TIME ZONE 'Asia/Tehran', said.at)
        END
"""
_EVIDENCE = """
    SELECT proof.entry_id FROM consent_evidence proof
    LEFT JOIN consent_entry line ON line.id = proof.entry_id
    LEFT JOIN contact person ON person.id = proof.contact_id
    WHERE line.id IS NULL OR person.pseudonym IS DISTINCT FROM line.pseudonym
       OR sha256(proof.salt || convert_to(proof.evidence, 'UTF8')) <> line.evidence_digest
"""
# Words that a line names must be there, and be about that purpose and basis.
_NAMED_WORDS = """
    SELECT encode(named.text_sha256, 'hex'), named.purpose, named.basis
    FROM (SELECT DISTINCT text_sha256, purpose, basis, given FROM consent_entry WHERE text_sha256 <> %(none)s) named
    LEFT JOIN consent_text words ON words.sha256 = named.text_sha256
    WHERE words.sha256 IS NULL OR (named.given AND (words.purpose <> named.purpose OR words.basis <> named.basis))
"""
_LINES = """
    SELECT pseudonym, sequence, purpose, given, basis, text_sha256, channel, evidence_digest, actor_id, at, previous, mac
    FROM consent_entry WHERE (pseudonym, sequence) > (%s, %s) ORDER BY pseudonym, sequence LIMIT %s
"""


class _Findings:
    def __init__(self) -> None:
        self.count = 0
        self.named: list[Finding] = []

    def tell(self, kind: str, place: str) -> None:
        self.count += 1
        if len(self.named) < MAX_FINDINGS:
            self.named.append(Finding(kind, place))


def verify_ledger() -> LedgerProof:
    """Every person's chain and every checkpoint recomputed, held against their heads outside the database, against the words, and
    against what the product acts on. Reads everything, page by page: memory stays flat."""
    mac = vault().ledger_mac
    found = _Findings()
    seals = _seals_with_heads(mac, found)
    check_seals(seals, mac, found.tell)
    check_words(seals, found.tell)
    connection = driver_connection(db.session())
    people, lines, broken = _check_chains(connection, mac, found)
    sealed, unsealed = check_roots(connection, seals, found.tell)
    for sha256, purpose, basis in connection.execute(_NAMED_WORDS, {"none": NO_TEXT}):
        found.tell("words", f"{purpose}, {basis}: lines name the words {sha256}, which are not there or not about that")
    unbacked = _each(connection, _STANDINGS, lambda row: found.tell("standing", f"contact {row[0]}, {row[1]}"))
    changed = _each(connection, _EVIDENCE, lambda row: found.tell("evidence", f"line {row[0]}"))
    return LedgerProof(people, lines, broken, unbacked, changed, len(seals), sealed, unsealed, tuple(found.named), found.count)


def _seals_with_heads(mac: Mac, found: _Findings) -> list[StoredSeal]:
    # The sealer writes the database first and the file then: not to be met in between.
    db.session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SEAL_LOCK})
    try:
        seals = stored_seals()
        check_heads(seals, mac, found.tell)
    finally:
        db.session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SEAL_LOCK})
    return seals


def _check_chains(connection: psycopg.Connection[Any], mac: Mac, found: _Findings) -> tuple[int, int, tuple[tuple[str, int], ...]]:
    """(people, lines, what is broken), in the order of the index that holds a person's lines together."""
    people = lines = 0
    broken: list[tuple[str, int]] = []
    person, expected, previous, is_broken = b"", 1, GENESIS, False
    after: tuple[bytes, int] = (b"", -(2**31))
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        while page := cursor.execute(_LINES, (*after, PAGE), prepare=True).fetchall():
            lines += len(page)
            for row in page:
                if row[0] != person:
                    person, expected, previous, is_broken = row[0], 1, GENESIS, False
                    people += 1
                if is_broken:
                    continue
                if row[1] != expected or row[10] != previous or row[11] != seal(mac, previous, Line(*row[:10])):
                    is_broken = True
                    found.tell("chain", f"person {person.hex()}, line {expected}")
                    if len(broken) < MAX_FINDINGS:
                        broken.append((person.hex(), expected))
                previous, expected = row[11], expected + 1
            after = (page[-1][0], page[-1][1])
    return people, lines, tuple(broken)


def _each(connection: psycopg.Connection[Any], statement: str, tell: Any) -> int:
    count = 0
    # On the server, so that a ruined ledger doesn't fill our memory.
    with connection.cursor("proof", row_factory=tuple_row) as cursor:
        for row in cursor.execute(statement):
            tell(row)
            count += 1
    return count
