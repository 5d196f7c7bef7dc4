"""Officers at their own desks: processes of their own that launch, pause, resume and cancel when they are told to, two of them at once.

`python -m tests.faults.officers` reads orders, a JSON object a line, and answers each with what came of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import campaigns.commands as campaigns
from engage.app import create_app
from engage.config import Settings
from engage.db import db
from engage.refusal import Refused
from tests.faults import clocks
from tests.faults.ground import PASSING

DESKS = 2
SOON = 0.05
"""Both desks begin together, this many seconds after they were told."""


class Desks:
    """The officers' processes; one that died is replaced with the next order."""

    def __init__(self, environ: Mapping[str, str], folder: Path, logs: Path) -> None:
        self._environ, self._folder, self._logs = dict(environ), folder, logs
        self._processes: list[subprocess.Popen[str]] = [self._open(number) for number in range(DESKS)]

    def tell(self, campaign_id: int, *orders: Sequence[str], every: float = 0.0) -> None:
        """The first order is for the first desk, the second for the second: steps, each tried once, with `every` seconds between them."""
        begin_at = time.time() + SOON
        for number, steps in enumerate(orders):
            line = json.dumps({"campaign": campaign_id, "steps": list(steps), "every": every, "at": begin_at})
            try:
                self._write(number, line)
            except OSError:
                self._processes[number] = self._open(number)
                self._write(number, line)

    def answers(self) -> list[dict[str, Any]]:
        """{campaign, done: {step: times}, refused: {code: times}} of every order carried out."""
        found = []
        for number in range(DESKS):
            with self._answers(number).open(encoding="utf-8") as lines:
                found += [json.loads(line) for line in lines if line.endswith("\n")]
        return found

    def close(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _write(self, number: int, line: str) -> None:
        stream = self._processes[number].stdin
        assert stream is not None
        stream.write(line + "\n")
        stream.flush()

    def _open(self, number: int) -> subprocess.Popen[str]:
        self._logs.mkdir(parents=True, exist_ok=True)
        with self._answers(number).open("ab") as answers, (self._logs / f"officer-{number + 1}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.faults.officers"],
                stdin=subprocess.PIPE,
                stdout=answers,
                stderr=log,
                env=self._environ,
                cwd=self._folder,
                text=True,
                start_new_session=True,
            )

    def _answers(self, number: int) -> Path:
        return self._logs / f"officer-{number + 1}.jsonl"


def sit() -> None:
    """Carry out orders until there are no more."""
    clocks.put_under(Path(os.environ[clocks.VARIABLE]))
    app = create_app(Settings.from_env(os.environ))
    for line in sys.stdin:
        order = json.loads(line)
        time.sleep(max(0.0, order["at"] - time.time()))
        done: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for step in order["steps"]:
            with app.app_context():
                code = _take(step, order["campaign"])
            (done if code is None else refused)[code or step] += 1
            time.sleep(order["every"])
        print(json.dumps({"campaign": order["campaign"], "done": done, "refused": refused}), flush=True)


def _take(step: str, campaign_id: int) -> str | None:
    """Why it was not done; None when it was. A server that is just being killed is a reason like any other."""
    commands: dict[str, Callable[..., None]] = {
        "launch": campaigns.launch_campaign,
        "pause": campaigns.pause_campaign,
        "resume": campaigns.resume_campaign,
        "cancel": campaigns.cancel_campaign,
    }
    try:
        commands[step](campaign_id, actor_id=None)
    except Refused as refused:
        return refused.code
    except PASSING as error:
        return type(error).__name__
    finally:
        try:
            db.session.remove()
        except PASSING:
            db.session.registry.clear()
    return None


if __name__ == "__main__":
    sit()
