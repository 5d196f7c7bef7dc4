"""A stand-in for the SMS gateway, as a process of its own: its contract, credit and faults, and the phones at the other end."""

from __future__ import annotations

from collections.abc import Sequence


def run(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM; prints one JSON line with its address when ready. 0, or 1 if it can't start."""
    # Here, so that importing `process` in a test doesn't load the server.
    from engage.sms.simulator.options import read_options
    from engage.sms.simulator.server import serve

    return serve(read_options(argv))
