"""The consent ledger's arithmetic: canonical bytes, the chain over them, the seals over many chains, and their proof. Pure.

mac(n) = HMAC(ledger key, mac(n−1) ‖ canonical bytes of line n); before the first line stand 32 zero bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

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


_HEAD = b"engage consent line 1"
_LENGTHS = [length.to_bytes(4, "big") for length in range(128)]


def _part(content: bytes) -> bytes:
    return (_LENGTHS[len(content)] if len(content) < 128 else len(content).to_bytes(4, "big")) + content


@lru_cache(maxsize=256)
def _word(word: str) -> bytes:
    """Purposes, bases and channels: a few words, a million times."""
    return _part(str(word).encode())


_START = _part(_HEAD)
_GIVEN, _WITHDRAWN, _NOBODY = _part(b"given"), _part(b"withdrawn"), _part(b"")


def canonical(line: Line) -> bytes:
    """The bytes that are sealed: every field with its length before it, so that no two lines share them. Microseconds count."""
    delta = line.at - _EPOCH
    micros = b"%d" % ((delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds)
    sequence = b"%d" % line.sequence
    pseudonym, text, evidence, actor_id = line.pseudonym, line.text_sha256, line.evidence_digest, line.actor_id
    return b"".join(
        (
            _START,
            _part(pseudonym),
            _LENGTHS[len(sequence)],
            sequence,
            _word(line.purpose),
            _GIVEN if line.given else _WITHDRAWN,
            _word(line.basis),
            _part(text),
            _word(line.channel),
            _part(evidence),
            _NOBODY if actor_id is None else _part(b"%d" % actor_id),
            _LENGTHS[len(micros)],
            micros,
        )
    )


def seal(mac: Mac, previous: bytes, line: Line) -> bytes:
    """The mac of `line` after `previous`."""
    return mac(previous, canonical(line))


def digest_evidence(salt: bytes, evidence: str) -> bytes:
    """What the ledger keeps of evidence that may be erased: the salt goes with it, so that nothing can be guessed back."""
    return hashlib.sha256(salt + evidence.encode()).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A seal over every line of an epoch whose transaction lies in [from_xid, to_xid), without its mac.

    An epoch is a time in which transaction numbers only grow: a database restored elsewhere, where they start lower, begins a new
    one. Its lines are those with ids above `after_id` (and not above the next epoch's).
    """

    id: int
    epoch: int
    after_id: int
    cluster: str
    from_xid: int
    to_xid: int
    line_count: int
    root: bytes
    words_count: int
    words: bytes
    at: datetime


def leaf(entry_id: int, written_in: int, mac: bytes) -> bytes:
    """What the Merkle tree holds of one line: where it stands, which transaction wrote it, and its link of the chain."""
    return entry_id.to_bytes(8, "big", signed=True) + written_in.to_bytes(8, "big", signed=True) + mac


def seal_checkpoint(mac: Mac, previous: bytes, seal: Checkpoint) -> bytes:
    """The mac of a checkpoint after the one before it (`GENESIS` before the first)."""
    delta = seal.at - _EPOCH
    micros = (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds
    numbers = (seal.id, seal.epoch, seal.after_id, seal.from_xid, seal.to_xid, seal.line_count, seal.words_count, micros)
    parts = (b"engage ledger checkpoint 1", *(b"%d" % number for number in numbers), seal.cluster.encode(), seal.root, seal.words)
    return mac(previous, b"".join(_part(part) for part in parts))


def words_digest(rows: Iterable[tuple[bytes, str, int, str, str, datetime]]) -> bytes:
    """SHA-256 over rows of consent words (sha256, purpose, version, basis, text, made at) in the order they were made."""
    digest = hashlib.sha256()
    for sha256, purpose, version, basis, text, at in rows:
        micros = (at - _EPOCH) // timedelta(microseconds=1)
        for part in (sha256, purpose.encode(), b"%d" % version, basis.encode(), text.encode(), b"%d" % micros):
            digest.update(_part(part))
    return digest.digest()


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
