"""Where an instance's files and sockets lie, and whether those places are safe to use."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from pathlib import Path

from engage.embedded.errors import EmbeddedServerError

SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux, without the closing zero
DATA_PATH_LIMIT = 900  # PostgreSQL's own limit is 1023 bytes for the longest path below its folder
LOG_SIZE_LIMIT = 5 * 1024 * 1024


def prepare_data_folder(data_dir: Path | str) -> Path:
    """The absolute data folder, which exists, is private to us and can be written.

    Raises EmbeddedServerError: path_too_long, data_folder_not_writable, data_folder_foreign.
    """
    folder = Path(os.path.realpath(data_dir))
    if len(os.fsencode(folder)) > DATA_PATH_LIMIT:
        raise EmbeddedServerError(
            "path_too_long", f"The data folder's path is longer than {DATA_PATH_LIMIT} bytes; choose a shorter one."
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise EmbeddedServerError(
            "data_folder_not_writable", f"The data folder {folder} cannot be used: {error.strerror}."
        ) from error
    servers_owner = next((f.stat().st_uid for f in (folder / "postgres", folder / "valkey") if f.exists()), None)
    if servers_owner is not None and servers_owner != os.geteuid():
        raise EmbeddedServerError(
            "data_folder_foreign",
            f"The data folder {folder} belongs to the user {_user_name(servers_owner)}; run the command as that user.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedServerError(
            "data_folder_not_writable",
            f"The data folder {folder} (owner: {_user_name(owner)}) is not writable for the user {_user_name(os.geteuid())}.",
        )
    return folder


def socket_folder(data_dir: Path) -> Path:
    """The short folder of this data folder's sockets; the same for every process of the same user.

    It lies in /tmp and neither in TMPDIR nor in XDG_RUNTIME_DIR: a cron job and a login shell must find the same place.
    """
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(f"/tmp/engage-{os.geteuid()}-{digest}")


def prepare_socket_folder(data_dir: Path) -> Path:
    """The socket folder, made with mode 0700 or found to be a real folder that only we may enter.

    Raises EmbeddedServerError (socket_folder_unsafe) when somebody else put something in its place.
    """
    folder = socket_folder(data_dir)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedServerError(
            "socket_folder_unsafe", f"The socket folder {folder} cannot be made: {error.strerror}."
        ) from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedServerError(
            "socket_folder_unsafe", f"{folder} exists but is not our own folder; somebody else made it, remove it first."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
    return folder


def checked_socket(path: Path) -> Path:
    """`path`, which fits into a socket address. Raises EmbeddedServerError (path_too_long)."""
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        raise EmbeddedServerError(
            "path_too_long", f"The socket path {path} is longer than {SOCKET_PATH_LIMIT} bytes; choose a shorter folder."
        )
    return path


def open_log(data_dir: Path, name: str) -> tuple[Path, int]:
    """The log file `<data>/logs/<name>.log`, opened for appending → (path, its size now, where this run's lines begin).

    A log beyond 5 MiB is set aside first (`.1`, one generation): so logs stay bounded without a daemon.
    """
    path = data_dir / "logs" / f"{name}.log"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_SIZE_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    path.touch(mode=0o600)
    return path, path.stat().st_size


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
