"""Decisions of the campaigns room: windows, approval, back-off, what an outcome or a receipt makes of a message. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from campaigns.kinds import CampaignKind, traits_of
from campaigns.states import MessageState
from engage.clock import TEHRAN
from engage.config import Timings
from engage.persian import to_persian_digits
from engage.refusal import Refused
from engage.sms import statuses
from engage.sms.port import Outcome, OutcomeKind

LATEST_WINDOW = (7 * 60, 22 * 60)
"""No setting may widen a survey's window beyond these minutes of the day: MCI drops what comes outside them."""

MAX_ATTEMPTS = 8
"""Certain refusals in a row after which a message is given up as failed."""

RATE_SAMPLE = 200
PILOT_SAMPLE = 20
ERROR_RATE_LIMIT = 0.25
OPT_OUT_LIMIT = 0.05
NOT_FOR_ME_LIMIT = 0.05


def minute_of_day(moment: datetime) -> float:
    """Minutes since midnight in Tehran, with fractions."""
    local = moment.astimezone(TEHRAN)
    return local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6


def is_within_window(moment: datetime, start: int, end: int, margin: float = 0.0) -> bool:
    """Whether a text may go out at `moment`: between `start` and `end` (minutes of the Tehran day), and not in the last
    `margin` seconds, which a call already under way may need."""
    return start <= minute_of_day(moment) < end - margin / 60


def window_words(start: int, end: int) -> dict[str, str]:
    """A window as people read it, for the sentence that refuses: {"start": "۹:۰۰", "end": "۲۱:۰۰"}."""
    return {name: to_persian_digits(f"{minutes // 60}:{minutes % 60:02}") for name, minutes in (("start", start), ("end", end))}


@dataclass(frozen=True)
class Hours:
    """When texts of a campaign may go out: minutes of Tehran's day from `start` to before `end`, and the days on which they rest."""

    start: int
    end: int
    rest_days: frozenset[date] = frozenset()
    rests_on_fridays: bool = False
    until: datetime | None = None
    """Nothing goes out from this moment on."""

    def is_day(self, day: date) -> bool:
        return day not in self.rest_days and not (self.rests_on_fridays and day.weekday() == FRIDAY)


FRIDAY = 4
ALL_DAY = (0, 25 * 60)
"""Past midnight, so that the margin before the end never bites."""
LOOK_AHEAD = 400
"""Days that are searched for one on which a campaign may be sent."""


def open_minutes(
    kind: CampaignKind | str, window: tuple[int, int], line_kind: str, line_hours: Mapping[str, Sequence[int]]
) -> tuple[int, int] | None:
    """The minutes of the day both the campaign and its line let a text of this kind out; None when they never meet.

    The claim works out the same in SQL (`campaigns.commands.picking`), and a test holds the two together.
    """
    if traits_of(kind).ignores_hours:
        return ALL_DAY
    start, end = window
    named = line_hours.get(str(kind), line_hours.get("*"))
    if named is not None:
        start, end = max(start, named[0]), min(end, named[1])
    if line_kind == "advertising":
        start, end = max(start, LATEST_WINDOW[0]), min(end, LATEST_WINDOW[1])
    return (start, end) if start < end else None


def may_send_at(moment: datetime, hours: Hours, margin: float = 0.0) -> bool:
    """Whether a call may begin at `moment`, which takes at most `margin` seconds."""
    if hours.until is not None and moment >= hours.until - timedelta(seconds=margin):
        return False
    return hours.is_day(moment.astimezone(TEHRAN).date()) and is_within_window(moment, hours.start, hours.end, margin)


def next_opening(moment: datetime, hours: Hours) -> datetime | None:
    """The first moment from `moment` on at which texts may go out; None when there is none."""
    for opens, _closes in _openings(moment, hours):
        return opens
    return None


def spread_moments(start: datetime, seconds: int, count: int, hours: Hours) -> list[datetime]:
    """When each of `count` batches becomes due, so that they lie evenly in `seconds` of open time from `start` on.

    What the hours leave no time for becomes due together with the last that fits.
    """
    found: list[datetime] = []
    passed = 0.0
    for opens, closes in _openings(start, hours):
        length = (closes - opens).total_seconds()
        while len(found) < count and seconds * len(found) / count < passed + length:
            found.append(opens + timedelta(seconds=seconds * len(found) / count - passed))
        passed += length
        if len(found) == count:
            break
    last = found[-1] if found else start
    return found + [last] * (count - len(found))


def moment_after_open_time(start: datetime, seconds: float, hours: Hours) -> datetime | None:
    """When so many seconds have passed in which texts may go out; None where the hours leave no time for them."""
    left = seconds
    for opens, closes in _openings(start, hours):
        length = (closes - opens).total_seconds()
        if left <= length:
            return opens + timedelta(seconds=left)
        left -= length
    return None


def _openings(moment: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of time in which texts may go out, from `moment` on, day by day."""
    first = moment.astimezone(TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(LOOK_AHEAD):
        midnight = first + timedelta(days=number)
        if not hours.is_day(midnight.date()):
            continue
        opens = max(midnight + timedelta(minutes=hours.start), moment)
        closes = midnight + timedelta(minutes=min(hours.end, 24 * 60))
        if hours.until is not None:
            closes = min(closes, hours.until)
        if opens < closes:
            yield opens.astimezone(moment.tzinfo), closes.astimezone(moment.tzinfo)


NO_LIMIT = Decimal(10**9)
"""A limit that was taken away while a batch was being claimed."""


def most_at_once(per_second: Decimal | float | None) -> int | None:
    """Texts one claim may take on a line with a limit: a second's worth, so that a change of the limit takes hold at once."""
    return None if per_second is None else max(int(per_second), 1)


def next_token(next_at: datetime | None, moment: datetime, count: int, per_second: Decimal | float) -> datetime:
    """When a line may be used again after `count` texts were claimed at `moment`."""
    return max(next_at or moment, moment) + timedelta(seconds=count / float(per_second))


@dataclass(frozen=True)
class Reminder:
    """One wave to those who have not answered."""

    after: timedelta
    """Since sending began"""
    text: str | None = None
    """Its own; None sends the first text again"""
    stop_above: int | None = None
    """Left out when more per cent than this have answered by then"""

    def to_json(self) -> dict[str, Any]:
        return {"after": int(self.after.total_seconds()), "text": self.text, "stop_above": self.stop_above}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Reminder:
        return cls(timedelta(seconds=stored["after"]), stored.get("text"), stored.get("stop_above"))


MAX_REMINDERS = 3


def check_reminders(reminders: Sequence[Reminder]) -> None:
    """Refused: "reminders_too_many", "reminders_unordered" (each later than the one before), "reminder_stop_invalid"."""
    if len(reminders) > MAX_REMINDERS:
        raise Refused("reminders_too_many", most=MAX_REMINDERS)
    before = timedelta(0)
    for each in reminders:
        if each.after <= before:
            raise Refused("reminders_unordered")
        if each.stop_above is not None and not 0 <= each.stop_above <= 100:
            raise Refused("reminder_stop_invalid")
        before = each.after


def is_answered_enough(reached: int, answered: int, stop_above: int | None) -> bool:
    """Whether a reminder is left out, because more per cent of those reached have answered than its author found needful."""
    return stop_above is not None and reached > 0 and answered * 100 > stop_above * reached


def retry_delay(attempts: int, timings: Timings) -> timedelta:
    """How long a message certainly not sent waits before its next try: doubling, bounded."""
    return timedelta(seconds=min(timings.retry_delay * 2 ** min(max(attempts - 1, 0), 30), timings.retry_delay_max))


def needs_second_person(recipients: int, cost: int, *, limit_recipients: int, limit_cost: int) -> bool:
    """Whether a campaign is above what its unit lets the rule approve."""
    return recipients > limit_recipients or cost > limit_cost


def frozen_digest(content: dict[str, Any]) -> bytes:
    """SHA-256 of what is approved (texts, audience, counts, cost) in canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).digest()


@dataclass(frozen=True)
class Settlement:
    """What one outcome makes of a message in `sending`."""

    state: MessageState
    reason: str | None = None
    retry: bool = False
    gateway_id: int | None = None
    gateway_status: int | None = None
    cost: int | None = None


def settle(outcome: Outcome, attempts: int) -> Settlement:
    """The state after the call. Only a certain refusal goes back to pending; whatever is uncertain becomes unknown.

    A halt also gives the message back: it was not sent, and goes out when a person has removed the cause.
    """
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            status = outcome.status
            return Settlement(state_of_status(status) or MessageState.ACCEPTED, None, False, outcome.gateway_id, status, outcome.cost)
        case OutcomeKind.RETRY:
            if attempts >= MAX_ATTEMPTS:
                return Settlement(MessageState.FAILED, outcome.reason or "refused")
            return Settlement(MessageState.PENDING, outcome.reason, retry=True)
        case OutcomeKind.HALT:
            return Settlement(MessageState.PENDING, outcome.reason)
        case OutcomeKind.REJECTED:
            return Settlement(MessageState.FAILED, outcome.reason or "rejected")
        case OutcomeKind.UNCERTAIN:
            return Settlement(MessageState.UNKNOWN, outcome.reason)


_BY_STATUS = {
    statuses.DELIVERED: MessageState.DELIVERED,
    statuses.UNDELIVERED: MessageState.UNDELIVERED,
    statuses.FAILED: MessageState.FAILED,
    statuses.CANCELLED: MessageState.CANCELLED,
    statuses.BLOCKED: MessageState.BLOCKED,
}


def state_of_status(status: int | None) -> MessageState | None:
    """The state a gateway status settles a message in; None while it is still on its way."""
    return None if status is None else _BY_STATUS.get(status)


def apply_receipt(state: MessageState, current: int | None, new: int) -> tuple[MessageState, int] | None:
    """State and status after a receipt, or None when it changes nothing (late, repeated, unknown, or a final state already)."""
    if not statuses.moves_forward(current, new):
        return None
    after = state_of_status(new) or MessageState.ACCEPTED
    if state in (MessageState.UNKNOWN, MessageState.SENDING):
        return None
    late = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.WRITTEN_OFF)
    if state == MessageState.ACCEPTED or (state in late and after == MessageState.DELIVERED):
        return after, new
    if state == MessageState.UNDELIVERED and after != MessageState.ACCEPTED:
        return after, new
    return None


def receipt_due(accepted_at: datetime, step: int, timings: Timings) -> datetime | None:
    """When receipts are next asked for by polling; None after the last step."""
    if step >= len(timings.receipt_polls):
        return None
    return accepted_at + timedelta(seconds=timings.receipt_polls[step])


@dataclass(frozen=True)
class Counts:
    """What shows whether a campaign goes well."""

    tried: int = 0
    failed: int = 0
    reached: int = 0
    opted_out: int = 0
    not_for_me: int = 0


def reason_to_stop(counts: Counts, *, is_pilot: bool = False) -> str | None:
    """Why sending pauses by itself: too many texts fail, too many citizens answer «لغو», or too many say «برای من نیست»; None while
    all is well. After the first texts of a trial a smaller sample speaks."""
    sample = PILOT_SAMPLE if is_pilot else RATE_SAMPLE
    if counts.tried >= sample and counts.failed > ERROR_RATE_LIMIT * counts.tried:
        return "error_rate"
    if counts.reached >= sample and counts.opted_out > OPT_OUT_LIMIT * counts.reached:
        return "opt_out_rate"
    if counts.reached >= sample and counts.not_for_me > NOT_FOR_ME_LIMIT * counts.reached:
        return "not_for_me_rate"
    return None


def cost_each(cost_estimate: int, recipient_count: int, wave_count: int) -> int:
    """Rials one message of the campaign was approved at, at its largest, the waves taken together."""
    return -(-cost_estimate // max(recipient_count * wave_count, 1))


def budget(cost_estimate: int) -> int:
    """Rials that may be spent before sending stops by itself: a fifth above what was approved, for the operators' rounding."""
    return cost_estimate + cost_estimate // 5
