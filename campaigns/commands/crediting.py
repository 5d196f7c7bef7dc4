"""Rials at the gateway are set aside for what is approved, one approval after the other, and a reserve is kept for safety alerts."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from campaigns import credit
from campaigns.models import Campaign
from engage.clock import now
from engage.db import in_transaction, transaction
from engage.refusal import Refused

_LOCK = "campaign credit"


FRESH = timedelta(minutes=10)
"""An older answer promises nothing and refuses nothing."""


def reserve_credit(campaign: Campaign, known: credit.Credit | None = None) -> None:
    """The free credit carries the campaign's estimate, and nobody else can be promised the same rials before the caller's transaction
    ends. `known` is a fresh answer of the gateway's; without one the last that was kept. Where the gateway never told its credit, nothing
    can be promised and nothing is refused: the start asks it again. Safety alerts wait for nobody's reservation.

    Refused("credit_not_free", free, cost, protected). RuntimeError outside of a transaction.
    """
    if not in_transaction():
        raise RuntimeError("credit is set aside within the transaction that approves")
    if campaign.kind in credit.USES_RESERVE:
        return
    with transaction() as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(_LOCK))))
        session.flush()
        found = known or credit.known_credit()
        if found is None or now() - found.asked_at > FRESH:
            return
        free = credit.free_for(campaign.kind, found, besides=campaign.id)
        cost = campaign.cost_estimate or 0
        if cost > free:
            raise Refused("credit_not_free", free=free, cost=cost, protected=credit.protected_from(campaign.kind))
