"""The private halves of anonymous surveys: one file each, beside the platform's keys and never in the database or a backup.

A file is named by its public half, so no two databases, restored ones among them, ever mistake one for another. Machines that only serve
citizens need none of them; the folder must be there where a publishing page, a sweeper or a bulk worker runs (several hosts share it).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import tempfile
from pathlib import Path

from flask import current_app

from engage.config import Settings
from engage.refusal import Refused
from surveys.sealing.boxes import new_pair, public_half


def keys_folder() -> Path:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.keys_path.parent / "surveys"


def key_path(public: bytes) -> Path:
    return keys_folder() / f"{public.hex()}.key"


def create_key(survey_id: int) -> bytes:
    """A new pair whose private half is on disk, mode 0600; returns the public half. Refused("survey_key_unwritable").

    A publication that fails afterwards leaves a key that opens nothing.
    """
    private, public = new_pair()
    folder, path = keys_folder(), key_path(public)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".key-")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump({"survey": survey_id, "key": base64.b64encode(private).decode()}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync(folder)
    except OSError as error:
        raise Refused("survey_key_unwritable", path=str(path), detail=error.strerror) from None
    return public


def read_key(public: bytes) -> bytes | None:
    """The private half, None where it isn't on this machine or was destroyed.

    Refused: "survey_key_exposed" when others on this machine may read it, "survey_key_unreadable" when the file is damaged.
    """
    path = key_path(public)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4096)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused("survey_key_unreadable", path=str(path), detail=error.strerror) from None
    if not content:
        return None
    if stat.S_IMODE(mode) & 0o077:
        raise Refused("survey_key_exposed", path=str(path))
    try:
        private = base64.b64decode(json.loads(content)["key"], validate=True)
        if len(private) != 32 or public_half(private) != public:
            raise ValueError("another key")
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("survey_key_unreadable", path=str(path), detail=str(error)) from None
    return private


def destroy_key(public: bytes) -> bool:
    """The private half is gone from this machine: overwritten, emptied, on disk as such. The empty file stays until `remove_key`, so
    that whoever goes on after a crash knows that it was here. False when it never was.

    What a drive keeps of overwritten blocks, and copies somebody made, are out of our reach.
    """
    try:
        with key_path(public).open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
            file.truncate(0)
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Refused("survey_key_unwritable", path=str(key_path(public)), detail=error.strerror) from None
    return True


def remove_key(public: bytes) -> None:
    """The emptied file is gone, too."""
    key_path(public).unlink(missing_ok=True)
    _sync(keys_folder())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
