"""Entrances as pages see them: one statement each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from engage.clock import now, today_in_tehran
from engage.db import db
from engage.identity.queries import units_tree, user_names
from surveys import rules as survey_rules
from surveys.entrances.rules import EntranceFacts, EntranceState, Kind, entrance_state, is_slug_shaped
from surveys.models import Entrance, EntranceCount, EntranceTurn, Response, Survey


@dataclass(frozen=True)
class FoundEntrance:
    """An entrance with its survey and office, as they stand now."""

    id: int
    slug: str
    kind: Kind
    label: str
    asks_phone: bool
    response_limit: int | None
    collector_limit: int | None
    device_limit: int | None
    response_count: int
    closed_at: datetime | None
    survey_id: int
    survey_slug: str
    title: str
    survey_state: str
    version_id: int | None
    closes_at: datetime | None
    results_on: date | None
    survey_closed_at: datetime | None
    is_anonymous: bool
    survey_limit: int | None
    """So many responses close the survey, whichever way they came"""
    notice: str
    unit_id: int
    office_name: str

    @property
    def facts(self) -> EntranceFacts:
        return EntranceFacts(
            self.survey_state, self.version_id is not None, self.closes_at, self.closed_at, self.response_limit, self.response_count
        )

    @property
    def state(self) -> EntranceState:
        return entrance_state(self.facts, now())

    @property
    def address(self) -> str:
        """Below the public host; of an open link alone."""
        return f"/o/{self.slug}"


@dataclass(frozen=True)
class CollectorCount:
    name: str
    response_count: int


@dataclass(frozen=True)
class OwnCount:
    """What one collector has entered through one entrance; nobody else's figures are in it."""

    today: int
    total: int


@dataclass(frozen=True)
class LastEntry:
    """The newest response somebody entered through an entrance."""

    response_id: int
    number: int
    version_id: int
    answers: dict[str, Any]
    submitted_at: datetime


_COLUMNS: Select[Any] = select(
    Entrance.id,
    Entrance.slug,
    Entrance.kind,
    Entrance.label,
    Entrance.asks_phone,
    Entrance.response_limit,
    Entrance.collector_limit,
    Entrance.device_limit,
    Entrance.response_count,
    Entrance.closed_at,
    Survey.id,
    Survey.slug,
    Survey.title,
    Survey.state,
    Survey.published_version_id,
    Survey.closes_at,
    Survey.results_on,
    Survey.closed_at,
    Survey.is_anonymous,
    Survey.response_limit,
    Survey.notice,
    Survey.unit_id,
).join(Survey, Survey.id == Entrance.survey_id)


def find_entrance(slug: str) -> FoundEntrance | None:
    """The entrance behind the letters of an address; None for any that lead nowhere. Capital letters are read as small ones."""
    letters = slug.lower() if slug.isascii() else ""
    return next(iter(_found(Entrance.slug == letters)), None) if is_slug_shaped(letters) else None


def get_entrance(entrance_id: int) -> FoundEntrance | None:
    return next(iter(_found(Entrance.id == entrance_id)), None)


def entrances_of(survey_id: int) -> list[FoundEntrance]:
    """All ways into a survey, open ones first, newest first."""
    return sorted(_found(Entrance.survey_id == survey_id), key=lambda each: (each.closed_at is not None, -each.id))


def entrances_to_collect(unit_ids: Iterable[int]) -> list[FoundEntrance]:
    """Where answers can be entered for citizens now, in surveys of these units."""
    wanted = list(unit_ids)
    found = _found(
        Survey.unit_id.in_(wanted),
        Survey.state == survey_rules.OPEN,
        Entrance.kind.in_([Kind.COLLECTOR, Kind.PAPER]),
        Entrance.closed_at.is_(None),
    )
    return [each for each in found if each.state in (EntranceState.OPEN, EntranceState.FULL)]


def _found(*conditions: ColumnElement[bool]) -> list[FoundEntrance]:
    rows = db.session.execute(_COLUMNS.where(*conditions).order_by(Entrance.id.desc())).all()
    if not rows:
        return []
    names = {node.id: node.name for node in units_tree()}
    return [FoundEntrance(*row[:2], Kind(row[2]), *row[3:], names.get(row[-1], "")) for row in rows]  # type: ignore[call-arg]


def collector_key(user_id: int) -> str:
    return f"collector:{user_id}"


def collector_day_key(user_id: int) -> str:
    return f"collector:{user_id}:{today_in_tehran().date().isoformat()}"


def own_count(entrance_id: int, user_id: int) -> OwnCount:
    total, today = collector_key(user_id), collector_day_key(user_id)
    counts = _counts(entrance_id, (total, today))
    return OwnCount(counts.get(today, 0), counts.get(total, 0))


def count_under(entrance_id: int, key: str) -> int:
    """How many responses the holder of this key has given through the entrance."""
    return _counts(entrance_id, (key,)).get(key, 0)


def _counts(entrance_id: int, keys: Iterable[str]) -> dict[str, int]:
    rows = db.session.execute(
        select(EntranceCount.key, EntranceCount.response_count).where(
            EntranceCount.entrance_id == entrance_id, EntranceCount.key.in_(list(keys))
        )
    )
    return {row.key: row.response_count for row in rows}


def collector_counts(entrance_id: int) -> list[CollectorCount]:
    """Who entered how much, most first; for those who may see the survey's entrances."""
    rows = db.session.execute(
        select(EntranceCount.key, EntranceCount.response_count).where(
            EntranceCount.entrance_id == entrance_id, EntranceCount.key.regexp_match("^collector:[0-9]+$")
        )
    ).all()
    counts = {int(key.partition(":")[2]): count for key, count in rows}
    names = user_names(counts)
    return [CollectorCount(names.get(user, ""), count) for user, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]


def last_entry(entrance_id: int, user_id: int) -> LastEntry | None:
    """The newest response this person entered here, if the survey keeps who entered what (anonymous ones don't)."""
    row = db.session.execute(
        select(Response.id, EntranceTurn.number, Response.version_id, Response.answers, Response.submitted_at)
        .join(EntranceTurn, EntranceTurn.response_id == Response.id)
        .where(Response.entrance_id == entrance_id, Response.collector_id == user_id, Response.excluded_at.is_(None))
        .order_by(Response.id.desc())
        .limit(1)
    ).first()
    return LastEntry(*row) if row else None
