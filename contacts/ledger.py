"""The consent ledger's arithmetic: canonical bytes, the chain over them, and its proof. Pure.

mac(n) = HMAC(ledger key, mac(n−1) ‖ canonical bytes of line n); before the first line stand 32 zero bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

Mac = Callable[[bytes, bytes], bytes]

GENESIS = bytes(32)
NO_TEXT = bytes(32)
"""For a line without words of its own, such as a withdrawal of something never worded."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a person's chain, without its mac."""

    pseudonym: bytes
    sequence: int
    purpose: str
    given: bool
    basis: str
    text_sha256: bytes
    channel: str
    evidence_digest: bytes
    actor_id: int | None
    at: datetime


def canonical(line: Line) -> bytes:
    """The bytes that are sealed: every field with its length before it, so that no two lines share them. Microseconds count."""
    delta = line.at - _EPOCH
    micros = (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds
    parts = (
        b"engage consent line 1",
        line.pseudonym,
        b"%d" % line.sequence,
        line.purpose.encode(),
        b"given" if line.given else b"withdrawn",
        line.basis.encode(),
        line.text_sha256,
        line.channel.encode(),
        line.evidence_digest,
        b"" if line.actor_id is None else b"%d" % line.actor_id,
        b"%d" % micros,
    )
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def seal(mac: Mac, previous: bytes, line: Line) -> bytes:
    """The mac of `line` after `previous`."""
    return mac(previous, canonical(line))


def digest_evidence(salt: bytes, evidence: str) -> bytes:
    """What the ledger keeps of evidence that may be erased: the salt goes with it, so that nothing can be guessed back."""
    return hashlib.sha256(salt + evidence.encode()).digest()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A stored line with the two macs beside it."""

    line: Line
    previous: bytes
    mac: bytes


def verify_chain(lines: Iterable[Sealed], mac: Mac) -> int | None:
    """None when one person's lines, in order, form an unbroken chain from its beginning; else the sequence of the first that doesn't fit."""
    previous, expected = GENESIS, 1
    for sealed in lines:
        fits = (
            sealed.line.sequence == expected
            and sealed.previous == previous
            and sealed.mac == seal(mac, previous, sealed.line)
        )
        if not fits:
            return expected
        previous, expected = sealed.mac, expected + 1
    return None
