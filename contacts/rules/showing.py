"""Values on their way out: masked for the screen, harmless for a spreadsheet."""

from __future__ import annotations

import re

from engage import persian

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SIGNED_NUMBER = re.compile(r"[+-](?=[^-]*[0-9۰-۹٠-٩])[0-9۰-۹٠-٩ ().٫٬-]+")
_WRAPPED = re.compile(r'\s*="([^"]*)"\s*')


def neutralise(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe in front of what it would take for a formula. A phone number with its plus stays."""
    if text.lstrip(" \xa0\u200b\u200e\u200f\u202b\ufeff").startswith(_FORMULA) and not _SIGNED_NUMBER.fullmatch(text):
        return "'" + text
    return text


def disarm(text: str) -> tuple[str, bool]:
    """(text to be stored, whether something was taken off it). What a spreadsheet would run begins with a mark («=», «+», «@» …); without
    the mark it is only text, wherever it goes from here. An apostrophe that `neutralise` put in front goes, too. Signed numbers stay."""
    stored, after = text, _disarmed(text)
    while after != stored:
        stored, after = after, _disarmed(after)
    return stored, stored != text


def _disarmed(text: str) -> str:
    text = unwrap_formula(text)
    if text[:1] == "'" and neutralise(text[1:]) != text[1:]:
        return text[1:]
    if neutralise(text) == text:
        return text
    start = next((position for position, character in enumerate(text) if character not in _OPENING), len(text))
    return text[start:]


_OPENING = frozenset((*_FORMULA, " ", "\xa0", "\u200b", "\u200e", "\u200f", "\u202b", "\ufeff"))
MARKED = _OPENING | {"'"}
"""What a text that `disarm` changes begins with."""


def unwrap_formula(text: str) -> str:
    """What is meant by ="09121234567", the writing that keeps a spreadsheet from dropping a zero; any other text as it is."""
    found = _WRAPPED.fullmatch(text) if text[:1] in ("=", " ") else None
    return found[1] if found else text


def mask_digits(text: str) -> str:
    """A broken number that its owner recognises: seven digits and more are starred in the middle, whatever cuts them up; dates stay."""
    latin = persian.to_latin_digits(text)
    digits = re.sub(r"[^0-9]", "", latin)
    if len(digits) < 7 or persian.parse_date(text) is not None:
        return text
    if re.fullmatch(r"[0-9+()\s.\-_'‎‏]+", latin):
        return f"{digits[:4]}***{digits[-3:]}"
    return re.sub(r"[0-9](?=(?:[^0-9]*[0-9]){3})", "*", latin)
