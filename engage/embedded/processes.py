"""Starting processes that cannot outlive their parent, and waiting for processes to be gone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(death_signal: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `death_signal` to the child when the *thread* that started it ends.

    Start such children from a thread that lives as long as they should, in practice the main thread. It holds even when
    the parent is killed with -9, which no handler, atexit or context manager survives.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def arm() -> None:
        if libc is None:
            return
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl: the signal would never come
            os._exit(1)

    return arm


def spawn(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    death_signal: int = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that dies with us; its output is appended to `log`.

    The session keeps a terminal's Ctrl-C away from it: whoever started it stops it, in order.
    """
    with open(log, "ab") as output:
        return subprocess.Popen(
            [os.fspath(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),  # one prctl, nothing that could wait for a lock
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
        )


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return sys.platform != "linux"
    return status.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def wait_gone(pid: int, seconds: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether the process is gone within `seconds`; our own child is reaped on the way."""
    deadline = time.monotonic() + seconds
    while True:
        if process is not None:
            process.poll()
        if not is_alive(pid):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)


def stop_process(
    pid: int, signals: Sequence[tuple[int, float]], process: subprocess.Popen[bytes] | None = None
) -> None:
    """The process is gone afterwards: each signal in turn, each with its seconds to take effect."""
    for number, seconds in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        if wait_gone(pid, seconds, process):
            break
    if process is not None:
        process.poll()
