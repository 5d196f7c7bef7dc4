"""The launcher of Valkey (or Redis): one server for one data folder, reachable through a private unix socket only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from engage.embedded.binaries import find_valkey
from engage.embedded.errors import EmbeddedServerError
from engage.embedded.folders import checked_socket, open_log, prepare_data_folder, prepare_socket_folder
from engage.embedded.processes import spawn, stop_process

START_SECONDS = 60.0
_STOP = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


class Valkey:
    """One Valkey on `<data_dir>/valkey`: append-only file synced every second, nothing evicted, no TCP port.

    Not thread-safe; start it from the main thread (see `spawn`). `start()` attaches to a server that another process runs on the
    same folder; `stop()` and `kill()` act only on a server that this object started.
    """

    def __init__(self, data_dir: Path | str, *, fast: bool = False) -> None:
        self.data_dir = prepare_data_folder(data_dir)
        self._fast = fast
        self._sockets = self.data_dir
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for redis-py through the private socket; valid once started."""
        return f"unix://{self._socket}?db=0"

    @property
    def pid(self) -> int | None:
        """The process started here, or None."""
        return self._process.pid if self._process else None

    def start(self, *, take_over: bool = False) -> str:
        """The server answers → its URL. Idempotent. `take_over`: a server left behind by a dead owner is replaced.

        Raises EmbeddedServerError: no_binary, version_mismatch, socket_folder_unsafe, path_too_long, data_folder_*, start_failed.
        """
        self._sockets = prepare_socket_folder(self.data_dir)
        checked_socket(self._socket)
        if self.is_running():
            return self.url
        running = self._foreign_pid()
        if running is not None and not take_over:
            return self.url
        if running is not None:
            stop_process(running, _STOP)
        folder = self.data_dir / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        log, offset = open_log(self.data_dir, "valkey")
        self._process = spawn(
            [find_valkey(), *self._arguments(folder)],
            log=log,
            death_signal=signal.SIGTERM,
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            folder=folder,
        )
        if not self._became_ready():
            self.stop()
            raise self._refusal(log.read_bytes()[offset:].decode(errors="replace"), log)
        return self.url

    def is_running(self) -> bool:
        """Whether the server started here still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """The server is gone and everything it knew is on the disk."""
        self._end(_STOP)

    def kill(self) -> None:
        """The server is gone by -9; at most the last second is lost."""
        self._end(((signal.SIGKILL, 10.0),))

    def _end(self, signals: tuple[tuple[int, float], ...]) -> None:
        process, self._process = self._process, None
        if process is not None:
            stop_process(process.pid, signals, process)
            process.wait()

    @property
    def _socket(self) -> Path:
        return self._sockets / "valkey.sock"

    def _arguments(self, folder: Path) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(folder),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "no" if self._fast else "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "16",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _became_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_running():
            if self._ask("PING").startswith("+PONG"):
                return True
            time.sleep(0.01)
        return False

    def _foreign_pid(self) -> int | None:
        """The process behind the socket, once it has loaded its data and answers; None when nobody listens."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            answer = self._ask("INFO server")
            if not answer:
                return None
            for line in answer.splitlines():
                if line.startswith("process_id:") and self._ask("PING").startswith("+PONG"):
                    return int(line.partition(":")[2])
            time.sleep(0.05)
        raise EmbeddedServerError(
            "data_folder_busy", f"Something listens on {self._socket} but is not a Valkey that answers; stop it first."
        )

    def _ask(self, command: str) -> str:
        """The raw answer to one inline command, "" when nobody listens; so the launcher needs no client library."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self._socket))
                connection.sendall(f"{command}\r\nQUIT\r\n".encode())
                received = b""
                while chunk := connection.recv(65536):
                    received += chunk
            except OSError:
                return ""
        return received.decode(errors="replace")

    def _refusal(self, said: str, log: Path) -> EmbeddedServerError:
        if "Can't handle RDB format version" in said or "Unknown RDB" in said:
            return EmbeddedServerError(
                "version_mismatch", "The queue's files were written by a newer Valkey or Redis than the one found here."
            )
        if "Permission denied" in said:
            return EmbeddedServerError("data_folder_not_writable", f"Valkey may not write into {self.data_dir}; see {log}.")
        lines = [line for line in said.splitlines() if " # " in line]
        reason = lines[-1].partition(" # ")[2] if lines else "it gave no reason"
        return EmbeddedServerError("start_failed", f"Valkey did not start: {reason} (all of it in {log}).")
