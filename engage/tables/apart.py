"""Files of strangers are parsed in a process of its own: limited, without keys, killed with whoever started it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

MEMORY = 2 << 30
"""Address space; a text file needs 60 MB of memory, a workbook of a million rows up to 1.5 GB."""
NICENESS = 10

_ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_PR_SET_PDEATHSIG = 1


def start_apart(module: str, *, memory: int, cpu_seconds: int) -> subprocess.Popen[bytes]:
    """`python -m module LIMITS` with pipes for input and output; the module begins with `limit_this_process(LIMITS)`."""
    limits = {"memory": memory, "cpu": cpu_seconds, "nice": NICENESS, "parent": os.getpid()}
    return subprocess.Popen(
        [sys.executable, "-m", module, msgspec.json.encode(limits).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Nothing of the application's surroundings: no address of a database, no path of keys.
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"PYTHONPATH": str(_ROOT)},
        cwd=_ROOT,
        close_fds=True,
    )


def was_stopped_by_limits(returncode: int | None) -> bool:
    """Whether a process that is gone had needed too much, rather than met a file nobody can read."""
    return returncode in (-signal.SIGXCPU, -signal.SIGABRT)


def limit_this_process(argument: str) -> None:
    """From here on this process has the memory and time it was given, writes no file, and dies with its parent."""
    limits: Mapping[str, int] = msgspec.json.decode(argument, type=dict[str, int])
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != limits["parent"]:  # it died before the kernel knew
        os._exit(1)
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # Between the two the kernel says why (SIGXCPU) before it only kills.
        above = bound + 5 if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else bound
        resource.setrlimit(kind, (bound, above))
    os.nice(limits["nice"])
    gc.disable()  # rows make no cycles, and this process ends with its file
