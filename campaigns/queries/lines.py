"""The lines texts go out on, what they cost, and when a campaign's texts may go out on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select, text

from campaigns import rules
from campaigns.kinds import traits_of
from campaigns.models import CalendarDay, SmsLine
from engage.clock import TEHRAN
from engage.db import db
from engage.identity.queries import get_unit
from engage.sms.cost import PagePrice, PriceTable

DEFAULT_PRICE = PagePrice(persian=1_800, latin=4_300)
"""Rials a page on a line nobody has described yet"""


@dataclass(frozen=True)
class LineView:
    number: str
    title: str
    kind: str
    unit_id: int | None
    allows_links: bool
    has_webhook: bool
    per_second: Decimal | None
    price_persian: int
    price_latin: int
    hours: dict[str, Any]
    is_active: bool
    blocked_synced_at: datetime | None
    inbound_kept_at: datetime | None
    """When citizens' texts were last asked for with success, on a line that is polled"""


@dataclass(frozen=True)
class DayView:
    day: date
    kind: str
    title: str


_FIELDS = tuple(LineView.__dataclass_fields__)
_DECIDED = ("title", "kind", "unit_id", "allows_links", "has_webhook", "per_second", "price_persian", "price_latin", "hours", "is_active")


def stamp_of(line: LineView | SmsLine) -> str:
    """Another one as soon as somebody has decided anything else about the line; what workers note down doesn't change it."""
    decided = {name: getattr(line, name) for name in _DECIDED}
    decided["per_second"] = None if line.per_second is None else str(Decimal(line.per_second).normalize())
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]


def list_lines(unit_id: int | None = None, *, active_only: bool = False) -> list[LineView]:
    """All lines, or those a unit may use: its own, those of the units above it, and everybody's."""
    rows = select(*[getattr(SmsLine, name) for name in _FIELDS]).order_by(SmsLine.number)
    if unit_id is not None:
        rows = rows.where(or_(SmsLine.unit_id.is_(None), SmsLine.unit_id.in_(_upwards(unit_id))))
    if active_only:
        rows = rows.where(SmsLine.is_active)
    return [LineView(**row) for row in db.session.execute(rows).mappings()]


def line_in_use(number: str) -> str | None:
    """The line, where texts may still go out on it; None otherwise."""
    line = get_line(number)
    return number if line is not None and line.is_active else None


def _upwards(unit_id: int) -> list[int]:
    unit = get_unit(unit_id)
    return [] if unit is None else [int(part) for part in unit.path.strip("/").split("/")]


def get_line(number: str) -> LineView | None:
    row = db.session.execute(select(*[getattr(SmsLine, name) for name in _FIELDS]).where(SmsLine.number == number)).mappings().first()
    return None if row is None else LineView(**row)


_LATEST = """
    SELECT latest.line, max(latest.accepted_at) FROM (
        SELECT line.number AS line, message.accepted_at
        FROM sms_line line
        CROSS JOIN LATERAL (
            SELECT id FROM campaign WHERE campaign.line = line.number AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT 5
        ) sent
        CROSS JOIN LATERAL (
            SELECT first_id, last_id FROM send_batch WHERE campaign_id = sent.id AND (cost > 0 OR NOT is_open) ORDER BY id DESC LIMIT 10
        ) batch
        JOIN message ON message.id BETWEEN batch.first_id AND batch.last_id
    ) latest GROUP BY latest.line
"""


def last_successes() -> dict[str, datetime]:
    """Line → when the gateway last took a text from it. Read from the last batches of its last campaigns, however many texts there are."""
    return {line: at for line, at in db.session.execute(text(_LATEST)) if at is not None}


def prices_of(number: str) -> PriceTable:
    """What a page costs on the line; the gateway's own figure replaces it as soon as a text was sent."""
    row = db.session.execute(select(SmsLine.price_persian, SmsLine.price_latin).where(SmsLine.number == number)).first()
    return PriceTable(DEFAULT_PRICE if row is None else PagePrice(row[0], row[1]))


def list_days(first: date, last: date) -> list[DayView]:
    """Holidays and mourning days of a span, its ends included."""
    rows = db.session.execute(
        select(CalendarDay.day, CalendarDay.kind, CalendarDay.title).where(CalendarDay.day.between(first, last)).order_by(CalendarDay.day)
    )
    return [DayView(*row) for row in rows]


def hours_of(
    kind: str,
    window: tuple[int, int],
    line: str,
    at: datetime,
    *,
    sends_on_holidays: bool = True,
    sends_on_fridays: bool = True,
    until: datetime | None = None,
) -> rules.Hours | None:
    """When texts of such a campaign may go out from `at` on; None when its hours and its line's never meet."""
    found = get_line(line)
    span = rules.open_minutes(kind, window, found.kind if found else "service", found.hours if found else {})
    if span is None:
        return None
    traits = traits_of(kind)
    if traits.ignores_hours:
        return rules.Hours(*span, until=until)
    resting: Collection[str] = () if sends_on_holidays else ("holiday", "mourning")
    if traits.rests_on_mourning_days and sends_on_holidays:
        resting = ("mourning",)
    days: frozenset[date] = frozenset()
    if resting:
        today = at.astimezone(TEHRAN).date()
        days = frozenset(each.day for each in list_days(today, today + timedelta(days=rules.LOOK_AHEAD)) if each.kind in resting)
    return rules.Hours(*span, days, not sends_on_fridays, until)
