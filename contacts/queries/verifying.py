"""Proof that the consent ledger is what was written, and that what is acted on is what it says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select, text

from contacts.ledger import verify_chain
from contacts.models import ConsentEntry
from contacts.queries.people import sealed
from engage.db import db
from engage.vault import vault


@dataclass(frozen=True)
class LedgerProof:
    """`broken`: (pseudonym in hex, first sequence that doesn't fit). `unbacked`: standings that no last line says, and evidence
    whose digest differs from the ledger's."""

    people: int
    lines: int
    broken: tuple[tuple[str, int], ...]
    unbacked: int
    changed_evidence: int

    @property
    def holds(self) -> bool:
        return not self.broken and not self.unbacked and not self.changed_evidence


# What a standing says must be the person's last line for that purpose; and whoever is under a line must stand somewhere.
_UNBACKED = """
    SELECT count(*) FROM contact_consent standing JOIN contact person ON person.id = standing.contact_id
    LEFT JOIN LATERAL (SELECT given, basis FROM consent_entry WHERE pseudonym = person.pseudonym AND purpose = standing.purpose
                       ORDER BY sequence DESC LIMIT 1) last ON true
    WHERE last.given IS DISTINCT FROM standing.given OR last.basis IS DISTINCT FROM standing.basis
"""
_CHANGED_EVIDENCE = """
    SELECT count(*) FROM consent_evidence proof JOIN consent_entry line ON line.id = proof.entry_id
    WHERE sha256(proof.salt || convert_to(proof.evidence, 'UTF8')) <> line.evidence_digest
"""


def verify_ledger() -> LedgerProof:
    """Every person's chain recomputed, and compared with what the product acts on. Reads everything; memory stays flat."""
    mac = vault().ledger_mac
    people = lines = 0
    broken: list[tuple[str, int]] = []
    entries = db.session.scalars(
        select(ConsentEntry).order_by(ConsentEntry.pseudonym, ConsentEntry.sequence).execution_options(yield_per=2_000)
    )
    for pseudonym, group in groupby(entries, key=lambda entry: entry.pseudonym):
        chain = [sealed(entry) for entry in group]
        people += 1
        lines += len(chain)
        at = verify_chain(chain, mac)
        if at is not None:
            broken.append((pseudonym.hex(), at))
    return LedgerProof(
        people,
        lines,
        tuple(broken),
        db.session.scalar(text(_UNBACKED)) or 0,
        db.session.scalar(text(_CHANGED_EVIDENCE)) or 0,
    )
