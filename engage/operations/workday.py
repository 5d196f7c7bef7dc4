"""Ten o'clock on a working day: when rehearsals, benchmarks and late demos play."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engage.clock import TEHRAN


def working_day_at_ten(moment: datetime) -> datetime:
    """The next Saturday-to-Wednesday 10:00 in Tehran from `moment` on."""
    local = moment.astimezone(TEHRAN)
    ten = local.replace(hour=10, minute=0, second=0, microsecond=0)
    if ten < local:
        ten += timedelta(days=1)
    while ten.weekday() in (3, 4):  # Thursday and Friday
        ten += timedelta(days=1)
    return ten.astimezone(UTC)
