"""What units did in a span of time, side by side and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from campaigns.queries.periods import replies_by_unit, sends_by_unit
from engage.clock import TEHRAN
from engage.identity.queries import UnitNode
from engage.reports.sharing.queries import promise_of
from engage.reports.trends.periods import Period
from surveys.queries import list_surveys
from surveys.queries.periods import answers_by_unit


@dataclass(frozen=True)
class UnitLine:
    """One unit's figures of its own, without those of the units below; `unit_id` None for all together."""

    unit_id: int | None
    name: str
    depth: int
    campaigns: int = 0
    texts: int = 0
    people: int = 0
    """Distinct numbers a text is known to have reached; together nobody counts twice, so the lines add up to more"""
    surveys: int = 0
    answers: int = 0
    replies: int = 0
    """Citizens' texts that a person answered"""
    median_wait: timedelta | None = None
    promised: int = 0
    """Surveys whose results were promised for a day of this span"""
    late: int = 0
    """Of them, not published on their day, or not yet"""

    @property
    def is_empty(self) -> bool:
        return not (self.campaigns or self.answers or self.replies or self.promised)


def roll_up(units: Sequence[UnitNode], period: Period) -> list[UnitLine]:
    """A line for each unit that did something, in the order of the tree, and the sum last; nothing where nobody did."""
    ids = [unit.id for unit in units]
    sends = sends_by_unit(ids, period.first, period.last)
    replies = replies_by_unit(ids, period.first, period.last)
    answers = answers_by_unit(ids, period.first, period.last)
    promised, late = _promises(ids, period)
    lines = []
    for unit in units:
        sent, replied, answered = sends.get(unit.id), replies.get(unit.id), answers.get(unit.id)
        lines.append(
            UnitLine(
                unit.id,
                unit.name,
                unit.depth,
                sent.campaigns if sent else 0,
                sent.texts if sent else 0,
                sent.people if sent else 0,
                answered.surveys if answered else 0,
                answered.answers if answered else 0,
                replied.count if replied else 0,
                replied.median_wait if replied else None,
                promised.get(unit.id, 0),
                late.get(unit.id, 0),
            )
        )
    lines = [line for line in lines if not line.is_empty]
    if not lines:
        return []
    everybody, answered_all = sends.get(None), replies.get(None)
    together = UnitLine(
        None,
        "",
        0,
        sum(line.campaigns for line in lines),
        sum(line.texts for line in lines),
        everybody.people if everybody else 0,
        sum(line.surveys for line in lines),
        sum(line.answers for line in lines),
        sum(line.replies for line in lines),
        answered_all.median_wait if answered_all else None,
        sum(line.promised for line in lines),
        sum(line.late for line in lines),
    )
    return [*lines, together]


def _promises(unit_ids: Sequence[int], period: Period) -> tuple[dict[int, int], dict[int, int]]:
    promised: dict[int, int] = {}
    late: dict[int, int] = {}
    first, last = period.first.astimezone(TEHRAN).date(), period.last.astimezone(TEHRAN).date()
    for survey in list_surveys(unit_ids):
        if survey.state == "draft":
            continue
        promise = promise_of(survey.id)
        if promise is None or promise.results_on is None or not first <= promise.results_on < last:
            continue
        promised[survey.unit_id] = promised.get(survey.unit_id, 0) + 1
        late[survey.unit_id] = late.get(survey.unit_id, 0) + promise.is_late
    return promised, late
