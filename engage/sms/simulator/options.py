"""How a simulator is started: flags, with the environment behind them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LINE = "10004346"
DEFAULT_API_KEY = "simulator-key"
DEFAULT_PORT = 8350
DEFAULT_CREDIT = 10_000_000_000


@dataclass(frozen=True)
class Options:
    """One start. None means "as it was when it last stopped, else the default"."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    lines: tuple[str, ...] = (DEFAULT_LINE,)
    api_key: str = DEFAULT_API_KEY
    credit: int | None = None
    webhook_url: str | None = None
    inbound_url: str | None = None
    operator_seconds: float | None = None
    phone_seconds: float | None = None
    clock_offset: float = 0.0
    latency: float = 0.0
    exit_with_parent: bool = False


def read_options(argv: Sequence[str] | None = None) -> Options:
    """Options from the command line; exits with 2 on what can't be read."""
    parser = argparse.ArgumentParser(prog="engage simulate-gateway", description="An SMS gateway with phones, for one machine.")
    add = parser.add_argument
    add("--data", type=Path, default=Path(os.environ.get("ENGAGE_DATA") or "var"), help="folder; state goes to DIR/gateway")
    add("--port", type=int, default=DEFAULT_PORT, help="0 takes any free one")
    add("--host", default="127.0.0.1", choices=("127.0.0.1", "localhost", "::1"))
    add("--line", action="append", dest="lines", help="sender line of the account, repeatable")
    add("--api-key", default=os.environ.get("KAVENEGAR_API_KEY") or DEFAULT_API_KEY)
    add("--credit", type=int, help="rials of a new account")
    add("--webhook-url", help="where delivery receipts are pushed")
    add("--inbound-url", help="where citizens' messages are pushed")
    add("--operator-seconds", type=float, help="from accepted to handed to the operator")
    add("--phone-seconds", type=float, help="from accepted to delivered")
    add("--clock-offset", type=float, default=float(os.environ.get("ENGAGE_CLOCK_OFFSET") or 0), help="seconds added to the clock")
    add("--latency-ms", type=float, default=0.0, help="added to every reply")
    add("--exit-with-parent", action="store_true", help="stop when the starting process ends")
    given = parser.parse_args(argv)
    return Options(
        data=given.data,
        host=given.host,
        port=given.port,
        lines=tuple(given.lines or (os.environ.get("KAVENEGAR_LINE") or DEFAULT_LINE,)),
        api_key=given.api_key,
        credit=given.credit,
        webhook_url=given.webhook_url,
        inbound_url=given.inbound_url,
        operator_seconds=given.operator_seconds,
        phone_seconds=given.phone_seconds,
        clock_offset=given.clock_offset,
        latency=given.latency_ms / 1000,
        exit_with_parent=given.exit_with_parent,
    )
