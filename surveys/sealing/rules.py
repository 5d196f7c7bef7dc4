"""How many sealed answers move on, what is told of their days, and which surveys can't keep the promise. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from surveys.definitions import Definition

MOVE_AT = 40
"""So many answers wait under seal before any of them moves on."""
STEP = 20
"""They move in multiples of this, drawn at random; at least as many stay behind."""
LEAST = 20
"""A survey with fewer answers in all is never opened."""


def count_to_move(buffered: int) -> int:
    """How many of `buffered` answers may move on: 0 below `MOVE_AT`; afterwards `STEP` to 2·`STEP` − 1 stay behind."""
    return 0 if buffered < MOVE_AT else (buffered - STEP) // STEP * STEP


def days_told(days: Sequence[date]) -> list[date]:
    """For each of these days the one that is stored with its answer: at least `LEAST` answers that move together share it, or all do.

    The database knows on which day a link was opened and, by its transaction numbers, about when it answered; the only answer of a quiet
    day would say whose it is. So days are put together, in their order, until enough answers share one; it is then called by its median.
    """
    groups: list[list[date]] = [[]]
    for day, count in sorted(Counter(days).items()):
        if len(groups[-1]) >= LEAST:
            groups.append([])
        groups[-1] += [day] * count
    if len(groups) > 1 and len(groups[-1]) < LEAST:
        last = groups.pop()
        groups[-1] += last
    told = {day: group[len(group) // 2] for group in groups for day in group}
    return [told[day] for day in days]


NAMING = frozenset({"phone", "national_id", "upload"})
"""Types whose answer is the person, or leaves a trace of its own beside the seal (a file has a time)."""


def promise_gap(definition: Definition) -> str:
    """The code of what keeps this definition from being asked anonymously, or nothing.

    A quota is counted while answers are under seal: its first count would be the first citizen's answer.
    """
    if definition.quotas:
        return "anonymous_with_quota"
    if any(question.__struct_config__.tag in NAMING for question in definition.questions):
        return "anonymous_asks_who"
    return ""
