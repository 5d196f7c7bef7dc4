"""Officers are told of a cause once, when it appears, and no longer reminded when it is gone."""

from __future__ import annotations

from campaigns.alerting.causes import PREFIX, Cause, current_causes, pause_cause, sweeper_cause
from campaigns.events import CampaignPaused
from engage.db import transaction
from engage.identity.notices import close_notices, notify, open_causes


def look_for_causes() -> int:
    """Whoever may see to a cause is told of it, and of those that are over nobody is reminded. How many notices were written. A sweep,
    repeatable, in any number of copies."""
    with transaction():
        found = current_causes()
        told = sum(_tell(each) for each in found)
        # The sweeper is alive: what its silence had people told of is over with this round.
        for gone in open_causes(PREFIX) - {each.key for each in found}:
            close_notices(gone)
    return told


def tell_of_pause(event: CampaignPaused) -> None:
    """A pause by the engine is told at once; one that somebody chose, or that ends by itself, is not."""
    cause = pause_cause(event.campaign_id)
    if cause is not None:
        _tell(cause)


def watch_sweeper() -> None:
    """Told by whoever works while the sweeper is silent."""
    cause = sweeper_cause()
    if cause is not None:
        with transaction():
            _tell(cause)


def _tell(cause: Cause) -> int:
    return notify(
        cause.code,
        unit_id=cause.unit_id,
        permission=cause.permission,
        cause=cause.key,
        params=cause.params,
        path=cause.path,
        text=cause.text,
        besides=cause.besides,
    )
