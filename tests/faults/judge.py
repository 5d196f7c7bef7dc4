"""What really happened to one campaign, by the gateway's own ledger: who got how many texts, and when.

Lost and doubled are counted by phone number alone, so that nothing the engine (or another sender) wrote about itself can hide one:
a number has one identity, and a campaign here has one wave. The message rows only have to agree with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from engage.clock import TEHRAN
from tests.faults.clocks import Jump

NEVER_SENT = frozenset({"pending", "suppressed", "cancelled", "failed"})
SURELY_SENT = frozenset({"accepted", "delivered", "undelivered"})


class Line(NamedTuple):
    at: datetime
    receptor: str
    place: int = 0
    """Bytes before it in the ledger"""


class Row(NamedTuple):
    receptor: str
    state: str


@dataclass(frozen=True)
class Verdict:
    """All but `people`, `received`, `suppressed` and `cancelled` must be 0."""

    people: int
    """numbers the campaign was for"""
    received: int
    """numbers that got at least one text"""
    suppressed: int
    """numbers suppressed, or that withdrew, while it was being sent, whether they had got it already or not"""
    cancelled: int
    """numbers that were due and whose campaign was cancelled before they got anything"""
    lost: int
    """numbers that were due and got nothing"""
    doubled: int
    """texts beyond a number's first"""
    to_suppressed: int
    """texts to numbers suppressed, or that had withdrawn, before anybody could have claimed them"""
    outside_window: int
    unsettled: int
    """rows pending, sending or unknown"""
    contradicted: int
    """rows that say sent where the ledger has nothing, or never sent where it has a text"""

    @property
    def is_clean(self) -> bool:
        faults = (self.lost, self.doubled, self.to_suppressed, self.outside_window, self.unsettled, self.contradicted)
        return not any(faults)


def judge(
    people: Iterable[str],
    rows: Iterable[Row],
    ledger: Iterable[Line],
    *,
    suppressed: Mapping[str, datetime] | None = None,
    window: tuple[int, int] = (9 * 60, 21 * 60),
    shut: tuple[datetime, datetime] | None = None,
    grace: timedelta = timedelta(0),
    jumps: Sequence[Jump] = (),
    is_cancelled: bool = False,
) -> Verdict:
    """Hold rows and people (numbers as the gateway writes them) against the ledger.

    `suppressed` says from when on a number was suppressed, `window` the minutes of the Tehran day by the gateway's clock, `shut` a time
    in which the window was closed besides. A claim made just before a suppression may go out until `grace` after it. `jumps` are the
    times in which the gateway's clock was wrong. Of a cancelled campaign nobody is due any more, and nobody may get it twice.
    """
    people, rows, suppressed = set(people), list(rows), dict(suppressed or {})
    mine = [line for line in ledger if line.receptor in people]
    copies = Counter(line.receptor for line in mine)
    states = Counter(row.state for row in rows)
    without = len(people - set(copies) - set(suppressed))
    return Verdict(
        people=len(people),
        received=len(copies),
        suppressed=len(suppressed),
        cancelled=without if is_cancelled else 0,
        lost=0 if is_cancelled else without,
        doubled=sum(copies.values()) - len(copies),
        to_suppressed=sum(line.receptor in suppressed and _true_moment(line, jumps) > suppressed[line.receptor] + grace for line in mine),
        outside_window=sum(not _is_inside(line.at, window, shut) for line in mine),
        unsettled=states["pending"] + states["sending"] + states["unknown"],
        contradicted=sum(row.state in (SURELY_SENT if copies[row.receptor] == 0 else NEVER_SENT) for row in rows),
    )


def read_ledger(path: Path) -> list[Line]:
    """Every text a phone received, oldest first."""
    if not path.exists():
        return []
    found, place = [], 0
    with path.open("rb") as lines:
        for raw in lines:
            each = json.loads(raw)
            found.append(Line(datetime.fromisoformat(each["at"]), each["receptor"], place))
            place += len(raw)
    return found


def _true_moment(line: Line, jumps: Sequence[Jump]) -> datetime:
    moments = (jump.true_moment(line.at, line.place) for jump in jumps)
    return next((moment for moment in moments if moment is not None), line.at)


def _is_inside(at: datetime, window: tuple[int, int], shut: tuple[datetime, datetime] | None) -> bool:
    local = at.astimezone(TEHRAN)
    if shut is not None and shut[0] <= at < shut[1]:
        return False
    return window[0] <= local.hour * 60 + local.minute < window[1]
