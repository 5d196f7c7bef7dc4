"""The ground that fault tests share: durable servers and a gateway of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engage.embedded.folders import socket_folder
from tests.faults.harness import ROOT, Ground, open_ground


@pytest.fixture(scope="package")
def ground() -> Iterator[Ground]:
    # What the processes said stays in var/faults/logs until the next run.
    with tempfile.TemporaryDirectory(prefix="engage-faults-") as folder:
        with open_ground(Path(folder)) as opened:
            try:
                yield opened
            finally:
                kept = ROOT / "var" / "faults" / "logs"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(Path(folder) / "logs", kept)
        shutil.rmtree(socket_folder(Path(folder)), ignore_errors=True)
