"""The keeper: a process that owns the embedded servers of one data folder for as long as somebody is connected to it.

    python -m engage.embedded.keeper DATA_DIR [--fast]

Protocol on `keeper.sock`, one line of JSON each way: `{"need": ["postgres", "valkey"]}` → `{"postgres": url, "valkey": url,
"notes": […]}` or `{"error": {code, message}}`. A client lets go by closing (or shutting down) its side: it then reads
"others\\n" when somebody remains, and otherwise the end of the stream once the servers are gone.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path

from engage.embedded.errors import EmbeddedServerError
from engage.embedded.folders import checked_socket, prepare_data_folder, prepare_socket_folder
from engage.embedded.postgres import Postgres
from engage.embedded.valkey import Valkey

FIRST_CLIENT_SECONDS = 20.0
PREVIOUS_KEEPER_SECONDS = 60.0
RESTART_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the n-th restart in a row


class Keeper:
    """Single-threaded on purpose: children die with the thread that started them."""

    def __init__(self, data_dir: Path, *, fast: bool) -> None:
        self._servers: dict[str, Postgres | Valkey] = {
            "postgres": Postgres(data_dir, fast=fast),
            "valkey": Valkey(data_dir, fast=fast),
        }
        self._wanted: set[str] = set()
        self._crashes: dict[str, tuple[int, float]] = {}  # name → (restarts in a row, not before)
        self._clients: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def serve(self, address: Path) -> None:
        """Returns when the last client has gone, nobody came, or SIGTERM arrived; the servers are stopped then."""
        address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        listener.listen(64)
        self._selector.register(listener, selectors.EVENT_READ)
        patience = time.monotonic() + FIRST_CLIENT_SECONDS
        last: socket.socket | None = None
        while not self._stopping and (self._clients or (last is None and time.monotonic() < patience)):
            for key, _ in self._selector.select(timeout=0.2):
                if key.fileobj is listener:
                    client, _ = listener.accept()
                    client.settimeout(10)
                    self._clients.add(client)
                    self._selector.register(client, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    last = self._attend(key.fileobj) or last
            if self._clients:
                self._restart_crashed()
        # Closed before the servers stop: who comes now finds nobody, starts the next keeper, and that one waits for us.
        address.unlink(missing_ok=True)
        listener.close()
        for server in reversed(self._servers.values()):
            server.stop()
        if last is not None:
            last.close()

    def stop(self, *_: object) -> None:
        """Signal handler: leave the loop and stop the servers, whoever is connected."""
        self._stopping = True

    def _attend(self, client: socket.socket) -> socket.socket | None:
        """One line from a client; the client itself when it was the last one and let go."""
        try:
            line = client.makefile("rb").readline(65536)
        except OSError:
            line = b""
        if line:
            self._reply(client, self._answer(line))
            return None
        self._selector.unregister(client)
        self._clients.discard(client)
        if not self._clients:
            return client
        self._reply(client, b"others\n")
        client.close()
        return None

    def _reply(self, client: socket.socket, line: bytes) -> None:
        with contextlib.suppress(OSError):  # it is gone; its end of the stream comes next
            client.sendall(line)

    def _answer(self, line: bytes) -> bytes:
        answer: dict[str, object] = {}
        try:
            need = [name for name in json.loads(line)["need"] if name in self._servers]
            for name in need:
                server = self._servers[name]
                # We hold the data folder's lock: a server that runs there already lost its owner.
                answer[name] = server.start(take_over=True)
                self._wanted.add(name)
            answer["notes"] = [s.note for s in self._servers.values() if isinstance(s, Postgres) and s.note]
        except EmbeddedServerError as error:
            answer = {"error": {"code": error.code, "message": error.message}}
        except (ValueError, KeyError, TypeError):
            answer = {"error": {"code": "start_failed", "message": "The keeper was asked for something it does not know."}}
        return json.dumps(answer).encode() + b"\n"

    def _restart_crashed(self) -> None:
        now = time.monotonic()
        for name in self._wanted:
            server = self._servers[name]
            count, not_before = self._crashes.get(name, (0, 0.0))
            if server.is_running():
                if count and now > not_before + 60:
                    del self._crashes[name]
                continue
            if now < not_before:
                continue
            pause = RESTART_PAUSES[min(count + 1, len(RESTART_PAUSES) - 1)]
            self._crashes[name] = (count + 1, now + pause)
            try:
                server.start(take_over=True)
                _say(f"{name} had stopped and was started again")
            except EmbeddedServerError as error:
                _say(f"{name} had stopped and does not start: {error.message}")


def _say(line: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)


def _lock_folder(data_dir: Path) -> int:
    """The data folder's lock, ours until we die. Waits for a keeper that is just going."""
    lock = os.open(data_dir / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + PREVIOUS_KEEPER_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    "data_folder_busy", f"Another process keeps the servers of {data_dir} and does not answer; stop it first."
                ) from None
            time.sleep(0.02)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="engage-keeper")
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args(arguments)
    try:
        data_dir = prepare_data_folder(options.data_dir)
        address = checked_socket(prepare_socket_folder(data_dir) / "keeper.sock")
        lock = _lock_folder(data_dir)
        keeper = Keeper(data_dir, fast=options.fast)
        signal.signal(signal.SIGTERM, keeper.stop)
        signal.signal(signal.SIGINT, keeper.stop)
        keeper.serve(address)
        os.close(lock)
    except EmbeddedServerError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
