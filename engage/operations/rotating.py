"""`engage rotate-keys`: a new key for one purpose, while everything runs.

The key file gets the new version first, which doesn't write yet; running processes pick it up, and only then the tables follow. Every
step stands in `key_rotation` before it is taken: killed anywhere, the same command goes on from there.

    encryption   key → writing → working → retiring → finished     every encrypted column is sealed anew, the old key goes
    index        key → working → switching → clearing → retiring → finished     numbers are found under the new key, the old one goes
    suppression  key → working → switching → clearing → finished   opt-outs are wrapped in the new key, the old ones stay for ever
    links        key → writing → finished    new links by the new key; the old one goes by a later run, when no link needs it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from contacts.commands import rotating as steps
from contacts.commands.rotating import Rotation
from contacts.models import KeyRotation, PendingConsent
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.identity.fingerprints import remember_keys, retire_keys
from engage.refusal import Refused
from engage.vault import PICK_UP, ROTATABLE, Vault, encrypted_columns, vault
from surveys.queries.link_keys import live_link_versions

PAUSE = 2 * PICK_UP + 0.5
"""Seconds after which every running process has the key file as it is now."""
PATIENCE = 6 * 3600.0
"""So long a switch waits for imports that run."""
LINKS_SETTLE = timedelta(hours=1)
"""A link key that stopped writing is not judged before this: an invitation made with it may still be on its way into the tables."""

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass
class Rotated:
    """What a rotation did. `removed`: versions that are no longer in the key file."""

    purpose: str
    from_version: int
    to_version: int
    rewritten: int
    removed: list[int]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def rotate_keys(app: Flask, purpose: str, *, pause: float = PAUSE, patience: float = PATIENCE, say: Say = lambda _: None) -> Rotated:
    """The key of this purpose is a new one, everywhere; a rotation that was interrupted is brought to its end instead.

    Refused: "rotation_running" while another one runs, "rotation_unfinished" (purpose) when another purpose's was interrupted,
    "rotation_waits" when somebody wrote numbers all through `patience`: it goes on when the command is given again.
    """
    if purpose not in ROTATABLE:
        raise Refused("key_unknown", purpose=purpose, known=", ".join(ROTATABLE))
    with app.app_context(), _only_one():
        began = time.monotonic()
        found = steps.unfinished_rotation()
        if found is not None and found.purpose != purpose:
            raise Refused("rotation_unfinished", purpose=found.purpose)
        say(f"going on with {purpose}/{found.to_version}, phase {found.phase}" if found else f"a new key for {purpose}")
        run = _Run(found or steps.begin_rotation(purpose), pause, time.monotonic() + patience, say)
        run.to_the_end()
        if purpose == "links":
            run.removed += _retire_links(say)
        rotation = run.rotation
        return Rotated(
            purpose, rotation.from_version, rotation.to_version, run.rewritten, sorted(run.removed), round(time.monotonic() - began, 1)
        )


def retire_link_keys(app: Flask, say: Say = lambda _: None) -> list[int]:
    """Old link keys under which no link lives are gone from the key file; their versions. Refused("rotation_running")."""
    with app.app_context(), _only_one():
        return _retire_links(say)


def unneeded_link_versions() -> list[int]:
    """Old link keys that nothing needs any more: no link that lives, no sign-up that waits."""
    keys = vault()
    writing = keys.writing("links")
    old = [version for version in keys.versions("links") if version < writing]
    if not old:
        return []
    finished = db.session.scalar(
        select(KeyRotation.finished_at).where(KeyRotation.purpose == "links", KeyRotation.to_version == writing)
    )
    if finished is None or finished > now() - LINKS_SETTLE:
        return []
    waiting = db.session.scalar(
        select(PendingConsent.id).where(PendingConsent.created_at < finished + LINKS_SETTLE, PendingConsent.expires_at > now()).limit(1)
    )
    if waiting is not None:
        return []
    live = live_link_versions()
    return [version for version in old if version not in live]


def _retire_links(say: Say) -> list[int]:
    versions = unneeded_link_versions()
    db.session.remove()
    if versions:
        retire_keys(f"links/{version}" for version in versions)
        _store(lambda held: held.without_keys("links", versions))
        say(f"removed links/{', links/'.join(map(str, versions))}: no link needs them")
    return versions


@contextmanager
def _only_one() -> Iterator[None]:
    """One rotation at a time, whoever starts it; the lock ends with this process."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('engage rotate-keys'))")):
            raise Refused("rotation_running")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtext('engage rotate-keys'))"))


class _Run:
    """One rotation on its way. Each phase's method does its work, however much of it was done before, and names the next one."""

    def __init__(self, rotation: Rotation, pause: float, deadline: float, say: Say) -> None:
        self.rotation = rotation
        self.rewritten = 0
        self.removed: list[int] = []
        self._pause = pause
        self._deadline = deadline
        self._say = say

    def to_the_end(self) -> None:
        while self.rotation.phase != "finished":
            work: Callable[[], str] = getattr(self, f"_{self.rotation.phase}")
            following = work()
            self.rotation = steps.move_on(self.rotation.id, following)
            self._say(f"{self.rotation.purpose}/{self.rotation.to_version}: {following}")

    @property
    def _to(self) -> int:
        return self.rotation.to_version

    # -- phases ----------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        purpose = self.rotation.purpose
        _store(lambda held: held.with_new_key(purpose, self._to))
        remember_keys()
        self._wait()
        return "writing" if purpose in ("encryption", "links") else "working"

    def _writing(self) -> str:
        self._write_by_new()
        return "working" if self.rotation.purpose == "encryption" else "finished"

    def _working(self) -> str:
        self._wait_for_pick_up()
        match self.rotation.purpose:
            case "encryption":
                self._rewrite()
                return "retiring"
            case "index":
                while steps.count_unindexed():
                    self._fill()
                    if steps.count_unindexed() < steps.BATCH:
                        break  # the switch takes the rest along
            case _:
                while count := _patiently(lambda: steps.wrap_suppressions(self.rotation)):
                    self.rewritten += count
        return "switching"

    def _switching(self) -> str:
        self._wait_for_pick_up()
        switch = steps.switch_index if self.rotation.purpose == "index" else steps.switch_suppression
        self._until(lambda: switch(self.rotation))
        return "clearing"

    def _clearing(self) -> str:
        self._write_by_new()
        if self.rotation.purpose == "suppression":
            self._until(lambda: not _patiently(lambda: steps.drop_wrapped(self.rotation)) and not steps.count_wrapped())
            return "finished"
        flipped_at = now()
        self._until(lambda: not _patiently(steps.clear_old_indexes) and not steps.count_old_indexes())
        self._until(lambda: not _patiently(lambda: steps.index_pending(self._to)))
        self._until(lambda: not steps.has_live_codes_before(flipped_at))
        return "retiring"

    def _retiring(self) -> str:
        purpose = self.rotation.purpose
        if purpose == "encryption":
            # A process that froze before the new key wrote may have gone on since: look once more before the old key is gone.
            self._wait()
            self._rewrite()
        old = [version for version in vault(fresh=True).versions(purpose) if version < self._to]
        retire_keys(f"{purpose}/{version}" for version in range(1, self._to))
        _store(lambda held: held.without_keys(purpose, old))
        self.removed += old
        return "finished"

    # -- parts -----------------------------------------------------------------------------------------------------------

    def _rewrite(self) -> None:
        columns = encrypted_columns()
        while True:
            for column in columns:
                while (count := _patiently(lambda c=column: steps.rewrite_batch(self.rotation.id, c, self._to))) is not None:  # type: ignore[misc]
                    self.rewritten += count
            steps.rewind(self.rotation.id)
            if any(steps.count_under_others(column, self._to) for column in columns):
                time.sleep(0.2)  # rows that somebody held
                continue
            # A list may have been on its way, unseen, since before the new key wrote.
            self._until(steps.nobody_writes_numbers)
            if not any(steps.count_under_others(column, self._to) for column in columns):
                return

    def _fill(self) -> None:
        after: int | None = 0
        while after is not None:
            after = _patiently(lambda a=after: steps.fill_indexes(self.rotation, a))  # type: ignore[misc]
            self.rewritten += 0 if after is None else steps.BATCH

    def _write_by_new(self) -> None:
        _store(lambda held: held.with_writing(self.rotation.purpose, self._to))
        self._wait()

    def _wait_for_pick_up(self) -> None:
        # Going on after a kill: the file may have been written a moment ago.
        age = time.time() - _keys_path().stat().st_mtime
        if age < self._pause:
            time.sleep(self._pause - max(0.0, age))

    def _wait(self) -> None:
        time.sleep(self._pause)

    def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            if time.monotonic() > self._deadline:
                raise Refused("rotation_waits")
            time.sleep(0.3)


def _store(change: Callable[[Vault], Vault]) -> None:
    """The key file holds what `change` makes of it, and so does this process."""
    path = _keys_path()
    held = Vault.load(path)
    changed = change(held)
    if changed.fingerprints() != held.fingerprints() or any(changed.writing(p) != held.writing(p) for p in ROTATABLE):
        changed.store(path)
    vault(fresh=True)


def _keys_path() -> Path:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.keys_path


def _patiently(work: Callable[[], T]) -> T:
    """`work`, again when the database made it give way to somebody else."""
    for attempt in range(5):
        try:
            return work()
        except OperationalError:
            db.session.remove()
            time.sleep(0.2 * 2**attempt)
    return work()
