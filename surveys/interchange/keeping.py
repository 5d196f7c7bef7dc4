"""What an XLSForm can't say travels in a column of ours beside what it can, so that our own form comes back whole. Pure.

For each field that reading the form again would change, the column holds our value and a mark of what the form says instead. Where the
form was edited since, the mark doesn't fit any more: the edit counts, and what was kept is told as left behind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from surveys.definitions import Definition, dump

COLUMN = "engage_keeps"
CHUNK = 30_000
"""Letters in one cell (Excel takes 32,767); what is longer goes on in `engage_keeps_2`"""
MOST_CHUNKS = 60
_LARGEST = 16 << 20
_TEXT = "text "
_UNMARKED = frozenset({"id", "new_page"})
"""Where something stands isn't what it says"""


def kept_text(ours: Mapping[str, Any], again: Mapping[str, Any]) -> str:
    """What must be kept of `ours`, given what reading the form gave; "" where that is the same. Both in builtin JSON values."""
    if ours.get("type") != again.get("type"):
        was = mark({name: each for name, each in again.items() if name not in _UNMARKED})
        return encoded({"is": dict(ours), "was": was, "new_page": again.get("new_page", False)})
    names = dict.fromkeys([*ours, *again])
    fields = {name: [mark(again.get(name)), ours.get(name)] for name in names if ours.get(name) != again.get(name)}
    return encoded({"fields": fields}) if fields else ""


def with_kept(again: Mapping[str, Any], text: str) -> tuple[dict[str, Any], list[str]]:
    """What was read, with what was kept beside it, and the names of fields that were edited since; ValueError for what nobody here wrote."""
    kept = decoded(text)
    if isinstance(kept.get("is"), dict):
        if mark({name: each for name, each in again.items() if name not in _UNMARKED}) != kept.get("was"):
            return dict(again), [str(kept["is"].get("type", ""))[:40]]
        is_moved = again.get("new_page", False) != kept.get("new_page", False)
        return kept["is"] | ({"new_page": again.get("new_page", False)} if is_moved else {}), []
    found, stale = dict(again), []
    fields = kept.get("fields")
    if not isinstance(fields, dict):
        raise ValueError(text[:40])
    for name, (was, value) in fields.items():
        if mark(again.get(name)) == was:
            found[name] = value
        else:
            stale.append(str(name)[:40])
    return found, stale


def survey_values(definition: Definition) -> dict[str, Any]:
    """What is said of a survey besides its questions; each translated text stands by itself, so that editing one leaves the others."""
    found = {name: value for name, value in dump(definition).items() if name not in ("format", "questions", "translations")}
    return found | {f"{_TEXT}{language} {place}": text for language, texts in definition.translations.items() for place, text in texts.items()}


def with_survey_values(definition: Definition, values: Mapping[str, Any]) -> Definition:
    """The survey with these instead; msgspec.ValidationError (a ValueError) or KeyError for values of no survey."""
    translations: dict[str, dict[str, str]] = {}
    for name, text in values.items():
        if name.startswith(_TEXT) and text is not None:
            language, _, place = name.removeprefix(_TEXT).partition(" ")
            translations.setdefault(language, {})[place] = text
    plain = {name: value for name, value in values.items() if not name.startswith(_TEXT)}
    return msgspec.convert(dump(definition) | plain | {"translations": translations}, Definition)


def mark(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def encoded(value: Mapping[str, Any]) -> str:
    """Letters and digits only: spreadsheets straighten quotation marks and spaces."""
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def decoded(text: str) -> dict[str, Any]:
    """ValueError for anything but what `encoded` made."""
    try:
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(base64.urlsafe_b64decode(text.encode()), _LARGEST)
        found = json.loads(raw)
    except (ValueError, binascii.Error, zlib.error, RecursionError) as error:
        raise ValueError(text[:40]) from error
    if not isinstance(found, dict):
        raise ValueError(text[:40])
    return found


def cells_of(text: str) -> Iterator[tuple[str, str]]:
    """Columns and what stands in them."""
    for number, start in enumerate(range(0, len(text), CHUNK), 1):
        yield COLUMN if number == 1 else f"{COLUMN}_{number}", text[start : start + CHUNK]


def text_of(cells: Mapping[str, Any]) -> str:
    """What stands in the columns of one row."""
    return "".join(str(cells.get(COLUMN if number == 1 else f"{COLUMN}_{number}") or "") for number in range(1, MOST_CHUNKS + 1))


def is_ours(column: str) -> bool:
    return column == COLUMN or column.startswith(f"{COLUMN}_")
