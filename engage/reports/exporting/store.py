"""Where files lie until they are taken: below the data folder, readable by the platform alone."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from flask import current_app

from engage.config import Settings
from engage.reports.exporting.rules import is_slug

_READY, _PART = ".file", ".part"
_BLOCK = 1 << 20


def folder() -> Path:
    settings: Settings = current_app.extensions["engage_settings"]
    found = settings.data_dir / "reports"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


def write_file(slug: str, attempt: int, write: Callable[[BinaryIO], None]) -> tuple[int, str]:
    """What `write` writes lies there whole, or nothing does; how many bytes, and their SHA-256.

    Every attempt has a file of its own until it is whole, so that two of them don't write into one.
    """
    part = _path(slug).with_suffix(f".{attempt}{_PART}")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            write(cast(BinaryIO, file))
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest, size = hashlib.sha256(), 0
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
        part.replace(_path(slug))
    finally:
        part.unlink(missing_ok=True)
    return size, digest.hexdigest()


def find_file(slug: str) -> Path | None:
    path = _path(slug)
    return path if path.is_file() else None


def delete_file(slug: str) -> None:
    _path(slug).unlink(missing_ok=True)


def slugs_older_than(seconds: float) -> set[str]:
    """Of all that lies here, unfinished things among them, and was last touched before so long."""
    limit = time.time() - seconds
    found = set()
    for path in folder().iterdir():
        try:
            if path.suffix in (_READY, _PART) and path.stat().st_mtime < limit:
                found.add(path.name.partition(".")[0])
        except FileNotFoundError:
            continue
    return found


def delete_all_of(slug: str) -> None:
    """The file and what attempts left of it."""
    for path in folder().glob(f"{slug}.*"):
        path.unlink(missing_ok=True)


def _path(slug: str) -> Path:
    if not is_slug(slug):
        raise ValueError("no slug of a file")
    return folder() / f"{slug}{_READY}"
