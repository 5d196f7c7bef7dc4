"""Codes by SMS that prove a number is in the citizen's hand: how they look, how long they hold, how often one may ask. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engage.persian import to_latin_digits

DIGITS = 6
LIFETIME = timedelta(minutes=10)
MAX_ATTEMPTS = 5
ASKING_LIMITS: tuple[tuple[int, timedelta], ...] = ((3, timedelta(minutes=10)), (10, timedelta(days=1)))
"""At most so many codes to one number in so much time."""
REMEMBERED = max(span for _, span in ASKING_LIMITS)
"""So long a code's row is kept, for the limits above."""

_IGNORED = str.maketrans("", "", " \t\r\n-–—.\u200c\u200e\u200f\u202a\u202c\u2066\u2067\u2068\u2069\xa0")


class CodePurpose(StrEnum):
    """What a code opens: one of them never opens the other."""

    SIGN_UP = "sign_up"
    SELF_SERVICE = "self_service"


class Verdict(StrEnum):
    """What became of a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    """Nothing that is typed opens it any more: used, too old, too many tries, or never sent."""


@dataclass(frozen=True)
class KeptCode:
    """What is known of a code that was sent."""

    mac: bytes
    attempt_count: int
    expires_at: datetime
    used_at: datetime | None


def draw_code(below: Callable[[int], int]) -> str:
    """Six Latin digits; `below(n)` draws one of 0 … n−1, evenly and secretly."""
    return f"{below(10**DIGITS):0{DIGITS}d}"


def read_code(typed: str) -> str | None:
    """The six Latin digits somebody typed in any script, with or without spaces and dashes; None when they are no code."""
    code = to_latin_digits(typed[:64]).translate(_IGNORED)
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else None


def mac_of(secret: bytes, purpose: CodePurpose, number: bytes, code: str) -> bytes:
    """What is kept of a code: HMAC-SHA256 over its purpose, the number's blind index and its digits."""
    return hmac.digest(
        secret, b"\x00".join((b"engage phone code 1", purpose.encode(), number.hex().encode(), code.encode())), hashlib.sha256
    )


def judge_code(kept: KeptCode | None, typed_mac: bytes | None, at: datetime) -> Verdict:
    """Whether what was typed (None: no code at all) is the kept code. The comparison takes the same time for every digit."""
    if kept is None or kept.used_at is not None or at >= kept.expires_at or kept.attempt_count >= MAX_ATTEMPTS:
        return Verdict.SPENT
    if typed_mac is not None and hmac.compare_digest(kept.mac, typed_mac):
        return Verdict.RIGHT
    return Verdict.WRONG


def may_ask(earlier: Iterable[datetime], at: datetime) -> bool:
    """Whether another code may go to a number that was sent codes at `earlier`."""
    times = list(earlier)
    return all(sum(at - span < each for each in times) < limit for limit, span in ASKING_LIMITS)
