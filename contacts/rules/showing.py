"""Values on their way out: masked for the screen, harmless for a spreadsheet."""

from __future__ import annotations

import re

from engage import persian

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SIGNED_NUMBER = re.compile(r"[+-][0-9۰-۹٠-٩ ().-]+")


def neutralise(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe in front of what it would take for a formula. A phone number with its plus stays."""
    if text.startswith(_FORMULA) and not _SIGNED_NUMBER.fullmatch(text):
        return "'" + text
    return text


def mask_digits(text: str) -> str:
    """A broken number that its owner recognises: seven digits and more are starred in the middle, whatever cuts them up; dates stay."""
    latin = persian.to_latin_digits(text)
    digits = re.sub(r"[^0-9]", "", latin)
    if len(digits) < 7 or persian.parse_date(text) is not None:
        return text
    if re.fullmatch(r"[0-9+()\s.\-_'‎‏]+", latin):
        return f"{digits[:4]}***{digits[-3:]}"
    return re.sub(r"[0-9](?=(?:[^0-9]*[0-9]){3})", "*", latin)
