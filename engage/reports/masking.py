"""What people write is shown without the numbers, addresses and names that lead to them. Pure."""

from __future__ import annotations

import re

MASK = "*****"

# Seven digits of any script and more, also where people part them: telephone, national id, card, account.
_NUMBERS = re.compile(r"[+＋]?\d(?:[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069()_.\-–—·]{0,3}\d){6,}")
_ADDRESSES = re.compile(r"[^\s@<>«»]+@[^\s@<>«»]+\.[^\s@<>«»]+")

# «آقای»، «خانم» and the like, and one or two words after them: which of them are names nobody can tell.
_LETTERS = r"[^\W\d_](?:[^\W\d_]|[\u064b-\u0655\u0670\u200b-\u200f])*"
_PARTED = r"[\s\u200b-\u200f]"
_OFFICES = r"شهردار|شهرداری|رئیس|رييس|رییس|مدیر|مدیرعامل|معاون|معاونت|مسئول|مسوول|کارمند|آقای|خانم|مهندس|دکتر|محترم|های|ها"
_GRAMMAR = (
    r"از|به|با|در|بر|برای|که|را|رو|و|یا|تا|هم|این|آن|ما|من|شما|او|است|بود|شد|کرد|کرده|گفت|گفته|نمی|می|نیست|دارد|ندارد|خواهش|لطفا|"
    r"شهردار|رئیس|مدیر|معاون|مسئول"
)
_NAMES = re.compile(
    rf"(?<!\w)(آقای|آقا|اقای|آقاي|خانم|خانوم|سرکار|جناب|مهندس|دکتر)((?:{_PARTED}+(?:آقای|خانم|مهندس|دکتر))*{_PARTED}+)"
    rf"(?!(?:{_OFFICES}|{_GRAMMAR})(?!\w)){_LETTERS}(?:[ \u200c]+(?!(?:{_GRAMMAR})(?!\w)){_LETTERS})?"
)


def mask_numbers(text: str) -> str:
    """The text with long runs of digits, e-mail addresses and names after a title replaced by asterisks; prices and dates stay."""
    return _NAMES.sub(rf"\1\2{MASK}", _NUMBERS.sub(MASK, _ADDRESSES.sub(MASK, text)))
