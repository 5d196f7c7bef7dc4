"""The launcher of PostgreSQL: one server for one data folder, reachable through a private unix socket only."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from engage.embedded.binaries import find_postgres
from engage.embedded.errors import EmbeddedServerError
from engage.embedded.folders import checked_socket, open_log, prepare_data_folder, prepare_socket_folder
from engage.embedded.processes import is_alive, spawn, stop_process, wait_gone
from engage.embedded.unprivileged import Identity, choose_identity

START_SECONDS = 120.0  # after a crash the server first replays its log
PORT = 5432  # names the socket's file; nothing listens on TCP
USER = DATABASE = "engage"

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Values of rows and parameters (phone numbers, answers) must never reach the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
# Tests throw their data away, so they need not wait for the disk.
_FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, dead


class Postgres:
    """One PostgreSQL server on `<data_dir>/postgres`. Not thread-safe; start it from the main thread (see `spawn`).

    `start()` makes the cluster when there is none, and attaches to a server that another process runs on the same folder;
    `stop()` and `kill()` act only on a server that this object started.
    """

    def __init__(self, data_dir: Path | str, *, fast: bool = False) -> None:
        self.data_dir = prepare_data_folder(data_dir)
        self._fast = fast
        self._sockets = self.data_dir
        self._process: subprocess.Popen[bytes] | None = None
        self.note: str | None = None
        """What a person should know about how the server runs, or None."""

    @property
    def url(self) -> str:
        """The SQLAlchemy address through the private socket; valid once started."""
        return f"postgresql+psycopg://{USER}@/{DATABASE}?host={self._sockets}"

    @property
    def pid(self) -> int | None:
        """The process started here, or None."""
        return self._process.pid if self._process else None

    def start(self, *, take_over: bool = False) -> str:
        """The server answers → its URL. Idempotent. `take_over`: a server left behind by a dead owner is replaced.

        Raises EmbeddedServerError: no_binary, version_mismatch, namespace_refused, socket_folder_unsafe, path_too_long,
        data_folder_*, start_failed.
        """
        self._sockets = prepare_socket_folder(self.data_dir)
        checked_socket(self._socket)
        if self.is_running():
            return self.url
        identity = self._identity()
        self.note = identity.note
        self._place_sockets(identity)
        running = _running_pid(identity.data)
        if running is not None and take_over:
            stop_process(running, _STOP)
        elif running is not None and self._wait_for_foreign(identity.data, running):
            return self.url
        log, _ = open_log(self.data_dir, "postgres")
        if not (identity.data / "PG_VERSION").exists():
            self._make_cluster(identity, log)
        self._launch(identity, log)
        return self.url

    def is_running(self) -> bool:
        """Whether the server started here still runs (it may still be busy with recovery)."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """The server is gone and its data are safe; connections are cut, transactions in flight rolled back."""
        self._end(_STOP)

    def kill(self) -> None:
        """The server is gone by -9, as after a power cut; its data are recovered at the next start."""
        self._end(((signal.SIGKILL, 10.0),))

    def _end(self, signals: tuple[tuple[int, float], ...]) -> None:
        process, self._process = self._process, None
        if process is not None:
            stop_process(process.pid, signals, process)
            process.wait()

    @property
    def _socket(self) -> Path:
        return self._sockets / f".s.PGSQL.{PORT}"

    def _identity(self) -> Identity:
        data = self.data_dir / "postgres"
        binaries = find_postgres(_data_version(data))
        identity = choose_identity(self.data_dir, binaries)
        if identity.data != data and (other := _data_version(identity.data)):
            identity = choose_identity(self.data_dir, find_postgres(other))
        return identity

    def _place_sockets(self, identity: Identity) -> None:
        if identity.user is None:
            return
        # The server's user owns a folder inside ours; root passes through both, nobody else through the outer one … but
        # that user can't either, so the outer one is opened for passing only.
        self._sockets.chmod(0o711)
        self._sockets = self._sockets / "pg"
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        os.chown(self._sockets, identity.user, identity.user)

    def _make_cluster(self, identity: Identity, log: Path) -> None:
        """A whole cluster with our database, or none: it is made aside and renamed at the end."""
        staging = identity.data.with_name("postgres.new")
        shutil.rmtree(staging, ignore_errors=True)
        self._run(
            identity,
            log,
            "initdb",
            *("-D", staging, "-U", USER, "--locale=C", "--encoding=UTF8", "--auth=trust", "--data-checksums"),
            *(("--no-sync",) if self._fast else ()),
        )
        self._run(
            identity, log, "postgres", "--single", "-D", staging, "postgres", given=f"CREATE DATABASE {DATABASE};\n"
        )
        shutil.rmtree(identity.data, ignore_errors=True)
        staging.rename(identity.data)

    def _run(self, identity: Identity, log: Path, program: str, *arguments: str | Path, given: str = "") -> None:
        with open(log, "ab") as output:
            done = subprocess.run(
                [*identity.prefix, identity.binaries / program, *arguments],
                input=given.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                user=identity.user,
                group=identity.user,
                extra_groups=[] if identity.user is not None else None,
                check=False,
            )
        if done.returncode != 0:
            raise EmbeddedServerError(
                "start_failed", f"PostgreSQL's data could not be made ({program} failed); the reasons are in {log}."
            )

    def _launch(self, identity: Identity, log: Path) -> None:
        settings = _SETTINGS | {"unix_socket_directories": str(self._sockets)} | (_FAST_SETTINGS if self._fast else {})
        arguments: list[str | Path] = [*identity.prefix, identity.binaries / "postgres", "-D", identity.data, "-p", str(PORT)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + START_SECONDS
        while True:
            offset = log.stat().st_size
            self._process = spawn(
                arguments,
                log=log,
                death_signal=signal.SIGINT,
                environment=_environment(),
                folder=Path("/"),
                user=identity.user,
            )
            if self._became_ready(identity.data, deadline):
                return
            self._end(_STOP)
            said = log.read_bytes()[offset:].decode(errors="replace")
            # Back-ends of a server killed a moment ago still hold its shared memory; they notice and go by themselves.
            if "pre-existing shared memory block" not in said or time.monotonic() > deadline - START_SECONDS + 15:
                raise self._refusal(said, log)
            time.sleep(0.1)

    def _became_ready(self, data: Path, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            pid, status = _read_pid_file(data)
            if pid == self._process.pid and status == "ready" and self._answers():
                return True
            time.sleep(0.01)
        return False

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket))
            except OSError:
                return False
        return True

    def _wait_for_foreign(self, data: Path, pid: int) -> bool:
        """Whether somebody else's server is ready for us; False once it is gone (it was shutting down)."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return False
            if _read_pid_file(data) == (pid, "ready") and self._answers():
                return True
            wait_gone(pid, 0.05)
        raise EmbeddedServerError(
            "start_failed", f"Another PostgreSQL (process {pid}) holds {data} but does not become ready; stop it first."
        )

    def _refusal(self, said: str, log: Path) -> EmbeddedServerError:
        if "incompatible" in said:
            return EmbeddedServerError(
                "version_mismatch", "The data folder was made by another version of PostgreSQL than the one found here."
            )
        if "Permission denied" in said:
            return EmbeddedServerError(
                "data_folder_not_writable", f"PostgreSQL may not write into {self.data_dir}; see {log}."
            )
        if "already in use" in said or "Is another postmaster" in said:
            return EmbeddedServerError(
                "data_folder_busy", f"Another PostgreSQL uses the data folder {self.data_dir} or its socket; stop it first."
            )
        reasons = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
        reason = reasons[-1].partition(":  ")[2] if reasons else "it gave no reason"
        return EmbeddedServerError("start_failed", f"PostgreSQL did not start: {reason} (all of it in {log}).")


def _environment() -> dict[str, str]:
    # Nothing of ours: PG* variables would redirect it, and a strange LANG keep it from starting.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _data_version(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError):
        return None


def _read_pid_file(data: Path) -> tuple[int | None, str]:
    """(pid, status) of postmaster.pid; the eighth line is what pg_ctl itself waits for."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else ""
    except (OSError, ValueError, IndexError):
        return None, ""


def _running_pid(data: Path) -> int | None:
    pid, _ = _read_pid_file(data)
    if pid is None or not is_alive(pid):
        return None
    try:  # after a reboot the number may belong to anybody
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return pid
    return pid if name.startswith("postgres") else None
