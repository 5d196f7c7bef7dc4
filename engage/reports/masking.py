"""What people write is shown without the numbers that lead to them. Pure."""

from __future__ import annotations

import re

MASK = "*****"

# Seven digits of any script and more, also where people part them: telephone, national id, card, account.
_NUMBERS = re.compile(r"[+＋]?\d(?:[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069()_.\-–—·]{0,3}\d){6,}")
_ADDRESSES = re.compile(r"[^\s@<>«»]+@[^\s@<>«»]+\.[^\s@<>«»]+")


def mask_numbers(text: str) -> str:
    """The text with long runs of digits and e-mail addresses replaced by asterisks; prices and dates as people write them stay."""
    return _NUMBERS.sub(MASK, _ADDRESSES.sub(MASK, text))
