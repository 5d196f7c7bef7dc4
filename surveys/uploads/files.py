"""The encrypted files: a nonce and AES-256-GCM, each under a key that is kept, itself encrypted, in the file's row."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from engage.config import Settings
from engage.refusal import Refused

_NONCE = 12
_NAME = re.compile(r"[0-9a-f]{32}\.sealed")


def uploads_folder() -> Path:
    settings: Settings = current_app.extensions["engage_settings"]
    folder = settings.data_dir / "survey-uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_name() -> str:
    """A name nobody can guess; nothing of it comes from the browser."""
    return f"{secrets.token_hex(16)}.sealed"


def write_file(stored_name: str, content: bytes) -> bytes:
    """The file lies there whole, readable by its owner alone; the key that opens it."""
    key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
    path = _path(stored_name)
    temporary = path.with_suffix(".part")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(nonce + AESGCM(key).encrypt(nonce, content, stored_name.encode()))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return key


def read_file(stored_name: str, key: bytes) -> bytes:
    """What was written. Refused("upload_unreadable") where the file is gone or isn't the one this key belongs to."""
    try:
        sealed = _path(stored_name).read_bytes()
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], stored_name.encode())
    except (OSError, InvalidTag, ValueError):
        raise Refused("upload_unreadable") from None


def delete_file(stored_name: str) -> None:
    _path(stored_name).unlink(missing_ok=True)


def files_older_than(seconds: float) -> list[str]:
    """Names of all files here that were last written before so long, unfinished ones among them."""
    limit = time.time() - seconds
    return [path.name for path in uploads_folder().iterdir() if path.suffix in (".sealed", ".part") and path.stat().st_mtime < limit]


def delete_named(name: str) -> None:
    (uploads_folder() / Path(name).name).unlink(missing_ok=True)


def _path(stored_name: str) -> Path:
    if not _NAME.fullmatch(stored_name):
        raise Refused("upload_unreadable")
    return uploads_folder() / stored_name
