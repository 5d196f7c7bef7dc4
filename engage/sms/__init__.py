"""SMS: the port the house sends through, its adapter, the simulator, and the arithmetic of pages and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engage.config import Settings
    from engage.sms.port import Gateway


def make_gateway(settings: Settings) -> Gateway:
    """The gateway the settings name: the real one, or a simulator when the address is a loopback one.

    ValueError for an address that is neither https nor loopback. Timeouts keep one call inside its lease margin.
    """
    # Here, because the pure modules of this package must not pull an HTTP client in.
    from engage.sms.kavenegar import KavenegarGateway

    margin = settings.timings.lease_margin
    return KavenegarGateway(
        settings.gateway_api_key,
        settings.gateway_url,
        connect_timeout=min(5.0, max(1.0, margin / 6)),
        read_timeout=min(20.0, max(2.0, margin * 2 / 3)),
        pool_size=max(8, settings.gateway_concurrency),
        send_budget=max(4.0, margin),
    )
