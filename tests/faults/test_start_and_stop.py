"""Processes that die at bad moments: nothing outlives its owner, and the next start finds everything as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from engage.embedded import Servers
from engage.embedded.folders import socket_folder
from engage.embedded.processes import is_alive, wait_gone
from engage.operations.supervisor import Part, Supervisor, end_descendants

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys, time; from engage.embedded import Servers\nwith Servers(sys.argv[1]): print('up', flush=True); time.sleep(600)"


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="engage-faults-") as folder:
        yield Path(folder) / "data"
        shutil.rmtree(socket_folder(Path(folder) / "data"), ignore_errors=True)


def hold(data: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def server_pids(data: Path) -> list[int]:
    """Every process whose command line names this data folder or its sockets."""
    marks = (os.fsencode(data), os.fsencode(socket_folder(data)))
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if any(mark in line for mark in marks):
                found.append(int(entry.name))
    return found


def test_killing_the_only_user_takes_the_servers_down(data: Path) -> None:
    user = hold(data)
    assert len(server_pids(data)) >= 4  # the user, the keeper, PostgreSQL, Valkey
    user.kill()
    user.wait()
    assert all(wait_gone(pid, 20) for pid in server_pids(data))
    assert server_pids(data) == []


def test_killing_the_keeper_loses_nothing_and_the_next_user_starts_anew(data: Path) -> None:
    with Servers(data) as servers:
        with psycopg.connect(str(servers.database_url).replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        keeper = next(pid for pid in server_pids(data) if b"keeper" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(keeper, signal.SIGKILL)
        assert wait_gone(keeper, 5)
        assert not servers.is_open()
        servers.open()
        with psycopg.connect(str(servers.database_url).replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    assert server_pids(data) == []


@pytest.mark.parametrize("victim", ["bin/postgres", "valkey-server"])
def test_a_killed_server_comes_back_under_the_same_address(data: Path, victim: str) -> None:
    with Servers(data) as servers:
        pid = next(p for p in server_pids(data) if victim.encode() in Path(f"/proc/{p}/cmdline").read_bytes())
        os.kill(pid, signal.SIGKILL)
        assert wait_gone(pid, 5)
        deadline = time.monotonic() + 20
        while True:
            with Servers(data) as again:
                assert (again.database_url, again.redis_url) == (servers.database_url, servers.redis_url)
            if any(victim.encode() in Path(f"/proc/{p}/cmdline").read_bytes() for p in server_pids(data) if is_alive(p)):
                break
            assert time.monotonic() < deadline
    assert server_pids(data) == []


def test_two_users_starting_at_once_share_one_pair_of_servers(data: Path) -> None:
    users = [subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE, cwd=ROOT) for _ in range(3)]
    try:
        for user in users:
            assert user.stdout is not None
            assert user.stdout.readline() == b"up\n"
        keepers = [p for p in server_pids(data) if b"engage.embedded.keeper" in Path(f"/proc/{p}/cmdline").read_bytes()]
        assert len(keepers) == 1
    finally:
        for user in users:
            user.kill()
            user.wait()
    assert all(wait_gone(pid, 20) for pid in server_pids(data))


SUPERVISE = """
import sys, time
from pathlib import Path
from engage.operations.supervisor import Part, Supervisor
import os
supervisor = Supervisor(Path(sys.argv[1]), Path("/"), say=print)
supervisor.start(Part("nap", [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]], os.environ))
print("up", flush=True)
time.sleep(600)
"""


def test_killing_the_supervisor_takes_its_parts_down(data: Path) -> None:
    data.mkdir()
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(data)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    parts = [pid for pid in server_pids(data) if pid != process.pid]
    assert parts
    process.kill()
    process.wait()
    assert all(wait_gone(pid, 10) for pid in parts)


def test_a_crashed_part_starts_again_and_stop_leaves_not_even_its_orphans(data: Path) -> None:
    data.mkdir()
    said: list[str] = []
    supervisor = Supervisor(data, Path("/"), say=said.append)
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]]); time.sleep(600)"
    part = Part("nap", [sys.executable, "-c", child, str(data)], dict(os.environ))
    supervisor.start(part)
    deadline = time.monotonic() + 15
    while len(server_pids(data)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    first = part.process
    assert first is not None
    first.kill()
    first.wait()
    while part.process is first and time.monotonic() < deadline:
        supervisor.watch()
        time.sleep(0.05)
    assert part.process is not None
    assert part.process is not first
    assert said == [f"nap was killed by SIGKILL; it starts again in 1 s (see {data / 'logs' / 'nap.log'})"]
    supervisor.stop()
    orphans = frozenset(server_pids(data))
    assert orphans  # the grandchild of the killed part: SIGKILL gave its parent no chance
    others = frozenset(int(p) for p in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()) - orphans
    end_descendants(sparing=others)
    assert server_pids(data) == []
