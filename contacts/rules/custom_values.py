"""Values of a unit's own typed fields: read from whatever stands in a cell, and shown again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

from engage import persian


class CustomKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


CustomValue = str | int | float | bool
"""As it lies in `contact.custom`: text and choice a string, number int or float, date an ISO string (Gregorian), yes/no a bool."""

Reader = Callable[[str], tuple[CustomValue | None, str | None]]
"""text of a cell → (value, problem code); (None, None) for a blank, exactly one of the two for anything else."""

CUSTOM_PROBLEMS = ("custom_text_long", "custom_number_invalid", "custom_number_digits_lost", "custom_date_invalid", "custom_choice_unknown",
                   "custom_yes_no_unknown")  # fmt: skip
"""Every code a reader can give."""

TEXT_LIMIT = 200
_DIGITS_KEPT = 15
"""A spreadsheet keeps fifteen digits of a number, and so does every reader of JSON."""

_MARKS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff"))
_NUMBER_SIGNS = _MARKS | str.maketrans({"٫": ".", "٬": ",", "−": "-", "–": "-", "＋": "+", "\xa0": " ", "\u202f": " "})
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+)(?:\.[0-9]+)?")
_SLASH_DECIMAL = re.compile(r"[+-]?[0-9]+/[0-9]{1,2}")
_TINY = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE]-[0-9]{1,2}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,/][0-9]*)?[eE]\+?[0-9]+")

_YES = ("بله", "بلی", "آره", "اره", "آری", "هست", "دارد", "دارم", "است", "شد", "شده", "مثبت", "فعال", "درست", "صحیح", "موافق", "yes", "y", "true", "t", "on", "1", "✓", "✔", "☑", "✅")  # fmt: skip
_NO = ("خیر", "نه", "نخیر", "نیست", "ندارد", "ندارم", "نشد", "نشده", "منفی", "غیرفعال", "غیر فعال", "نادرست", "غلط", "مخالف", "no", "n", "false", "f", "off", "0", "✗", "✘", "☐", "❌")  # fmt: skip
_YES_NO = {persian.search_key(word): answer for words, answer in ((_YES, True), (_NO, False)) for word in words}
_BLANKS = frozenset({"", "-", "—", "–", "نامشخص", "نامعلوم", "ندانسته", "null", "none", "n/a", "#n/a"})


def reader_for(kind: str | CustomKind, options: Sequence[str] = ()) -> Reader:
    """The reader of a field of this kind; `options` are those of a choice. ValueError for a kind nobody knows.

    Digits of three scripts everywhere. Numbers: «٬», commas or spaces between thousands, «٫» or a dot before decimals, at most fifteen
    digits. Dates: either calendar, by their year. A choice is met by its search key and stored as the option is spelled.
    """
    kind = CustomKind(kind)
    if kind is CustomKind.CHOICE:
        return _choice_reader(options)
    return _READERS[kind]


def is_no_value(text: str) -> bool:
    """Whether a cell says only that nothing is known («—», «نامشخص»)."""
    return persian.search_key(text) in _BLANKS


def _read_text(text: str) -> tuple[CustomValue | None, str | None]:
    text = " ".join(text.replace("\0", "").split())
    if len(text) > TEXT_LIMIT:
        return None, "custom_text_long"
    return (text, None) if text else (None, None)


@lru_cache(maxsize=20_000)
def _read_number(text: str) -> tuple[CustomValue | None, str | None]:
    if is_no_value(text):
        return None, None
    plain = persian.to_latin_digits(text).translate(_NUMBER_SIGNS).strip().strip("'")
    if plain.endswith("-") and plain[:-1].strip().replace(".", "").isdecimal():
        plain = "-" + plain[:-1]  # a right-to-left page puts the sign behind
    plain = plain.replace("- ", "-")
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "").replace(" ", "")
    elif _SLASH_DECIMAL.fullmatch(plain):
        plain = plain.replace("/", ".")  # «12/5»: the decimal point of old Persian keyboards
    elif _TINY.fullmatch(plain):
        return float(plain), None
    elif _SCIENTIFIC.fullmatch(plain):
        return None, "custom_number_digits_lost"
    if not _PLAIN.fullmatch(plain):
        return None, "custom_number_invalid"
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0")
    if len((whole + decimals).lstrip("+-0")) > _DIGITS_KEPT:
        return None, "custom_number_digits_lost"
    if not decimals:
        return int(whole if whole not in ("", "+", "-") else whole + "0"), None
    return float(plain), None


@lru_cache(maxsize=20_000)
def _read_date(text: str) -> tuple[CustomValue | None, str | None]:
    if is_no_value(text):
        return None, None
    day = persian.parse_date(text.removesuffix(".0"))
    return (day.isoformat(), None) if day is not None else (None, "custom_date_invalid")


@lru_cache(maxsize=5_000)
def _read_yes_no(text: str) -> tuple[CustomValue | None, str | None]:
    key = persian.search_key(text).removesuffix(".0")
    if key in _BLANKS:
        return None, None
    answer = _YES_NO.get(key)
    return (None, "custom_yes_no_unknown") if answer is None else (answer, None)


def _choice_reader(options: Sequence[str]) -> Reader:
    by_key: dict[str, str] = {}
    for option in options:
        by_key.setdefault(persian.search_key(str(option)), str(option))

    def read(text: str) -> tuple[CustomValue | None, str | None]:
        key = persian.search_key(text)
        if key in by_key:
            return by_key[key], None
        return (None, None) if key in _BLANKS else (None, "custom_choice_unknown")

    return read


_READERS: dict[CustomKind, Reader] = {
    CustomKind.TEXT: _read_text,
    CustomKind.NUMBER: _read_number,
    CustomKind.DATE: _read_date,
    CustomKind.YES_NO: _read_yes_no,
}


def show_value(kind: str | CustomKind, value: CustomValue | None, *, yes: str = "بله", no: str = "خیر") -> str:
    """A stored value as a reader in Persian expects it; a value of another kind than the field's (the field changed) as it is."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return yes if value else no
    if kind == CustomKind.NUMBER and isinstance(value, int | float):
        decimals = len(f"{value:.10f}".rstrip("0").partition(".")[2]) if isinstance(value, float) else 0
        return persian.format_number(value, decimals or None)
    if kind == CustomKind.DATE and isinstance(value, str):
        try:
            return persian.format_jalali_short(date.fromisoformat(value))
        except ValueError:
            return value
    return str(value)


def write_value(kind: str | CustomKind, value: CustomValue | None) -> str:
    """A stored value for a form field or a file: Latin digits, dates in the Jalali calendar; its reader reads it back to the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "بله" if value else "خیر"
    if kind == CustomKind.DATE and isinstance(value, str):
        try:
            return "{:04}/{:02}/{:02}".format(*persian.to_jalali(date.fromisoformat(value)))
        except ValueError:
            return value
    return str(value)


def guess_kind(values: Iterable[str]) -> CustomKind:
    """The kind that reads every one of some sample values; text when there are none, or when leading zeros or long digits would be lost."""
    texts = [text for text in values if not is_no_value(text)]
    if not texts:
        return CustomKind.TEXT
    latin = [persian.to_latin_digits(text).strip() for text in texts]
    if all(_read_yes_no(text)[0] is not None for text in texts) and not all(text in ("0", "1") for text in latin):
        return CustomKind.YES_NO
    if all(_read_date(text)[0] is not None for text in texts):
        return CustomKind.DATE
    if any(len(text) > 1 and text[0] == "0" and text[1] not in ".٫/" for text in latin):
        return CustomKind.TEXT
    return CustomKind.NUMBER if all(_read_number(text)[0] is not None for text in texts) else CustomKind.TEXT
