"""Lines: what an administrator decides about them takes hold with the next claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from campaigns import rules
from campaigns.kinds import CampaignKind
from campaigns.models import SmsLine
from campaigns.queries.lines import stamp_of
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.queries import get_unit
from engage.persian import to_latin_digits
from engage.refusal import Refused

MAX_PER_SECOND = Decimal(100_000)


@dataclass(frozen=True)
class LineDraft:
    """What is known of a line; see `campaigns.models.SmsLine`."""

    number: str
    title: str = ""
    kind: str = "service"
    unit_id: int | None = None
    allows_links: bool = True
    has_webhook: bool = True
    per_second: Decimal | None = None
    price_persian: int = 1_800
    price_latin: int = 4_300
    hours: Mapping[str, Sequence[int]] = field(default_factory=dict)
    is_active: bool = True


def seed_first_line(settings: Settings) -> None:
    """The line the installation was given is known; repeatable, and never changes what somebody has decided about it since."""
    if not settings.gateway_line:
        return
    with transaction() as session:
        if session.get(SmsLine, settings.gateway_line) is None:
            session.execute(insert(SmsLine).values(number=settings.gateway_line, created_at=now()).on_conflict_do_nothing())


def save_line(draft: LineDraft, *, is_new: bool = False, seen: str | None = None, actor_id: int | None) -> None:
    """The line as given, new or changed; a change of throttle or hours holds from the next claim on.

    `is_new` refuses a number that is listed already, `seen` (`queries.lines.stamp_of`) a line that a colleague has changed since it was
    looked at. Refused: "line_invalid" (a number of digits), "line_known", "line_changed_meanwhile", "line_kind_unknown",
    "line_throttle_invalid", "line_prices_invalid", "line_hours_invalid", "unit_missing".
    """
    check_line(draft)
    number = to_latin_digits(draft.number).strip()
    with transaction() as session:
        line = session.get(SmsLine, number, with_for_update=True)
        if line is not None and is_new:
            raise Refused("line_known", line=number)
        if line is not None and seen is not None and stamp_of(line) != seen:
            raise Refused("line_changed_meanwhile")
        action = "line.changed" if line else "line.added"
        if line is None:
            line = SmsLine(number=number, created_at=now())
            session.add(line)
        if draft.unit_id is not None and get_unit(draft.unit_id) is None:
            raise Refused("unit_missing")
        line.title, line.kind, line.unit_id = draft.title.strip(), draft.kind, draft.unit_id
        line.allows_links, line.has_webhook, line.is_active = draft.allows_links, draft.has_webhook, draft.is_active
        has_new_pace = line.per_second != draft.per_second
        if has_new_pace:
            # A wait that an older, slower limit asked for is over with it.
            line.per_second, line.next_at = draft.per_second, None
        line.price_persian, line.price_latin = draft.price_persian, draft.price_latin
        line.hours = {kind: list(span) for kind, span in draft.hours.items()}
        session.flush()
        detail: dict[str, Any] = {"number": number}
        record_audit(action, unit_id=draft.unit_id, object_type="sms_line", object_id=number, actor_id=actor_id, detail=detail)
        if has_new_pace:
            pace = "line.unthrottled" if draft.per_second is None else "line.throttled"
            detail = detail | ({} if draft.per_second is None else {"rate": float(draft.per_second)})
            record_audit(pace, unit_id=draft.unit_id, object_type="sms_line", object_id=number, actor_id=actor_id, detail=detail)


def check_line(draft: LineDraft) -> None:
    number = to_latin_digits(draft.number).strip()
    if not (number.isascii() and number.isdigit() and 4 <= len(number) <= 20):
        raise Refused("line_invalid")
    if draft.kind not in ("service", "advertising"):
        raise Refused("line_kind_unknown")
    if draft.per_second is not None and not 0 < draft.per_second <= MAX_PER_SECOND:
        raise Refused("line_throttle_invalid")
    if min(draft.price_persian, draft.price_latin) < 0:
        raise Refused("line_prices_invalid")
    earliest, latest = rules.LATEST_WINDOW if draft.kind == "advertising" else (0, 24 * 60)
    for kind, span in draft.hours.items():
        if kind != "*" and kind not in set(CampaignKind) or len(span) != 2 or not earliest <= span[0] < span[1] <= latest:
            raise Refused("line_hours_invalid", **rules.window_words(earliest, latest))


def require_line(number: str, unit_id: int, *, needs_links: bool, kind: str) -> SmsLine:
    """The line, when a campaign of the unit may be sent from it.

    Refused: "line_unknown" (also for a line of another unit, and one put out of use), "line_without_links", "line_not_for_alerts".
    """
    line = db.session.get(SmsLine, number)
    unit = get_unit(unit_id)
    above = unit.path.strip("/").split("/") if unit else []
    if line is None or not line.is_active or (line.unit_id is not None and str(line.unit_id) not in above):
        raise Refused("line_unknown", line=number)
    if needs_links and not line.allows_links:
        raise Refused("line_without_links", line=number)
    if kind in (CampaignKind.SAFETY_ALERT, CampaignKind.ALL_CLEAR) and line.kind == "advertising":
        raise Refused("line_not_for_alerts", line=number)
    return line
