"""What the benchmarks measure with: processor time and memory from /proc, medians, and a bare HTTP load."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def family_of(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor seconds (user and system) these processes and their ended children have used."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / _TICK


def resident_megabytes(pid: int) -> float:
    """Proportional memory of one process in MB: pages shared with its siblings are counted in parts."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def load(port: int, visit: Callable[[int], Sequence[bytes]], seconds: float, threads: int) -> tuple[float, list[float]]:
    """Make visits for a while, several at once, each request on a new connection, as phones come. → visits/s, latencies in s.

    Raw sockets: the load runs on the same processors as what it measures, and must not eat what it is to count. The request must
    ask for `Connection: close`. RuntimeError when an answer isn't 200.
    """
    ends = time.monotonic() + seconds
    latencies: list[float] = []
    failures: list[str] = []
    lock = threading.Lock()

    def run(first: int) -> None:
        mine = []
        number = first
        while time.monotonic() < ends and not failures:
            requests = visit(number)
            number += threads
            began = time.perf_counter()
            for request in requests:
                with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                    connection.sendall(request)
                    answer = connection.recv(65536)
                    while chunk := connection.recv(65536):
                        answer += chunk
                if not answer.startswith(b"HTTP/1.1 200"):
                    failures.append(answer[:60].decode("latin-1"))
                    return
            mine.append(time.perf_counter() - began)
        with lock:
            latencies.extend(mine)

    began = time.monotonic()
    workers = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise RuntimeError(f"the server answered {failures[0]}")
    return len(latencies) / (time.monotonic() - began), latencies


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
