"""Spellings of one thing: which values of a list the office already knows, and what an unknown one probably means. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from contacts.rules.columns import CUSTOM, Field, header_key
from contacts.rules.custom_values import CustomKind, is_no_value
from contacts.rules.rows import TEXT_LIMIT, read_gender, text_of
from engage import persian

LISTED_AT_MOST = 200
"""So many unknown values are asked about, the most frequent first; whoever has more has mapped a column of free text."""
COUNTED_AT_MOST = 20_000
"""So many different values of a field are told apart, so that memory stays flat."""

_KIND_WORD = re.compile(
    "(?:(?:محله|ناحیه)(?:ٔ|[\\s\u200c]ی(?=[\\s\u200c]))?|کوی|شهرک|neighbou?rhood|mahalle)[\\s\u200c]+(?=\\S)", re.IGNORECASE
)
_JUNK = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"[0-9]")


@dataclass(frozen=True)
class UnknownValue:
    """A spelling nobody decided about: its search key, how the list writes it, in how many rows, and what it probably means ("" for
    nothing known)."""

    key: str
    text: str
    count: int
    suggestion: str = ""


@dataclass
class ValueCounts:
    """The different values of one field of a list: search key → (first spelling, rows)."""

    found: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, cell: object) -> None:
        text = text_of(cell)[:TEXT_LIMIT]  # type: ignore[arg-type]
        if not text:
            return
        key = persian.search_key(text)
        known = self.found.get(key)
        if known is not None:
            self.found[key] = (known[0], known[1] + 1)
        elif key and len(self.found) < COUNTED_AT_MOST:
            self.found[key] = (text, 1)


@dataclass(frozen=True)
class Reading:
    """What a list's values mean: decided ones (search key → value that is stored), and those to ask about, most frequent first.

    `left_count` values are stored as they stand, because nobody wants to be asked about so many.
    """

    decided: dict[str, str]
    unknown: tuple[UnknownValue, ...] = ()
    left_count: int = 0


def without_kind(name: str) -> str:
    """The name without «محله», «کوی» or «شهرک» in front: «سنگلج» for «محله سنگلج»; a name that is nothing else stays."""
    plain = persian.normalise(name)
    return _KIND_WORD.sub("", plain, count=1) if _KIND_WORD.match(plain) else plain


def core_key(name: str) -> str:
    """Equal for spellings of one place: no word of its kind in front, no spaces, no punctuation."""
    return _JUNK.sub("", persian.search_key(without_kind(name)))


def distance(one: str, other: str, limit: int) -> int:
    """How many letters have to be changed, added, left out or swapped with their neighbour; `limit` + 1 for anything beyond."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def _reach(length: int) -> int:
    """So many slips a name of this length may have: short names are too much alike."""
    return 0 if length < 4 else 1 if length < 8 else 2


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that this one probably means, or "". Names that differ in a number are different places."""
    core = core_key(name)
    if not core:
        return ""
    best, best_distance = "", _reach(len(core)) + 1
    for each in known:
        other = core_key(each)
        if _DIGITS.findall(core) != _DIGITS.findall(other):
            continue
        found = distance(core, other, best_distance - 1) if best_distance else 1
        if found < best_distance:
            best, best_distance = each, found
    return best


def read_places(counts: ValueCounts, known: Sequence[str], remembered: Mapping[str, str], reference: Sequence[str] = ()) -> Reading:
    """What the names of places in a list mean.

    A known name in another spelling is stored as it is known, and what was decided once is not asked again. A unit that knows no place
    yet learns them from its first list: only spellings that look like another name, of the list or of `reference`, are asked about.
    """
    spelled = {persian.search_key(name): name for name in known}
    decided: dict[str, str] = {}
    open_values: list[tuple[str, str, int]] = []
    for key, (text, count) in counts.found.items():
        if key in spelled:
            if spelled[key] != persian.normalise(text):
                decided[key] = spelled[key]
        elif key in remembered:
            decided[key] = remembered[key]
        elif not is_no_value(text) and len(_DIGITS.findall(key)) < 7:
            open_values.append((key, text, count))
    # Plain names first, so that «محله سنگلج» is measured against «سنگلج» and not the other way round.
    open_values.sort(key=lambda each: (persian.search_key(without_kind(each[1])) != each[0], -each[2], each[0]))
    names = list(known) or list(reference)
    unknown = []
    for key, text, count in open_values:
        plain = without_kind(text)
        suggestion = nearest(text, names) or (plain if persian.search_key(plain) != key else "")
        if not known and persian.search_key(suggestion) in ("", key):
            names.append(persian.normalise(text))
            continue
        unknown.append(UnknownValue(key, text, count, suggestion))
    return _limited(decided, unknown)


def read_genders(counts: ValueCounts, remembered: Mapping[str, str]) -> Reading:
    """Words for a person's gender that are not understood by themselves."""
    decided, unknown = {}, []
    for key, (text, count) in counts.found.items():
        if key in remembered:
            decided[key] = remembered[key]
        elif read_gender(text) is None:
            unknown.append(UnknownValue(key, text, count))
    return _limited(decided, unknown)


def read_options(counts: ValueCounts, options: Sequence[str], remembered: Mapping[str, str]) -> Reading:
    """Values of a choice that are none of its options."""
    spelled = {persian.search_key(option) for option in options}
    decided, unknown = {}, []
    for key, (text, count) in counts.found.items():
        if key in spelled or is_no_value(text):
            continue
        if key in remembered and (not remembered[key] or persian.search_key(remembered[key]) in spelled):
            decided[key] = remembered[key]
        else:
            unknown.append(UnknownValue(key, text, count, nearest(text, options)))
    return _limited(decided, unknown)


def _limited(decided: dict[str, str], unknown: list[UnknownValue]) -> Reading:
    unknown.sort(key=lambda each: (-each.count, persian.sort_key(each.text)))
    return Reading(decided, tuple(unknown[:LISTED_AT_MOST]), max(0, len(unknown) - LISTED_AT_MOST))


def shape_of(headers: Iterable[str]) -> bytes:
    """SHA-256 of what a file's headers say, in their order: two files of one office's form have the same."""
    return hashlib.sha256("\n".join(header_key(header) for header in headers).encode()).digest()


def needs_values(name: str, kind: CustomKind | None = None) -> bool:
    """Whether the values of this field are compared with what is known."""
    return name in (Field.NEIGHBOURHOOD, Field.GENDER) or (name.startswith(CUSTOM) and kind is CustomKind.CHOICE)


# -- what may be told of numbers that can't be texted ----------------------------------------------------------------------------------


def shielded(counts: Mapping[str, int], hidden: int) -> dict[str, int]:
    """The six numbers for somebody who must not learn which number its holder stopped.

    `hidden` of the suppressed are no contacts of the unit, so that they were stopped is another unit's knowledge: they count as new.
    The sum of the six stays what it was.
    """
    hidden = min(max(hidden, 0), counts.get("suppressed", 0))
    return {**counts, "created": counts["created"] + hidden, "suppressed": counts["suppressed"] - hidden} if counts else {}


def about(count: int) -> int:
    """A number to the nearest ten: what is said of numbers that can't be texted."""
    return (count + 5) // 10 * 10
