"""Settings: everything the environment decides, read once, at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from engage.refusal import Refused


@dataclass(frozen=True)
class Timings:
    """Intervals of the sending engine, in seconds.

    Production counts in minutes; tests and rehearsals scale everything down together (`scaled`), so that the ratios between
    lease, grace and polling, on which "nothing doubled" rests, are the same everywhere.
    """

    lease: float = 120.0
    """A claimed batch belongs to its worker this long; after that the sweeper calls its messages unknown."""
    lease_margin: float = 30.0
    """A worker doesn't start a gateway call with less of its lease left than this."""
    unknown_grace: float = 180.0
    """An uncertain message is looked up at the gateway no sooner than this after the call."""
    lookup_interval: float = 180.0
    """Between two look-ups of the same message."""
    lookup_window: float = 11 * 3600.0
    """Past this age the gateway has forgotten our local ids (12 h by contract): an officer decides."""
    retry_delay: float = 30.0
    """First back-off after a certain refusal; doubles up to `retry_delay_max`."""
    retry_delay_max: float = 600.0
    sweep: float = 5.0
    """Between two rounds of the sweeper."""
    ring_again: float = 20.0
    """An event or a due batch nobody took after this long gets its doorbell rung again."""
    receipt_polls: tuple[float, ...] = (360.0, 1800.0, 7200.0, 28800.0, 86400.0, 169200.0)
    """Ages of an accepted message at which its receipt is asked for (GATEWAY.md section 4)."""
    receipt_expiry: float = 48 * 3600.0
    early_receipt_keep: float = 48 * 3600.0
    inbound_poll: float = 30.0

    def scaled(self, factor: float) -> Timings:
        """Every interval times `factor`; ratios are kept."""
        values: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            values[each.name] = tuple(v * factor for v in value) if isinstance(value, tuple) else value * factor
        return replace(self, **values)


@dataclass(frozen=True)
class Settings:
    """What one process was told. Secrets are not here: they live in the key file (`engage.vault`)."""

    database_url: str
    redis_url: str
    data_dir: Path
    keys_path: Path
    environment: str = "production"
    base_url: str = "http://127.0.0.1:8000"
    """Where citizens' links point: scheme and host, no slash at the end."""
    gateway_url: str = "https://api.kavenegar.com"
    gateway_api_key: str = field(default="", repr=False)
    gateway_line: str = ""
    gateway_concurrency: int = 4
    """Connections one send worker keeps busy at once."""
    batch_size: int = 200
    """Messages a gateway call carries, at most the gateway's own 200."""
    webhook_token: str = field(default="", repr=False)
    citizens_at_once: int = 200
    """Requests for citizens' pages one web process takes on, waiting ones included; more are asked to come again (503)."""
    unsent_files_mb: int = 2048
    """Megabytes of citizens' files that may lie in one unit before their answers are sent; more are refused until the old ones are swept."""
    metrics_token: str = field(default="", repr=False)
    """Who brings it as a bearer token may read `/metrics`; without one only this machine may."""
    approval_hours: int = 72
    """An approval that was not used for so long is void: the campaign goes back to its author."""
    safety_reserve: int = 0
    """Rials at the gateway that only safety alerts and their all-clears may use."""
    clock_offset: float = 0.0
    """Seconds added to the machine's clock; only rehearsals and tests use it."""
    timings: Timings = field(default_factory=Timings)
    log_level: str = "INFO"
    trusted_proxies: int = 0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from environment variables.

        Refused("settings_incomplete") names the first variable that is missing, Refused("settings_invalid") one that can't be read.
        """
        data_dir = Path(environ.get("ENGAGE_DATA") or "var").resolve()
        try:
            scale = float(environ.get("ENGAGE_TIME_SCALE") or 1)
            return cls(
                database_url=_required(environ, "DATABASE_URL"),
                redis_url=_required(environ, "REDIS_URL"),
                data_dir=data_dir,
                keys_path=Path(environ.get("ENGAGE_KEYS") or data_dir / "keys" / "keys.json"),
                environment=environ.get("ENGAGE_ENV") or "production",
                base_url=(environ.get("ENGAGE_BASE_URL") or cls.base_url).rstrip("/"),
                gateway_url=(environ.get("KAVENEGAR_BASE_URL") or cls.gateway_url).rstrip("/"),
                gateway_api_key=environ.get("KAVENEGAR_API_KEY") or "",
                gateway_line=environ.get("KAVENEGAR_LINE") or "",
                gateway_concurrency=int(environ.get("ENGAGE_GATEWAY_CONCURRENCY") or cls.gateway_concurrency),
                batch_size=max(1, int(environ.get("ENGAGE_BATCH_SIZE") or cls.batch_size)),
                webhook_token=environ.get("ENGAGE_WEBHOOK_TOKEN") or "",
                citizens_at_once=max(1, int(environ.get("ENGAGE_CITIZENS_AT_ONCE") or cls.citizens_at_once)),
                unsent_files_mb=max(1, int(environ.get("ENGAGE_UNSENT_FILES_MB") or cls.unsent_files_mb)),
                metrics_token=environ.get("ENGAGE_METRICS_TOKEN") or "",
                approval_hours=max(1, int(environ.get("ENGAGE_APPROVAL_HOURS") or cls.approval_hours)),
                safety_reserve=max(0, int(environ.get("ENGAGE_SAFETY_RESERVE") or cls.safety_reserve)),
                clock_offset=float(environ.get("ENGAGE_CLOCK_OFFSET") or 0),
                timings=Timings() if scale == 1 else Timings().scaled(scale),
                log_level=environ.get("ENGAGE_LOG_LEVEL") or "INFO",
                trusted_proxies=int(environ.get("ENGAGE_TRUSTED_PROXIES") or 0),
            )
        except ValueError as error:
            raise Refused("settings_invalid", detail=str(error)) from None

    @property
    def is_demo(self) -> bool:
        return self.environment == "demo"


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise Refused("settings_incomplete", name=name)
    return value
