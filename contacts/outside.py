"""What must survive the loss of the database: erasures and opt-outs, in a file beside the keys.

A database that is put back from a backup knows people again who were erased since, and has forgotten who said «لغو». So every erasure and
every opt-out is also one line in `decided.jsonl`, outside the database: pseudonyms and the HMAC of the number under the first suppression
key (which is never removed), nothing that leads to anybody without the keys. `engage restore` replays it.

The line is written just before the commit of the decision. If that very commit fails, the line says what a person asked for and didn't get;
a replay then does it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from engage.config import Settings
from engage.refusal import Refused
from engage.vault import Vault

Kind = Literal["erased", "stopped", "renewed"]

_WAITING = "engage_decided"
_SILENT: ContextVar[bool] = ContextVar("decided_silent", default=False)


@dataclass(frozen=True)
class Decided:
    """One line. `number` is the HMAC of the number under the suppression key of version `key`; empty where the number itself stayed."""

    kind: Kind
    at: datetime
    number: bytes = b""
    key: int = 0
    people: tuple[bytes, ...] = ()
    """Pseudonyms of the contacts that were erased"""
    source: str = ""
    """Who asked for it: `erasure.origin`, or the source of the opt-out"""

    def line(self) -> bytes:
        told: dict[str, Any] = {"decided": self.kind, "at": self.at.isoformat(), "source": self.source}
        if self.number:
            told |= {"number": self.number.hex(), "key": self.key}
        if self.people:
            told["people"] = [each.hex() for each in self.people]
        return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def log_path() -> Path:
    """Beside the keys, and so outside of what a backup of the database holds."""
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.keys_path.parent / "decided.jsonl"


def number_mark(keys: Vault, e164: str) -> tuple[bytes, int]:
    """(HMAC, key version) by which the log knows a number, whatever keys have been rotated since."""
    return keys.suppression_hashes(e164)[0], keys.versions("suppression")[0]


def note_decision(session: Session, decided: Decided) -> None:
    """The line stands in the file if the current transaction commits. Refused("decided_unwritable") from the commit, which then fails."""
    if not _SILENT.get():
        session.info.setdefault(_WAITING, []).append((log_path(), decided.line()))


@contextmanager
def unlogged() -> Iterator[None]:
    """Decisions inside are replayed from the log, and not written into it again."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def read_decisions(path: Path, since: datetime) -> list[Decided]:
    """What was decided at or after `since`, in order; a last line that a crash cut off is passed over. Refused("decided_unreadable")."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            break
        try:
            told = json.loads(line)
            decided = Decided(
                told["decided"],
                datetime.fromisoformat(told["at"]),
                bytes.fromhex(told.get("number", "")),
                int(told.get("key", 0)),
                tuple(bytes.fromhex(each) for each in told.get("people", ())),
                str(told["source"]),
            )
        except (ValueError, KeyError, TypeError):
            raise Refused("decided_unreadable", path=str(path), line=number) from None
        if decided.at >= since:
            found.append(decided)
    return found


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    waiting = session.info.pop(_WAITING, ())
    for path in {path for path, _ in waiting}:
        _append(path, b"".join(line for each, line in waiting if each == path))


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_WAITING, None)


def _append(path: Path, lines: bytes) -> None:
    try:
        is_new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                os.ftruncate(handle, _last_whole(handle, size))  # a crash cut the last line off, and its decision with it
            view = memoryview(lines)
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
    except OSError as error:
        raise Refused("decided_unwritable", path=str(path), detail=error.strerror or type(error).__name__) from None


def _last_whole(handle: int, size: int) -> int:
    return os.pread(handle, size, 0).rfind(b"\n") + 1
