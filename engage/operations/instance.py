"""A data folder's own settings: what `engage up` chose, kept so that a second start and other commands choose the same."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns.rules import is_within_window
from engage.operations.workday import working_day_at_ten
from engage.refusal import Refused
from engage.sms.simulator.options import DEFAULT_API_KEY, DEFAULT_LINE

HOST = "127.0.0.1"
DEMO_OPENS, DEMO_CLOSES = 9 * 60, 18 * 60
"""Minutes of the Tehran day in which a demo may start without moving its clock."""


@dataclass(frozen=True)
class Instance:
    """One installation on this machine; stored in `<data>/instance.json` with mode 0600."""

    data_dir: Path
    port: int
    gateway_port: int
    environment: str
    webhook_token: str
    clock_offset: float = 0.0
    """Seconds the demo's clock is ahead, so that it is never night there; 0 outside the demo."""

    @property
    def console_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"http://{HOST}:{self.gateway_port}"

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` with this instance's settings filled in where it says nothing; what the caller set stays."""
        ours = {
            "ENGAGE_DATA": str(self.data_dir),
            "ENGAGE_KEYS": str(self.data_dir / "keys" / "keys.json"),
            "ENGAGE_ENV": self.environment,
            "ENGAGE_BASE_URL": self.console_url,
            "ENGAGE_WEBHOOK_TOKEN": self.webhook_token,
            "ENGAGE_CLOCK_OFFSET": str(self.clock_offset),
        }
        if not uses_real_gateway(environ):
            ours |= {"KAVENEGAR_BASE_URL": self.gateway_url, "KAVENEGAR_API_KEY": DEFAULT_API_KEY, "KAVENEGAR_LINE": DEFAULT_LINE}
        return ours | {name: value for name, value in environ.items() if value or name not in ours}


def uses_real_gateway(environ: Mapping[str, str]) -> bool:
    """Whether the caller brought a gateway account; otherwise the simulator plays the gateway."""
    return bool(environ.get("KAVENEGAR_API_KEY"))


def find_instance(data_dir: Path) -> Instance | None:
    """The instance of a data folder, None when nothing was ever started there."""
    try:
        stored = json.loads((data_dir / "instance.json").read_text())
        return Instance(
            data_dir,
            int(stored["port"]),
            int(stored["gateway_port"]),
            str(stored["environment"]),
            str(stored["webhook_token"]),
            float(stored.get("clock_offset", 0.0)),
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused("instance_unreadable", path=str(data_dir / "instance.json")) from None


def prepare_instance(data_dir: Path, *, port: int, demo: bool) -> Instance:
    """The stored instance on this port, or a new one. Its ports are free now.

    Refused: "port_in_use" names the port; "instance_unreadable". A simulator's port that somebody took is replaced, since
    nobody has its address by heart.
    """
    if not port_is_free(port):
        raise Refused("port_in_use", port=str(port))
    found = find_instance(data_dir)
    environment = "demo" if demo else "production"
    if found is None:
        instance = Instance(data_dir, port, _gateway_port(port + 1), environment, secrets.token_urlsafe(24))
    else:
        instance = replace(found, port=port, gateway_port=_gateway_port(found.gateway_port, avoid=port), environment=environment)
    if demo:
        instance = replace(instance, clock_offset=demo_clock_offset(datetime.now(UTC), instance.clock_offset))
    _store(instance)
    return instance


def demo_clock_offset(moment: datetime, offset: float) -> float:
    """The offset of a demo's clock: what it was, or more, so that it is a working hour in Tehran.

    Nobody may be texted at night, and a demo is often shown in the evening. The clock only ever goes forward: what was recorded stays
    in the past.
    """
    shown = moment + timedelta(seconds=offset)
    if is_within_window(shown, DEMO_OPENS, DEMO_CLOSES):
        return offset
    return (working_day_at_ten(shown) - moment).total_seconds()


def lock_instance(data_dir: Path) -> int:
    """The data folder's `engage up` lock, held until the returned descriptor is closed. Refused("already_running")."""
    lock = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused("already_running", path=str(data_dir)) from None
    return lock


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does: a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _gateway_port(wished: int, *, avoid: int | None = None) -> int:
    if wished != avoid and port_is_free(wished):
        return wished
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _store(instance: Instance) -> None:
    values = {name: value for name, value in asdict(instance).items() if name != "data_dir"}
    handle, temporary = tempfile.mkstemp(dir=instance.data_dir, prefix=".instance-")
    with os.fdopen(handle, "w") as file:
        json.dump(values, file, indent=1)
    Path(temporary).replace(instance.data_dir / "instance.json")
