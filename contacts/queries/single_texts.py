"""What single texts cost. Rials; what a look-up found has no known price and counts as nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from contacts.models import SingleText
from engage.db import db

_COST = func.coalesce(func.sum(SingleText.cost), 0)


@dataclass(frozen=True)
class Charge:
    """The texts of one campaign beside its messages that the gateway took in one span of time."""

    charged_to: int
    line: str | None
    texts: int
    pages: int
    cost: int


def cost_charged_to(campaign_id: ColumnElement[Any] | Any) -> ScalarSelect[Any]:
    """Rials charged to a campaign, as a part of a larger statement."""
    return select(_COST).where(SingleText.charged_to == campaign_id).scalar_subquery()


def cost_since(at: datetime) -> int:
    """Rials charged for single texts of every kind that were settled from this moment on."""
    return int(db.session.execute(select(_COST).where(SingleText.settled_at >= at)).scalar_one() or 0)


def charges_between(campaign_ids: Collection[int], first: datetime, last: datetime) -> list[Charge]:
    """What was charged to these campaigns from `first` to before `last`, by the moment the gateway took the text."""
    rows = db.session.execute(
        select(SingleText.charged_to, SingleText.line, func.count(), func.sum(SingleText.page_count), _COST)
        .where(SingleText.charged_to.in_(campaign_ids), SingleText.state == "accepted")
        .where(SingleText.settled_at >= first, SingleText.settled_at < last)
        .group_by(SingleText.charged_to, SingleText.line)
        .order_by(SingleText.charged_to, SingleText.line)
    )
    return [Charge(*row) for row in rows]
