"""A backup as it lies on a disk: the database, the files beside it, and a manifest that says what they are and is sealed.

    manifest.json   when, by which release, with which keys; size and SHA-256 of the other two; an HMAC over all that
    database.dump   pg_dump's custom format
    files.tar       uploads and the ledger's heads

A folder, or one tar of the three. Keys are never in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engage.refusal import Refused
from engage.vault import Vault

FORMAT = 1
DATABASE, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
FOLDERS = ("uploads", "survey-uploads")
"""What belongs to the database and lies beside it, below the data folder."""
HEADS = "ledger/heads.jsonl"


@dataclass(frozen=True)
class Manifest:
    """`keys` is `purpose/version` → fingerprint as the database knows them, `retired` those it no longer needs."""

    taken_at: datetime
    migration: str
    server_major: int
    tool_major: int
    keys: dict[str, str]
    retired: list[str]
    files: dict[str, dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT} | asdict(self) | {"taken_at": self.taken_at.isoformat()}


def is_one_file(path: Path) -> bool:
    """Whether a backup by this name is one tar rather than a folder."""
    return path.suffix == ".tar"


def digest_of(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_manifest(folder: Path, manifest: Manifest, keys: Vault) -> None:
    told = manifest.as_json()
    (folder / MANIFEST).write_text(json.dumps(told | {"seal": _seal(told, keys)}, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> tuple[Manifest, dict[str, Any]]:
    """The manifest, and its bare content for `check_seal`. Refused: "backup_unreadable", "backup_newer"."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told["format"] > FORMAT:
            raise Refused("backup_newer")
        manifest = Manifest(
            datetime.fromisoformat(told["taken_at"]),
            str(told["migration"]),
            int(told["server_major"]),
            int(told["tool_major"]),
            dict(told["keys"]),
            list(told["retired"]),
            dict(told["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused("backup_unreadable", path=str(folder), detail=type(error).__name__) from None
    return manifest, told


def check_seal(told: dict[str, Any], keys: Vault) -> None:
    """The manifest is as the holder of these keys wrote it. Refused("backup_changed")."""
    content = {name: value for name, value in told.items() if name != "seal"}
    if not hmac.compare_digest(str(told.get("seal", "")), _seal(content, keys)):
        raise Refused("backup_changed", name=MANIFEST)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file is there with the bytes the manifest names. Refused: "backup_unreadable", "backup_changed"."""
    for name, expected in manifest.files.items():
        try:
            found = digest_of(folder / Path(name).name)
        except OSError as error:
            raise Refused("backup_unreadable", path=str(folder / name), detail=error.strerror or "") from None
        if found != expected:
            raise Refused("backup_changed", name=name)


def _seal(told: dict[str, Any], keys: Vault) -> str:
    content = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(keys.derive_secret("backup manifest").encode(), content, "sha256").hex()


def pack_files(data_dir: Path, target: Path) -> int:
    """The files beside the database, in one tar; one that is deleted meanwhile is left out. Returns how many."""
    count = 0
    with tarfile.open(target, "w") as tar:
        for folder in FOLDERS:
            for path in sorted((data_dir / folder).rglob("*")):
                if path.is_file() and not path.is_symlink() and path.suffix != ".part":
                    try:
                        tar.add(path, str(path.relative_to(data_dir)), recursive=False)
                        count += 1
                    except FileNotFoundError:
                        continue
    return count


def unpack_files(source: Path, data_dir: Path) -> int:
    """Every file of the tar stands below `data_dir`; what is there already stays as it is. Returns how many were written."""
    count = 0
    with tarfile.open(source) as tar:
        for member in tar:
            target = data_dir / member.name
            if not member.isfile() or not target.resolve().is_relative_to(data_dir.resolve()) or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            tar.extract(member, data_dir, filter="data")
            target.chmod(0o600)
            count += 1
    return count


@contextmanager
def new_bundle(to: Path) -> Iterator[Path]:
    """A folder to put the three files into; at the end of the block they stand at `to`, whole, or nothing does.

    Refused: "backup_exists", "folder_not_writable".
    """
    if to.exists() and (is_one_file(to) or not to.is_dir() or any(to.iterdir())):
        raise Refused("backup_exists", path=str(to))
    staging = to.with_name(f".{to.name}.part-{os.getpid()}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir(mode=0o700)
    except OSError as error:
        raise Refused("folder_not_writable", path=str(to), detail=error.strerror or "") from None
    try:
        yield staging
        for path in staging.iterdir():
            path.chmod(0o600)
            _sync(path)
        if is_one_file(to):
            whole = staging / to.name
            with tarfile.open(whole, "x") as tar:
                for name in (MANIFEST, DATABASE, FILES):
                    tar.add(staging / name, name)
            whole.chmod(0o600)
            _sync(whole)
            os.link(whole, to)  # never over a file that came meanwhile
        else:
            staging.rename(to)
        _sync(to.parent)
    except FileExistsError:
        raise Refused("backup_exists", path=str(to)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def opened_bundle(source: Path, room: Path) -> Iterator[Path]:
    """The folder with the three files; a tar is laid out below `room` for the length of the block. Refused("backup_unreadable")."""
    if source.is_dir():
        yield source
        return
    staging = room / f".restore-{os.getpid()}"
    try:
        room.mkdir(parents=True, exist_ok=True, mode=0o700)
        staging.mkdir(mode=0o700)
        try:
            with tarfile.open(source) as tar:
                for member in tar:
                    if member.name in (MANIFEST, DATABASE, FILES):
                        tar.extract(member, staging, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise Refused("backup_unreadable", path=str(source), detail=getattr(error, "strerror", None) or type(error).__name__) from None
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
