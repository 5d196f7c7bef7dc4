"""`engage backup`: the database of one moment and the files beside it, without keys, while everything runs."""

from __future__ import annotations

import shutil
import tarfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from contacts.queries.seals import heads_path
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.identity.fingerprints import ANNOUNCED
from engage.identity.models import KeyFingerprint
from engage.operations import migrate
from engage.operations.bundle import DATABASE, FILES, HEADS, Manifest, digest_of, new_bundle, pack_files, write_manifest
from engage.operations.postgres_tools import find_tool, major_of, run_tool, server_major
from engage.vault import vault


@dataclass(frozen=True)
class BackedUp:
    """What was written; `bytes` is the database's part, `files` how many uploads lie beside it."""

    path: str
    taken_at: str
    migration: str
    bytes: int
    files: int
    keys: list[str]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def back_up(app: Flask, to: Path) -> BackedUp:
    """A backup stands at `to`, whole, or nothing does. One snapshot: what commits meanwhile is not in it.

    `to` ending in `.tar` is one file, else a folder. Only its owner may read it. Refused: "backup_exists", "folder_not_writable",
    "postgres_tool_missing", "postgres_tool_failed".
    """
    began = time.monotonic()
    settings: Settings = app.extensions["engage_settings"]
    to = to.absolute()
    with app.app_context():
        server = server_major(settings.database_url)
        tool = find_tool("pg_dump", server)
        with new_bundle(to) as folder:
            # Before the snapshot, so that every head that is kept has its checkpoint in the database.
            heads = heads_path()
            kept = folder / "heads"
            if heads.exists():
                shutil.copyfile(heads, kept)
            # Nothing that was sent after the snapshot was sent before this moment.
            taken_at = now()
            rows = db.session.scalars(select(KeyFingerprint).order_by(KeyFingerprint.name)).all()
            keys = {row.name: row.fingerprint for row in rows if row.fingerprint != ANNOUNCED}
            retired = [row.name for row in rows if row.retired_at is not None]
            db.session.remove()
            arguments = ["--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--lock-wait-timeout=60s"]
            run_tool(tool, [*arguments, "--file", folder / DATABASE], settings.database_url)
            count = pack_files(settings.data_dir, folder / FILES)
            if kept.exists():
                _add(folder / FILES, kept)
            manifest = Manifest(
                taken_at,
                str(migrate.current(settings.database_url)),
                server,
                major_of(tool),
                keys,
                retired,
                {name: digest_of(folder / name) for name in (DATABASE, FILES)},
            )
            write_manifest(folder, manifest, vault())
            size = (folder / DATABASE).stat().st_size
    return BackedUp(str(to), taken_at.isoformat(), manifest.migration, size, count, sorted(keys), round(time.monotonic() - began, 1))


def _add(archive: Path, heads: Path) -> None:
    with tarfile.open(archive, "a") as tar:
        tar.add(heads, HEADS)
    heads.unlink()
