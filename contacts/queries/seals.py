"""Checkpoints of the consent ledger: as they are stored, as their heads stand outside the database, and whether they still fit."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from flask import current_app
from psycopg.rows import tuple_row
from sqlalchemy import select

from contacts.ledger import GENESIS, Checkpoint, Mac, leaf, seal_checkpoint, words_digest
from contacts.models import ConsentText, LedgerCheckpoint
from contacts.rules.merkle import MerkleTree
from engage.config import Settings
from engage.db import db

SEAL_LOCK = 0x656E6761_7365616C
"""PostgreSQL's advisory lock of the one sealer that works; a proof takes it, too, so that database and heads belong together."""
LAST_XID = 2**63 - 1
PAGE = 20_000

Tell = Callable[[str, str], None]
"""Takes what doesn't fit: its kind and its place."""


@dataclass(frozen=True, slots=True)
class StoredSeal:
    seal: Checkpoint
    previous: bytes
    mac: bytes


def stored_seals() -> list[StoredSeal]:
    """Every checkpoint, oldest first."""
    rows = db.session.scalars(select(LedgerCheckpoint).order_by(LedgerCheckpoint.id).execution_options(populate_existing=True))
    return [stored_seal(row) for row in rows]


def stored_seal(row: LedgerCheckpoint) -> StoredSeal:
    """A stored checkpoint in the form the ledger's arithmetic takes."""
    return StoredSeal(
        Checkpoint(
            id=row.id,
            epoch=row.epoch,
            after_id=row.after_id,
            cluster=row.cluster,
            from_xid=row.from_xid,
            to_xid=row.to_xid,
            line_count=row.line_count,
            root=row.root,
            words_count=row.words_count,
            words=row.words,
            at=row.at,
        ),
        row.previous,
        row.mac,
    )


def words_in_order() -> list[tuple[bytes, str, int, str, str, Any]]:
    """All consent words in the order they were made, as `contacts.ledger.words_digest` takes them."""
    rows = db.session.execute(
        select(
            ConsentText.sha256, ConsentText.purpose, ConsentText.version, ConsentText.basis, ConsentText.text, ConsentText.created_at
        ).order_by(ConsentText.created_at, ConsentText.sha256)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


# -- heads: one JSON line a checkpoint, in a file outside the database -------------------------------------------------------------


def heads_path() -> Path:
    """Where the heads stand on this machine."""
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.data_dir / "ledger" / "heads.jsonl"


def head_line(stored: StoredSeal) -> bytes:
    """What the heads file says of a checkpoint, byte for byte."""
    seal = stored.seal
    told = {
        "id": seal.id,
        "epoch": seal.epoch,
        "lines": seal.line_count,
        "root": seal.root.hex(),
        "mac": stored.mac.hex(),
        "at": seal.at.isoformat(),
    }
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def restored_line(mac: Mac, before: bytes, seal_id: int) -> bytes:
    """The line by which an operator accepts that the database was restored as of checkpoint `seal_id`; it covers the file before it."""
    proof = mac(hashlib.sha256(before).digest(), b"engage ledger restored %d" % seal_id)
    return json.dumps({"restored": seal_id, "mac": proof.hex()}, separators=(",", ":")).encode() + b"\n"


def current_heads(content: bytes, mac: Mac) -> tuple[list[bytes], int | None]:
    """The heads that a heads file says, after what operators accepted, and the number of its first unreadable line."""
    heads: list[bytes] = []
    digest_of = 0
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        if line.startswith(b'{"restored":'):
            try:
                seal_id = int(json.loads(line)["restored"])
            except (ValueError, KeyError, TypeError):
                return heads, number
            if line != restored_line(mac, content[:digest_of], seal_id) or not 0 <= seal_id <= len(heads):
                return heads, number
            del heads[seal_id:]
        else:
            heads.append(line)
        digest_of += len(line)
    return heads, None


def check_heads(seals: Sequence[StoredSeal], mac: Mac, tell: Tell) -> int:
    """Hold the heads file against the checkpoints, byte for byte; returns how many heads it has."""
    try:
        content = heads_path().read_bytes()
    except FileNotFoundError:
        content = b""
    heads, unreadable = current_heads(content, mac)
    if unreadable is not None:
        tell("heads", f"line {unreadable} of the heads file")
    for number, stored in enumerate(seals):
        if number >= len(heads):
            tell("heads", f"checkpoint {stored.seal.id} is missing in the heads file")
        elif heads[number] != head_line(stored):
            tell("heads", f"checkpoint {stored.seal.id} differs from the heads file")
    for number in range(len(seals), len(heads)):
        tell("heads", f"head {number + 1} has no checkpoint in the database")
    return len(heads)


# -- what a checkpoint covers ------------------------------------------------------------------------------------------------------


def check_seals(seals: Sequence[StoredSeal], mac: Mac, tell: Tell) -> None:
    """The checkpoints form an unbroken chain, each with the key's mac, without gaps between their transactions."""
    previous = GENESIS
    before: Checkpoint | None = None
    for number, stored in enumerate(seals, 1):
        seal = stored.seal
        fits = stored.previous == previous and stored.mac == seal_checkpoint(mac, previous, seal) and seal.id == number
        if before is not None:
            goes_on = seal.epoch == before.epoch and seal.from_xid == before.to_xid and seal.after_id == before.after_id
            fits = fits and (goes_on or (seal.epoch == before.epoch + 1 and seal.from_xid == 0))
        if not fits:
            tell("checkpoint", f"checkpoint {seal.id} is not as it was made, or the one before it is missing")
        previous, before = stored.mac, seal


def check_words(seals: Sequence[StoredSeal], tell: Tell) -> None:
    """The words are those the newest checkpoint covers, and every text has the hash it is known by."""
    rows = words_in_order()
    changed = [row for row in rows if hashlib.sha256(row[4].encode()).digest() != row[0]]
    for _hash, purpose, version, basis, _text, _at in changed:
        tell("words", f"{purpose}, {basis}, version {version}")
    if not seals or changed:
        return
    seal = seals[-1].seal
    if len(rows) < seal.words_count or words_digest(rows[: seal.words_count]) != seal.words:
        tell("words", f"the words that checkpoint {seal.id} covers: a text was changed, added or removed")


def check_roots(connection: psycopg.Connection[Any], seals: Sequence[StoredSeal], tell: Tell) -> tuple[int, int]:
    """Every line read once, in the order of ids, and the tree over each checkpoint's lines grown anew. Returns (sealed, not yet
    sealed). Memory grows with the number of checkpoints, not of lines."""
    epochs = [list(group) for _epoch, group in groupby((stored.seal for stored in seals), key=lambda seal: seal.epoch)]
    bounds = [[seal.to_xid for seal in group] for group in epochs]
    starts = [group[0].after_id for group in epochs]
    trees: dict[int, MerkleTree] = {seal.id: MerkleTree() for group in epochs for seal in group}
    limit = _next_xid(connection)
    unsealed = 0
    for page in _pages(connection):
        for place, lines in groupby(page, key=lambda line: _place(line, epochs, starts, bounds)):
            if place is not None:
                trees[place].add(leaf(*line) for line in lines)
                continue
            for entry_id, written_in, _mac in lines:
                unsealed += 1
                if not 0 < written_in < limit:
                    tell("written_in", f"line {entry_id} claims a transaction that can't be")
    for group in epochs:
        for seal in group:
            tree = trees[seal.id]
            if tree.count != seal.line_count:
                tell("checkpoint", f"checkpoint {seal.id} covers {seal.line_count} lines, {tree.count} are there ({_range(seal)})")
            elif tree.root() != seal.root:
                tell("checkpoint", f"checkpoint {seal.id}: its {seal.line_count} lines are not those it covers ({_range(seal)})")
    return sum(tree.count for tree in trees.values()), unsealed


def _range(seal: Checkpoint) -> str:
    return f"transactions {seal.from_xid} to {seal.to_xid}, sealed {seal.at.isoformat(timespec='seconds')}"


def _place(line: tuple[int, int, bytes], epochs: list[list[Checkpoint]], starts: list[int], bounds: list[list[int]]) -> int | None:
    """The checkpoint that covers a line, if one does already."""
    # An epoch begins after `after_id`; the last that begins before the line is the line's.
    number = bisect_right(starts, line[0] - 1) - 1
    if number < 0:
        return None
    found = bisect_right(bounds[number], line[1])
    return epochs[number][found].id if found < len(epochs[number]) and line[1] >= 0 else None


def _pages(connection: psycopg.Connection[Any]) -> Iterator[list[tuple[int, int, bytes]]]:
    after = -(2**62)
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        while True:
            page = cursor.execute(
                "SELECT id, written_in, mac FROM consent_entry WHERE id > %s ORDER BY id LIMIT %s", (after, PAGE)
            ).fetchall()
            if not page:
                return
            after = page[-1][0]
            yield page


def _next_xid(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])
