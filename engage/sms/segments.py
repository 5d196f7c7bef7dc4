"""How long a text is as an SMS, and how many pages the operator bills for it (pure).

GSM-7 (3GPP TS 23.038, default alphabet with its extension table): 160 units in one page, 153 each in more. Anything else: UTF-16
units, 70 in one page, 67 each in more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

GSM7_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Characters that cost two units: an escape and themselves."""
_GSM7: Final = GSM7_BASIC | GSM7_EXTENDED

OPT_OUT_LINE: Final = "\nلغو11"
"""The last line of every message of a service line; six units."""


class Script(StrEnum):
    """How operators price a text: Latin is what fits GSM-7, Persian is everything else."""

    PERSIAN = "persian"
    LATIN = "latin"


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM-7 alphabet or its extension table; true for the empty text."""
    return _GSM7.issuperset(text)


def script_of(text: str) -> Script:
    """The script an operator bills the text as."""
    return Script.LATIN if is_gsm7(text) else Script.PERSIAN


def count_units(text: str) -> int:
    """Septets of a GSM-7 text, UTF-16 units of any other (an emoji is 2, a ZWNJ is 1)."""
    if is_gsm7(text):
        return len(text) + sum(map(GSM7_EXTENDED.__contains__, text))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def page_sizes(text: str) -> tuple[int, int]:
    """Units (in a single page, in each of several) for the text's alphabet."""
    return (160, 153) if is_gsm7(text) else (70, 67)


def pages(text: str) -> int:
    """Pages billed for the text; 0 for the empty one."""
    units = count_units(text)
    single, several = page_sizes(text)
    if units <= single:
        return 1 if units else 0
    return -(-units // several)


def remaining_in_page(text: str) -> int:
    """Units still free before one more page is billed, in the text's present alphabet."""
    units = count_units(text)
    single, several = page_sizes(text)
    if units <= single:
        return single - units
    return -units % several


def has_opt_out_line(text: str) -> bool:
    """Whether the last line already is «لغو۱۱», in any digits."""
    last = text.rstrip().rpartition("\n")[2]
    return last.replace(" ", "").replace("\u200c", "").replace("۱", "1").replace("١", "1") == "لغو11"


def compose_text(body: str, *, opt_out: bool = True) -> str:
    """The text as it is sent: `body` without trailing blanks, then the opt-out line once, unless the line needs none."""
    body = body.rstrip()
    if not opt_out or has_opt_out_line(body):
        return body
    return body + OPT_OUT_LINE
