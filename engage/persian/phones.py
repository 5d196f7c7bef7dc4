"""Iranian mobile numbers in every writing that municipal lists contain.

Numbers are portable between operators: a prefix decides whether a number exists, never whose it is.
"""

import re
from typing import NamedTuple

from engage.persian.digits import ARABIC_DIGITS, LATIN_DIGITS, PERSIAN_DIGITS

# Assigned prefixes. In 0995 only two blocks are (09951 0…, 09955…); in 0998 and 0999 operators open block after
# block, so the whole prefix counts: a number refused is a citizen unheard, a dead number only comes back undelivered.
_ASSIGNED = r"9(?:(?:0[0-5]|1[0-9]|2[0-3]|3[0-9]|9[0-4689])[0-9]{7}|95(?:10|5[0-9])[0-9]{5})"
_COUNTRY = r"(?:\+|00)?98"
_ONE = re.compile(rf"(?:{_COUNTRY})?0?({_ASSIGNED})(?:\.0{{1,2}})?")
_SEVERAL = re.compile(rf"(?:(?:{_COUNTRY})?0?{_ASSIGNED}(?:[/\\|,،;؛&\r\nو]+|\Z)){{2,}}")
_FIND_ASSIGNED = re.compile(rf"({_ASSIGNED})(?![0-9])")
_E164 = re.compile(rf"\+98{_ASSIGNED}")

_SPACES = " \t\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_DASHES = "-_\u00ad\u0640\u2010\u2011\u2012\u2013\u2014\u2015\u2212·•٬"
_BRACKETS = "()[]{}"
_QUOTES = "'\"`´‘’“”«»"
_INVISIBLE = "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"

_DIGITS = str.maketrans(PERSIAN_DIGITS + ARABIC_DIGITS + "٫＋", LATIN_DIGITS * 2 + ".+", _INVISIBLE)
_BARE = _DIGITS | str.maketrans("", "", _SPACES + _DASHES + _BRACKETS + _QUOTES)

_APART = re.compile(r"[/\\|,،;؛&\r\n\v\f\x85\u2028\u2029]|و(?<![^\W\d_]و)(?![^\W\d_])")
_WEAKLY_APART = re.compile(r"[/,،]")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,/][0-9]*)?[eE][+-]?[0-9]+")
_GROUPED_BY_DOTS = re.compile(r"\+?[0-9]{2,}(?:\.[0-9]{2,})+")
_DECIMAL_ZEROS = re.compile(r"(\+?[0-9]+)\.0{1,2}")
_DIGITS_ONLY = re.compile(r"\+?[0-9.]+")
_WITH_COUNTRY = re.compile(rf"{_COUNTRY}0?([0-9]*)")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.0{1,2})?")
_SOFT = f"[{re.escape(_SPACES + _DASHES + _BRACKETS + _QUOTES)}.]*"
_NEIGHBOUR = re.compile(
    rf"(?<![0-9+])(?:(?:\+|00){_SOFT}98{_SOFT}0?|98|0){_SOFT}9(?:{_SOFT}[0-9]){{9}}(?![0-9]){_SOFT}"
)

PHONE_PROBLEMS = (
    "blank", "not_a_number", "digits_lost", "landline", "foreign", "too_short", "too_long", "unassigned_prefix",
    "not_a_mobile",
)  # fmt: skip
"""Every code that PhoneCell.problem can hold."""


class PhoneCell(NamedTuple):
    """What one cell of a phone column holds: the person's mobile and further ones, in E.164, or a problem.

    Exactly one of `first` and `problem` is set; `further` repeats neither `first` nor itself.
    """

    first: str | None
    further: tuple[str, ...] = ()
    problem: str | None = None


_PROBLEMS = {code: PhoneCell(None, (), code) for code in PHONE_PROBLEMS}


def parse_phones(cell: str | float | int | None) -> PhoneCell:
    """The mobiles of one cell: the first valid one is the person's, other valid ones are `further`.

    Reads 09…, +98…, 0098…, 98…, 9… in three digit scripts, with spaces, dashes, dots, brackets, direction marks, a
    leading apostrophe or Excel's «.0»; several numbers apart by / ، , ; a new line or «و». Scientific notation has lost
    digits and is never guessed at. With no valid mobile, the problem is that of the first part that holds anything.
    """
    if not isinstance(cell, str):
        return _parse_value(cell)
    # Most cells need no cleaning; translating each of 100,000 would take as long as all the rest.
    if one := _ONE.fullmatch(cell):
        return PhoneCell("+98" + one[1])
    bare = cell.translate(_BARE)
    if one := _ONE.fullmatch(bare):
        return PhoneCell("+98" + one[1])
    if _SEVERAL.fullmatch(bare):
        first, *further = dict.fromkeys("+98" + number for number in _FIND_ASSIGNED.findall(bare))
        return PhoneCell(first, tuple(further))
    return _parse_text(cell.translate(_DIGITS))


def _parse_value(cell: float | int | None) -> PhoneCell:
    if cell is None or cell != cell:
        return _PROBLEMS["blank"]
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return _PROBLEMS["not_a_number"]
    if isinstance(cell, float):
        if not cell.is_integer():
            return _PROBLEMS["not_a_number" if cell in (float("inf"), float("-inf")) else "digits_lost"]
        cell = int(cell)
    return parse_phones(str(cell)) if cell >= 0 else _PROBLEMS["not_a_mobile"]


def _parse_text(text: str) -> PhoneCell:
    parts = _APART.split(text)
    if len(parts) == 1:
        return _parse_part(text)
    bare = text.translate(_BARE)
    if _SCIENTIFIC.fullmatch(bare):
        return _PROBLEMS["digits_lost"]
    if _THOUSANDS.fullmatch(bare):
        return _parse_part(bare.replace(",", ""))
    found: dict[str, None] = {}
    problem = "blank"
    for part in parts:
        result = _parse_part(part)
        if result.problem is None:
            found.update(dict.fromkeys((result.first, *result.further)))  # type: ignore[arg-type]
        elif problem == "blank":
            problem = result.problem
    if found:
        first, *further = found
        return PhoneCell(first, tuple(further))
    # «0912/1234567»: the stroke parts a prefix from its number only where both halves are nothing by themselves.
    whole = _WEAKLY_APART.sub("", bare)
    if whole != bare and whole[:1] in ("0", "+") and (one := _ONE.fullmatch(whole)):
        return PhoneCell("+98" + one[1])
    return _PROBLEMS[problem]


def _parse_part(part: str) -> PhoneCell:
    # Copied from a right-to-left page, the plus lands behind the number.
    bare = part.translate(_BARE).removesuffix("+")
    if "." in bare and _GROUPED_BY_DOTS.fullmatch(bare) and not _DECIMAL_ZEROS.fullmatch(bare):
        bare = bare.replace(".", "")
    one = _ONE.fullmatch(bare)
    if one:
        return PhoneCell("+98" + one[1])
    neighbours = _neighbours(part) if len(bare) >= 22 else None
    return neighbours or _PROBLEMS[_problem_of(bare)]


def _neighbours(part: str) -> PhoneCell | None:
    """Two or more whole numbers side by side («09121234567 - 09351234567»), if that is all the part holds."""
    pieces = [match[0] for match in _NEIGHBOUR.finditer(part)]
    if len(pieces) < 2 or "".join(pieces) != part.lstrip(_SPACES + _DASHES + _BRACKETS + _QUOTES + "."):
        return None
    ones = [_ONE.fullmatch(piece.translate(_BARE).replace(".", "")) for piece in pieces]
    numbers = dict.fromkeys("+98" + one[1] for one in ones if one)
    if not numbers:
        return None
    first, *further = numbers
    return PhoneCell(first, tuple(further))


def _problem_of(bare: str) -> str:
    """Why this one writing, freed from spaces and marks, is no mobile."""
    if not bare.strip("."):
        return "blank"
    if _SCIENTIFIC.fullmatch(bare):
        return "digits_lost"
    if decimal := _DECIMAL_ZEROS.fullmatch(bare):
        bare = decimal[1]
    if not _DIGITS_ONLY.fullmatch(bare):
        return "not_a_number"
    digits = bare.replace(".", "")
    national, local = _national(digits)
    if national is None:
        return "foreign"
    if not national or national[0] == "0":
        return "too_short" if len(national) < 10 else "not_a_mobile"
    if local and len(national) == 8 and national[0] != "9":
        return "landline"
    if len(national) != 10:
        return "too_short" if len(national) < 10 else "too_long"
    # 094x is fixed: company and Internet lines.
    if national[0] != "9" or national[1] == "4":
        return "landline"
    return "unassigned_prefix"


def _national(digits: str) -> tuple[str | None, bool]:
    """The number without country code and leading zero, and whether it had neither; None for another country's."""
    country = _WITH_COUNTRY.fullmatch(digits)
    if country and (digits[0] in "+0" or len(digits) >= 12):
        return country[1], False
    if digits.startswith("+") or (digits.startswith("00") and len(digits) >= 11 and digits[2] != "0"):
        return None, False
    if digits.startswith("0"):
        return digits[1:], False
    return digits, True


def parse_phone(s: str | None) -> str | None:
    """The E.164 form of a text that holds exactly one Iranian mobile number, otherwise None."""
    cell = parse_phones(s)
    return None if cell.further else cell.first


def local_form(e164: str) -> str:
    """The writing people dial: "+989121234567" → "09121234567"; ValueError for all but Iranian mobiles in E.164."""
    if not _E164.fullmatch(e164):
        raise ValueError("not an Iranian mobile number in E.164")
    return "0" + e164[3:]


def mask_phone(e164: str) -> str:
    """A number its owner recognises and nobody can ring: "0912***4567"; "***" when it isn't an Iranian mobile in E.164.

    Latin digits and asterisks (a dot beside Persian digits reads as zero). Put it in `<bdi dir="ltr">`.
    """
    return f"0{e164[3:6]}***{e164[-4:]}" if _E164.fullmatch(e164) else "***"
