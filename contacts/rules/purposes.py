"""The purposes every installation starts with, the exact words per basis, and what an office may make of them. Pure.

The words are data in Persian: they are what citizens agreed to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from contacts.rules.consent import Basis

PURPOSES: tuple[tuple[str, str], ...] = (
    ("survey_invitation", "دعوت به نظرسنجی"),
    ("service_notice", "اطلاع‌رسانی خدمات"),
    ("weather_safety", "هوا و ایمنی"),
    ("neighbourhood_news", "خبر محله"),
    ("bazaar_news", "خبر بازار"),
)
"""Key and title, in the order they are offered."""

_ASKED = {
    "survey_invitation": "مرا با پیامک به نظرسنجی‌های خود دعوت کند",
    "service_notice": "خبرهای خدمات شهری را برایم پیامک کند",
    "weather_safety": "هشدارهای هوا و ایمنی را برایم پیامک کند",
    "neighbourhood_news": "خبرهای محله را برایم پیامک کند",
    "bazaar_news": "خبرهای بازار و بازارچه‌های شهر را برایم پیامک کند",
}
_STATED = {
    "survey_invitation": "دعوت به نظرسنجی با پیامک",
    "service_notice": "پیامک خدمات شهری",
    "weather_safety": "پیامک هشدار هوا و ایمنی",
    "neighbourhood_news": "پیامک خبر محله",
    "bazaar_news": "پیامک خبر بازار",
}
_STATEMENTS = {
    Basis.PRIOR_RELATION: "ارتباط پیشین با شهرداری، بدون سند رضایت، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
    Basis.LEGAL_DUTY: "وظیفهٔ قانونی شهرداری در آگاه کردن شهروندان، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
    Basis.CONTRACT: "قرارداد یا درخواست خود شهروند، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
}


def first_text(purpose: str, basis: Basis) -> str:
    """Version 1 of the words behind a consent of this purpose and basis."""
    if basis is Basis.CONSENT:
        return f"می‌پذیرم شهرداری {_ASKED[purpose]}. هر زمان با فرستادن ۱۱ لغو می‌کنم."
    return _STATEMENTS[basis].format(what=_STATED[purpose])


_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
MAX_WORDS = 1_000
"""Characters the words behind one consent may have"""


def is_purpose_key(key: str) -> bool:
    """Whether `key` can name a purpose: 2 to 40 small Latin letters, digits and underscores, beginning with a letter."""
    return _KEY.fullmatch(key) is not None


def suggested_text(title: str, basis: Basis) -> str:
    """Words for a purpose an office makes itself, to begin with."""
    if basis is Basis.CONSENT:
        return f"می‌پذیرم شهرداری دربارهٔ «{title}» به من پیامک بفرستد. هر زمان با فرستادن ۱۱ لغو می‌کنم."
    return _STATEMENTS[basis].format(what=f"پیامک «{title}»")


def changed_words(before: str, after: str) -> list[tuple[str, str]]:
    """What became of `before` in `after`, word by word: ("same" | "gone" | "new", words), in reading order."""
    old, new = before.split(), after.split()
    pieces: list[tuple[str, Sequence[str]]] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", old[old_from:old_to]))
        else:
            pieces += [("gone", old[old_from:old_to]), ("new", new[new_from:new_to])]
    return [(kind, " ".join(words)) for kind, words in pieces if words]
