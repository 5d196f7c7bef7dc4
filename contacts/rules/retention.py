"""How long what is kept: which time limit holds where, and who has come to its end. Pure.

A limit is set by a unit for a field, a purpose or people as a whole, and holds for the unit's subtree where no nearer unit says
otherwise. Months are those of the Jalali calendar: what was said on 31 Mordad lasts six months until 30 Bahman.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from engage import persian
from engage.refusal import Refused

MOST_MONTHS = 240
_TEHRAN = ZoneInfo("Asia/Tehran")


class Subject(StrEnum):
    FIELD = "field"
    """A value is cleared so long after the person last changed, or last agreed to something."""
    PURPOSE = "purpose"
    """A consent ends so long after it was given."""
    PERSON = "person"
    """Somebody without any consent is erased so long after the last one ended."""


FIELDS = ("first_name", "last_name", "neighbourhood", "gender", "birth_year", "language", "notes")
CUSTOM = "custom:"


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit as a unit set it."""

    unit_id: int
    subject: Subject
    key: str
    months: int

    @property
    def about(self) -> tuple[Subject, str]:
        return self.subject, self.key


def check_limit(subject: str, key: str, months: int, *, purposes: Iterable[str], custom_keys: Iterable[str]) -> tuple[Subject, str]:
    """The subject and key of a limit that may be set. Refused: "retention_subject_unknown", "retention_months_invalid"."""
    if subject not in list(Subject):
        raise Refused("retention_subject_unknown")
    known = {
        Subject.FIELD: {*FIELDS, *(f"{CUSTOM}{name}" for name in custom_keys)},
        Subject.PURPOSE: set(purposes),
        Subject.PERSON: {""},
    }[Subject(subject)]
    if key not in known:
        raise Refused("retention_subject_unknown")
    if not 1 <= months <= MOST_MONTHS:
        raise Refused("retention_months_invalid", most=MOST_MONTHS)
    return Subject(subject), key


def limits_in_force(limits: Iterable[Limit], paths: Mapping[int, str]) -> dict[Limit, tuple[int, ...]]:
    """Each limit with the units it holds in: those of its unit's subtree for which no nearer one speaks about the same thing.

    `paths` gives every unit's path ("/1/5/9/"). A limit that holds nowhere is left out.
    """
    by_subject: dict[tuple[Subject, str], dict[int, Limit]] = {}
    for limit in limits:
        by_subject.setdefault(limit.about, {})[limit.unit_id] = limit
    held: dict[Limit, list[int]] = {}
    for unit_id, path in sorted(paths.items()):
        above = [int(part) for part in path.strip("/").split("/")]
        for of_units in by_subject.values():
            nearest = next((of_units[each] for each in reversed(above) if each in of_units), None)
            if nearest is not None:
                held.setdefault(nearest, []).append(unit_id)
    return {limit: tuple(units) for limit, units in held.items()}


def cutoff(now: datetime, months: int) -> datetime:
    """What happened at this moment or before it is `months` Jalali months old at `now`; the time of the day in Tehran is kept."""
    local = now.astimezone(_TEHRAN)
    year, month, day = persian.to_jalali(local.date())
    index = year * 12 + month - 1 - months
    back = None
    while back is None:
        try:
            back = persian.from_jalali(index // 12, index % 12 + 1, day)
        except ValueError:  # the earlier month is shorter
            day -= 1
    return datetime.combine(back, local.timetz()).astimezone(UTC)
