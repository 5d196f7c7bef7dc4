"""The simulator as a child process: for tests, rehearsals, the demo and benchmarks."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from engage.sms.simulator.options import DEFAULT_API_KEY, DEFAULT_LINE

_ROOT = Path(__file__).resolve().parents[3]


class SimulatorProcess:
    """A running simulator over `<data_dir>/gateway`; a context manager that stops what it started.

    Options are the command line's flags with underscores (`operator_seconds=0`, `latency_ms=20`, `webhook_url=…`). It ends with the
    process that started it, even a killed one. RuntimeError when it isn't ready in time.
    """

    def __init__(
        self,
        data_dir: Path | str,
        port: int = 0,
        *,
        line: str = DEFAULT_LINE,
        api_key: str = DEFAULT_API_KEY,
        ready_timeout: float = 20.0,
        **options: Any,
    ) -> None:
        self.data_dir = Path(data_dir)
        self.port = port
        self.line = line
        self.api_key = api_key
        self.base_url = ""
        self._options = options
        self._ready_timeout = ready_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> SimulatorProcess:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def ledger_path(self) -> Path:
        return self.data_dir / "gateway" / "ledger.jsonl"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the simulator isn't running")
        return self._process.pid

    def start(self) -> SimulatorProcess:
        """Starts it and waits until it answers; again after `stop` or `kill`, on the same port and data."""
        command = [sys.executable, "-m", "engage.sms.simulator", "--data", str(self.data_dir), "--port", str(self.port)]
        command += ["--line", self.line, "--exit-with-parent"]
        for name, value in self._options.items():
            if value is True:
                command.append(f"--{name.replace('_', '-')}")
            elif value is not None and value is not False:
                command += [f"--{name.replace('_', '-')}", str(value)]
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        # The key goes by the environment: a command line is readable to every user of the machine.
        environment = {**os.environ, "PYTHONPATH": path, "KAVENEGAR_API_KEY": self.api_key}
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        ready = self._read_ready()
        self.base_url = str(ready["url"])
        self.port = int(self.base_url.rpartition(":")[2])
        return self

    def stop(self, timeout: float = 10.0) -> None:
        """Stops it in good order; nothing where it isn't running."""
        if self._process is not None:
            self._process.terminate()
            self._end(timeout)

    def kill(self) -> None:
        """Kills it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._end(10.0)

    def admin(self, name: str, **given: Any) -> Any:
        """POSTs to `/_admin/<name>` and returns its JSON. ValueError with the simulator's words when it refuses."""
        return self._answer(self._session.post(f"{self.base_url}/_admin/{name}", json=given, timeout=30))

    def ask(self, name: str, **query: Any) -> Any:
        """GETs `/_admin/<name>` and returns its JSON."""
        return self._answer(self._session.get(f"{self.base_url}/_admin/{name}", params=query, timeout=30))

    def reset(self) -> None:
        """As freshly started on an empty folder: no faults, settings or blocks, no messages; the old ledger is set aside."""
        self.admin("reset", messages=True)

    def stats(self) -> dict[str, Any]:
        """Counters: accepted, received, unreached, deduplicated, credit, faults_fired, receipts_…"""
        return dict(self.ask("stats"))

    def inbox(self, number: str) -> list[dict[str, Any]]:
        """What the phone received, oldest first."""
        return list(self.ask("inbox", number=number))

    def answer(self, number: str, text: str, line: str | None = None) -> None:
        """The phone sends an SMS to the line."""
        self.admin("inbound", number=number, text=text, line=line or self.line)

    def ledger(self) -> list[dict[str, Any]]:
        """Every SMS a phone really received, oldest first; readable while it runs and after it stopped."""
        if not self.ledger_path.exists():
            return []
        with self.ledger_path.open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def wait_for_receipts(self, timeout: float = 20.0) -> None:
        """Returns when no push is waiting. TimeoutError otherwise."""
        end = time.monotonic() + timeout
        while self.stats()["receipts_waiting"]:
            if time.monotonic() > end:
                raise TimeoutError("receipts are still waiting")
            time.sleep(0.02)

    def _answer(self, response: requests.Response) -> Any:
        if response.status_code != 200:
            raise ValueError(response.text)
        return response.json()

    def _read_ready(self) -> dict[str, Any]:
        process = self._process
        assert process is not None and process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], self._ready_timeout)
        words = process.stdout.readline() if readable else b""
        try:
            ready = dict(json.loads(words))
        except ValueError:
            ready = {}
        if not ready.get("ready"):
            self.kill()
            raise RuntimeError(f"the simulator didn't start: {ready.get('error', 'no word from it')}")
        return ready

    def _end(self, timeout: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._session.close()
