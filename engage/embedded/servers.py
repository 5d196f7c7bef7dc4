"""The embedded servers as a shared thing: whoever needs them holds on, the last one to let go stops them.

One small process, the keeper (`engage.embedded.keeper`), owns the servers of a data folder. Holding on means an open
connection to its socket, which the kernel closes for us even when we are killed; so nothing outlives its last user, and a
command that came second never has the servers stopped under it by the first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engage.embedded.errors import EmbeddedServerError
from engage.embedded.folders import checked_socket, open_log, prepare_data_folder, prepare_socket_folder

START_SECONDS = 150.0
STOP_SECONDS = 60.0


class Servers:
    """PostgreSQL and Valkey of one data folder, for as long as the `with` block lasts.

    `database_url` and `redis_url` are set inside (None for a server not asked for); `notes` are sentences a person should
    read. `fast` gives up durability for speed and is for tests only; it counts when this user is the first one.
    """

    database_url: str | None = None
    redis_url: str | None = None

    def __init__(self, data_dir: Path | str, *, postgres: bool = True, valkey: bool = True, fast: bool = False) -> None:
        self.data_dir = prepare_data_folder(data_dir)
        self.notes: list[str] = []
        self._need = [name for name, wanted in (("postgres", postgres), ("valkey", valkey)) if wanted]
        self._fast = fast
        self._connection: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def open(self) -> Self:
        """The servers answer. Again after a loss (`is_open` false) it brings them back under the same addresses.

        Raises EmbeddedServerError with the codes of `Postgres.start` and `Valkey.start`.
        """
        self._drop()
        address = checked_socket(prepare_socket_folder(self.data_dir) / "keeper.sock")
        self._connection = self._connect(address)
        answer = self._ask()
        if "error" in answer:
            self.close()
            raise EmbeddedServerError(answer["error"]["code"], answer["error"]["message"])
        self.database_url, self.redis_url = answer.get("postgres"), answer.get("valkey")
        self.notes = answer["notes"]
        return self

    def is_open(self) -> bool:
        """Whether the keeper still stands behind us; it restarts a crashed server by itself."""
        # The keeper never speaks unasked: something to read can only be the end.
        return self._connection is not None and not select.select([self._connection], [], [], 0)[0]

    @property
    def keeper_pid(self) -> int | None:
        """The keeper this object started, while it lives: after `close` that means others still hold on."""
        return self._keeper.pid if self._keeper is not None and self._keeper.poll() is None else None

    def close(self) -> None:
        """We let go. When nobody else holds on, the servers are gone on return."""
        if self._connection is not None:
            said = b""
            try:
                self._connection.settimeout(STOP_SECONDS)
                self._connection.shutdown(socket.SHUT_WR)
                while chunk := self._connection.recv(4096):
                    said += chunk
            except OSError:
                pass
            if self._keeper is not None and b"others" not in said:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._keeper.wait(5)
        self._drop()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._keeper is not None and self._keeper.poll() is not None:
            self._keeper = None

    def _connect(self, address: Path) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        with open(self.data_dir / "start.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two commands at once: one starts the keeper, the other finds it
            while True:
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.connect(str(address))
                    return connection
                except OSError:
                    connection.close()
                if self._keeper is None:
                    log, offset = open_log(self.data_dir, "keeper")
                    self._keeper = self._start_keeper(log)
                elif self._keeper.poll() is not None or time.monotonic() > deadline:
                    said = log.read_bytes()[offset:].decode(errors="replace").strip()
                    self._keeper = None
                    raise EmbeddedServerError(
                        "start_failed",
                        said.splitlines()[-1] if said else f"The embedded servers did not start; see {log}.",
                    )
                time.sleep(0.01)

    def _start_keeper(self, log: Path) -> subprocess.Popen[bytes]:
        fast = ["--fast"] if self._fast else []
        # Its own session, no death signal: it must outlive us when another user remains.
        with open(log, "ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "engage.embedded.keeper", str(self.data_dir), *fast],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**os.environ, "PYTHONPATH": _import_path()},
                start_new_session=True,
            )

    def _ask(self) -> dict[str, Any]:
        assert self._connection is not None
        self._connection.settimeout(START_SECONDS)
        try:
            self._connection.sendall(json.dumps({"need": self._need}).encode() + b"\n")
            received = b""
            while not received.endswith(b"\n"):
                chunk = self._connection.recv(65536)
                if not chunk:
                    raise OSError("the keeper went away")
                received += chunk
            answer: dict[str, Any] = json.loads(received)
            return answer
        except OSError as error:
            self._drop()
            raise EmbeddedServerError(
                "start_failed", f"The embedded servers did not start; see {self.data_dir / 'logs' / 'keeper.log'}."
            ) from error


def _import_path() -> str:
    # The keeper runs from "/", so that it holds no folder busy; a checkout that isn't installed must still be found.
    here = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return f"{here}{os.pathsep}{inherited}" if inherited else here
