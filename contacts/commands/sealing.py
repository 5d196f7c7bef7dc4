"""The sealer: Merkle checkpoints over the consent ledger, and their heads outside the database.

A checkpoint covers every line written by the transactions [from_xid, to_xid). `to_xid` is the oldest one that still ran when the
range was read, so nothing can be added to it later. Sealing is incremental and keeps a few hashes in memory, whatever it reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.rows import tuple_row
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from contacts.commands.texts import WORDS_LOCK
from contacts.ledger import GENESIS, Checkpoint, leaf, seal_checkpoint, words_digest
from contacts.models import LedgerCheckpoint
from contacts.queries.seals import (
    LAST_XID,
    PAGE,
    SEAL_LOCK,
    StoredSeal,
    current_heads,
    head_line,
    heads_path,
    restored_line,
    stored_seal,
    stored_seals,
    words_in_order,
)
from contacts.rules.merkle import MerkleTree
from engage.clock import now
from engage.db import db, driver_connection, release_session, transaction
from engage.refusal import Refused
from engage.vault import vault

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Range:
    epoch: int
    after_id: int
    up_to_id: int
    from_xid: int
    to_xid: int
    must_seal: bool = False


def seal_ledger() -> int:
    """Seal every line that can no longer get company, and write the heads that this machine's file lacks. Returns how many
    checkpoints were made; 0 also while another copy is at it."""
    release_session()
    with _only_sealer(wait=False) as is_ours:
        if not is_ours:
            return 0
        count = _seal()
        _write_heads()
        return count


def accept_restored_ledger() -> int:
    """The operator says that this database was restored from an older backup on purpose: the heads file says so from now on, under
    the ledger's key, and no longer expects what came after. Returns the checkpoint the ledger goes on from. Refused("heads_damaged")
    when the file doesn't hold what the database holds."""
    release_session()
    with _only_sealer(wait=True):
        seals = stored_seals()
        mac = vault().ledger_mac
        path = heads_path()
        content = path.read_bytes() if path.exists() else b""
        heads, unreadable = current_heads(content, mac)
        shared = 0
        while shared < min(len(heads), len(seals)) and heads[shared] == head_line(seals[shared]):
            shared += 1
        if unreadable is not None or shared == 0 < len(heads):
            raise Refused("heads_damaged")
        if shared < len(heads):
            _append(path, restored_line(mac, content, shared))
            log.warning("ledger_restored", checkpoint=shared)
        _write_heads()
        return shared


@contextmanager
def _only_sealer(*, wait: bool) -> Iterator[bool]:
    """Nobody else seals or proves meanwhile; held on a connection of its own, across transactions."""
    with db.engine.connect() as connection:
        if wait:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SEAL_LOCK})
            is_ours = True
        else:
            is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": SEAL_LOCK}))
        connection.commit()
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SEAL_LOCK})
                connection.commit()


def _seal() -> int:
    with transaction() as session:
        row = session.scalar(
            select(LedgerCheckpoint).order_by(LedgerCheckpoint.id.desc()).limit(1).execution_options(populate_existing=True)
        )
        last = stored_seal(row) if row is not None else None
        cluster, horizon, limit = _server(session)
        # Whoever writes words holds this lock until they stand, so none of them is on its way while they are counted.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WORDS_LOCK})
        words = words_in_order()
        words_count, words_hash = len(words), words_digest(words)
        connection = driver_connection(session)
        count = 0
        for span in _ranges(connection, last.seal if last else None, cluster, horizon, limit):
            root, line_count = _root(connection, span)
            is_known = last is not None and last.seal.words_count == words_count
            if not line_count and is_known and not span.must_seal:
                continue
            seal = Checkpoint(
                id=last.seal.id + 1 if last else 1,
                epoch=span.epoch,
                after_id=span.after_id,
                cluster=cluster,
                from_xid=span.from_xid,
                to_xid=span.to_xid,
                line_count=line_count,
                root=root,
                words_count=words_count,
                words=words_hash,
                at=now(),
            )
            previous = last.mac if last else GENESIS
            last = StoredSeal(seal, previous, seal_checkpoint(vault().ledger_mac, previous, seal))
            session.add(
                LedgerCheckpoint(**{name: getattr(seal, name) for name in Checkpoint.__dataclass_fields__}, previous=previous, mac=last.mac)
            )
            session.flush()
            count += 1
            log.info("ledger_sealed", checkpoint=seal.id, lines=line_count, mac=last.mac.hex())
        return count


def _server(session: Session) -> tuple[str, int, int]:
    """The server's own name, the oldest transaction that still runs, and the next one to come."""
    row = session.execute(
        text(
            """SELECT (SELECT system_identifier::text FROM pg_control_system()),
                      pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
        )
    ).one()
    return row[0], row[1], row[2]


def _ranges(connection: psycopg.Connection[Any], last: Checkpoint | None, cluster: str, horizon: int, limit: int) -> Iterator[_Range]:
    """What is to be sealed now: the next transactions of this epoch; or, in a database restored on a server whose transaction
    numbers start lower, the rest of the old epoch and the beginning of a new one."""
    epoch, after_id, start = (last.epoch, last.after_id, last.to_xid) if last else (1, 0, 0)
    restored_up_to = None
    if last is None or last.cluster != cluster or horizon < start:
        restored_up_to = _last_restored(connection, after_id, limit)
    if restored_up_to is None and horizon >= start:
        yield _Range(epoch, after_id, LAST_XID, start, horizon)
        return
    boundary = after_id if restored_up_to is None else restored_up_to
    if start < LAST_XID and boundary > after_id:
        yield _Range(epoch, after_id, boundary, start, LAST_XID)
    yield _Range(epoch + 1, boundary, LAST_XID, 0, horizon, must_seal=True)


def _last_restored(connection: psycopg.Connection[Any], after_id: int, limit: int) -> int | None:
    """The highest id among lines this server did not write itself but was given by a restore; None when there is none.

    A line's own server wrote it under a row version at least as young as its transaction. Restored rows share the transaction that
    copied them in, so those that give themselves away (a transaction this server had not reached then) tell of the others.
    """
    row = connection.execute(
        """
        WITH foreign_copies AS MATERIALIZED (
            SELECT DISTINCT xmin::text AS copied_in FROM consent_entry
            WHERE id > %(after)s AND (written_in %% 4294967296 > xmin::text::bigint OR written_in >= %(limit)s))
        SELECT max(id) FROM consent_entry WHERE id > %(after)s AND xmin::text IN (SELECT copied_in FROM foreign_copies)
        """,
        {"after": after_id, "limit": limit},
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _root(connection: psycopg.Connection[Any], span: _Range) -> tuple[bytes, int]:
    """(Merkle root, count) of a range's lines in the order of their ids, page by page."""
    tree = MerkleTree()
    values: dict[str, Any] = {
        "from": span.from_xid, "to": span.to_xid, "after": span.after_id, "up_to": span.up_to_id, "page": PAGE
    }  # fmt: skip
    inside = "written_in >= %(from)s AND written_in < %(to)s AND id > %(after)s AND id <= %(up_to)s"
    ends = connection.execute(f"SELECT min(id), max(id) FROM consent_entry WHERE {inside}", values).fetchone()
    if ends is None or ends[0] is None:
        return tree.root(), 0
    values |= {"after": ends[0] - 1, "up_to": ends[1]}
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        while True:
            page = cursor.execute(
                f"SELECT id, written_in, mac FROM consent_entry WHERE {inside} ORDER BY id LIMIT %(page)s", values
            ).fetchall()
            if not page:
                return tree.root(), tree.count
            tree.add(leaf(*line) for line in page)
            values["after"] = page[-1][0]


def _write_heads() -> None:
    """Append to this machine's heads file what the database has and the file has not. What differs is left as it is: the proof
    tells of it."""
    path = heads_path()
    if _is_up_to_date(path):
        return
    seals = stored_seals()
    content = path.read_bytes() if path.exists() else b""
    torn = content[content.rfind(b"\n") + 1 :]
    heads, unreadable = current_heads(content[: len(content) - len(torn)], vault().ledger_mac)
    missing = b"".join(head_line(stored) for stored in seals[len(heads) :])
    if (
        unreadable is not None
        or not missing.startswith(torn)
        or heads
        and (len(heads) > len(seals) or heads[-1] != head_line(seals[len(heads) - 1]))
    ):
        log.error("ledger_heads_differ", path=str(path))
    elif missing:
        _append(path, missing[len(torn) :])


def _is_up_to_date(path: Path) -> bool:
    """Whether the file ends with the newest checkpoint's head, as it nearly always does."""
    row = db.session.scalar(
        select(LedgerCheckpoint).order_by(LedgerCheckpoint.id.desc()).limit(1).execution_options(populate_existing=True)
    )
    if row is None or not path.exists():
        return row is None
    head = head_line(stored_seal(row))
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(head)))
        return file.read() == head


def _append(path: Path, content: bytes) -> None:
    """Write behind what is there, and come back when the disk has it."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
