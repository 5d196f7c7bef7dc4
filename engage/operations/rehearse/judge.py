"""What really happened, by the gateway's own ledger: lost, doubled, unsettled."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from engage.db import db

NEVER_DUE = ("suppressed", "cancelled", "expired", "failed", "blocked")
"""States of messages that a phone was not to receive; whatever else has a row was due."""


@dataclass(frozen=True)
class Verdict:
    """Keyed by (identity, wave): `lost` = due but absent from the ledger, `doubled` = copies beyond the first,
    `unsettled` = pending + sending + unknown."""

    invited: int
    accepted: int
    delivered: int
    lost: int
    doubled: int
    unsettled: int


def judge(ledger: Path, campaign_id: int) -> Verdict:
    """Hold the database's messages against what the phones received. A text of the ledger that no message row explains is a double."""
    rows = db.session.execute(
        text(
            "SELECT m.id, m.identity_id, w.number, m.state FROM message m JOIN wave w ON w.id = m.wave_id WHERE m.campaign_id = :campaign"
        ),
        {"campaign": campaign_id},
    ).all()
    key_of = {row.id: (row.identity_id, row.number) for row in rows}
    copies: Counter[tuple[int, int] | None] = Counter(key_of.get(local_id) for local_id in local_ids(ledger))
    foreign = copies.pop(None, 0)
    due = {(row.identity_id, row.number) for row in rows if row.state not in NEVER_DUE}
    states = Counter(row.state for row in rows)
    first = [row for row in rows if row.number == 1]
    return Verdict(
        invited=len({row.identity_id for row in first}),
        accepted=sum(row.state in ("accepted", "delivered", "undelivered", "expired", "blocked") for row in first),
        delivered=sum(row.state == "delivered" for row in first),
        lost=len(due - set(copies)),
        doubled=sum(count - 1 for count in copies.values()) + foreign,
        unsettled=states["pending"] + states["sending"] + states["unknown"],
    )


def local_ids(ledger: Path) -> list[int | None]:
    """The local id of every text a phone received, oldest first."""
    if not ledger.exists():
        return []
    with ledger.open(encoding="utf-8") as lines:
        return [json.loads(line)["localid"] for line in lines]
