"""What an entrance lets in, and what the code of a phone is worth. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engage.persian import to_latin_digits
from engage.refusal import Refused
from surveys.rules import DRAFT, is_open


class Kind(StrEnum):
    """What an entrance is; a response through it has the channel of the same name."""

    OPEN = "open"
    KIOSK = "kiosk"
    COLLECTOR = "collector"
    PAPER = "paper"


STAFFED = frozenset({Kind.COLLECTOR, Kind.PAPER})
"""A signed-in person enters the answers of others."""

LIMITS: dict[Kind, frozenset[str]] = {
    Kind.OPEN: frozenset({"response_limit", "device_limit"}),
    Kind.KIOSK: frozenset({"response_limit", "device_limit"}),
    Kind.COLLECTOR: frozenset({"response_limit", "collector_limit", "device_limit"}),
    Kind.PAPER: frozenset({"response_limit", "collector_limit"}),
}
"""The ceilings that mean something for each kind."""

LABEL_LENGTH = 80
MOST_RESPONSES = 1_000_000
MOST_ENTRANCES = 200
"""So many ways lead into one survey at most."""

SLUG_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without letters that look alike on a poster: l and 1, o and 0, i."""
SLUG_LENGTH = 8
"""31^8: a guesser who tries a thousand a minute finds one of a hundred open links after sixteen years."""


def draw_slug(below: Callable[[int], int]) -> str:
    """The letters of a new address; `below(n)` draws one of 0 … n−1, evenly and secretly."""
    return "".join(SLUG_LETTERS[below(len(SLUG_LETTERS))] for _ in range(SLUG_LENGTH))


def is_slug_shaped(text: str) -> bool:
    return len(text) == SLUG_LENGTH and all(letter in SLUG_LETTERS for letter in text)


@dataclass(frozen=True)
class Plan:
    """An entrance as somebody wants it."""

    kind: Kind
    label: str
    asks_phone: bool = False
    response_limit: int | None = None
    collector_limit: int | None = None
    device_limit: int | None = None


def check_plan(plan: Plan) -> Plan:
    """The plan with what means nothing for its kind left out.

    Refused: "entrance_label_missing", "entrance_label_long" (limit), "entrance_limit_out_of_range" (limit).
    """
    label = plan.label.strip()
    if not label:
        raise Refused("entrance_label_missing")
    if len(label) > LABEL_LENGTH or not label.replace("\u200c", "").isprintable():
        raise Refused("entrance_label_long", limit=LABEL_LENGTH)
    limits = {
        name: getattr(plan, name) if name in LIMITS[plan.kind] else None for name in ("response_limit", "collector_limit", "device_limit")
    }
    if any(limit is not None and not 1 <= limit <= MOST_RESPONSES for limit in limits.values()):
        raise Refused("entrance_limit_out_of_range", limit=MOST_RESPONSES)
    return Plan(plan.kind, label, plan.asks_phone and plan.kind is Kind.OPEN, **limits)


class EntranceState(StrEnum):
    """What stands behind the address."""

    OPEN = "open"
    FULL = "full"
    """So many responses as it takes are in."""
    CLOSED = "closed"
    """An officer closed this entrance; the survey may go on elsewhere."""
    SURVEY_CLOSED = "survey_closed"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class EntranceFacts:
    """What the state follows from."""

    survey_state: str
    is_published: bool
    closes_at: datetime | None
    closed_at: datetime | None
    response_limit: int | None
    response_count: int


def entrance_state(facts: EntranceFacts, now: datetime) -> EntranceState:
    if not facts.is_published or facts.survey_state == DRAFT:
        return EntranceState.NOT_FOUND
    if not is_open(facts.survey_state, facts.closes_at, now):
        return EntranceState.SURVEY_CLOSED
    if facts.closed_at is not None:
        return EntranceState.CLOSED
    if facts.response_limit is not None and facts.response_count >= facts.response_limit:
        return EntranceState.FULL
    return EntranceState.OPEN


# -- paper ---------------------------------------------------------------------------------------------------------------------------

CORRECTION_LASTS = timedelta(minutes=10)


def may_correct(submitted_at: datetime, now: datetime) -> bool:
    """Whether whoever entered a response may still take it back for a better one."""
    return now - submitted_at < CORRECTION_LASTS


# -- confirmed phones ----------------------------------------------------------------------------------------------------------------

CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=10)
MAX_ATTEMPTS = 5
CODES_A_DAY = 5
CODE_PAUSE = timedelta(minutes=1)
"""A text may take so long; whoever presses again meanwhile gets no second one."""

_IGNORED = str.maketrans("", "", " \t\r\n-–—.\u200c\u200e\u200f\u202a\u202c\u2066\u2067\u2068\u2069\xa0")


class Verdict(StrEnum):
    """What became of a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    """Nothing that is typed opens it any more: used, too old, too many tries, or never sent."""


@dataclass(frozen=True)
class Asking:
    """How often codes were sent to a phone for this survey."""

    count: int
    since: datetime
    last: datetime


def next_asking(earlier: Asking | None, now: datetime) -> Asking | None:
    """The count with one more code sent now; None where none may be sent."""
    if earlier is None or now - earlier.since >= timedelta(days=1):
        return Asking(1, now, now)
    if earlier.count >= CODES_A_DAY or now - earlier.last < CODE_PAUSE:
        return None
    return Asking(earlier.count + 1, earlier.since, now)


def draw_code(below: Callable[[int], int]) -> str:
    """Six Latin digits; `below(n)` draws one of 0 … n−1, evenly and secretly."""
    return f"{below(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def read_code(typed: str) -> str | None:
    """The six Latin digits somebody typed in any script, with or without spaces and dashes; None when they are no code."""
    code = to_latin_digits(typed[:64]).translate(_IGNORED)
    return code if len(code) == CODE_DIGITS and code.isascii() and code.isdigit() else None


def judge_code(kept: bytes | None, expires_at: datetime | None, attempt_count: int, typed: bytes | None, now: datetime) -> Verdict:
    """Whether the digest of what was typed (None: no code at all) is the kept one. The comparison takes the same time for all."""
    if kept is None or expires_at is None or now >= expires_at or attempt_count >= MAX_ATTEMPTS:
        return Verdict.SPENT
    if typed is not None and hmac.compare_digest(kept, typed):
        return Verdict.RIGHT
    return Verdict.WRONG


# -- kiosks --------------------------------------------------------------------------------------------------------------------------

PIN_LENGTHS = range(4, 9)
KIOSK_LASTS = timedelta(hours=14)
"""A tablet that was forgotten on a counter goes dark by the next morning."""
KIOSK_IDLE_SECONDS = 120
KIOSK_WARN_SECONDS = 20
"""So long before the form begins anew the one before it is asked"""
KIOSK_THANKS_SECONDS = 20


def read_pin(typed: str) -> str | None:
    """Four to eight Latin digits out of what somebody typed in any script; None when it is no such number."""
    pin = to_latin_digits(typed[:64]).translate(_IGNORED)
    return pin if len(pin) in PIN_LENGTHS and pin.isascii() and pin.isdigit() else None
