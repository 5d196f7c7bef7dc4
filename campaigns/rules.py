"""Decisions of the campaigns room: windows, approval, back-off, what an outcome or a receipt makes of a message. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.states import MessageState
from engage.clock import TEHRAN
from engage.config import Timings
from engage.persian import to_persian_digits
from engage.sms import statuses
from engage.sms.cost import PagePrice, PriceTable
from engage.sms.port import Outcome, OutcomeKind

PRICES = PriceTable(default=PagePrice(persian=1_800, latin=4_300))
"""Rials a page on a service line; the gateway's own figure replaces it as soon as it is known."""

LATEST_WINDOW = (7 * 60, 22 * 60)
"""No setting may widen a survey's window beyond these minutes of the day: MCI drops what comes outside them."""

MAX_ATTEMPTS = 8
"""Certain refusals in a row after which a message is given up as failed."""

ERROR_RATE_SAMPLE = 200
ERROR_RATE_LIMIT = 0.25
OPT_OUT_SAMPLE = 200
OPT_OUT_LIMIT = 0.05


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


def next_opening(moment: datetime, start: int, end: int) -> datetime:
    """The first moment from `moment` on at which the window is open."""
    if is_within_window(moment, start, end):
        return moment
    local = moment.astimezone(TEHRAN)
    opening = local.replace(hour=start // 60, minute=start % 60, second=0, microsecond=0)
    if opening < local:
        opening += timedelta(days=1)
    return opening.astimezone(moment.tzinfo)


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
    if state == MessageState.ACCEPTED or (state in (MessageState.UNDELIVERED, MessageState.EXPIRED) and after == MessageState.DELIVERED):
        return after, new
    if state == MessageState.UNDELIVERED and after != MessageState.ACCEPTED:
        return after, new
    return None


def receipt_due(accepted_at: datetime, step: int, timings: Timings) -> datetime | None:
    """When receipts are next asked for by polling; None after the last step."""
    if step >= len(timings.receipt_polls):
        return None
    return accepted_at + timedelta(seconds=timings.receipt_polls[step])


def should_pause_for_errors(tried: int, failed: int) -> bool:
    """Whether so many messages fail that going on wastes credit and trust."""
    return tried >= ERROR_RATE_SAMPLE and failed / tried > ERROR_RATE_LIMIT


def should_pause_for_opt_outs(delivered: int, opted_out: int) -> bool:
    """Whether so many citizens answer «لغو» that the text itself must be looked at."""
    return delivered >= OPT_OUT_SAMPLE and opted_out / delivered > OPT_OUT_LIMIT


def cost_each(cost_estimate: int, recipient_count: int, wave_count: int) -> int:
    """Rials one message of the campaign was approved at, at its largest, the waves taken together."""
    return -(-cost_estimate // max(recipient_count * wave_count, 1))


def budget(cost_estimate: int) -> int:
    """Rials that may be spent before sending stops by itself: a fifth above what was approved, for the operators' rounding."""
    return cost_estimate + cost_estimate // 5
