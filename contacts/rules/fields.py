"""A unit's own fields and tags: which names they may have, and what may become of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from contacts.rules.custom_values import CustomKind, CustomValue, reader_for
from engage import persian
from engage.refusal import Refused

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a field is called in files and on the command line"""
TITLE_LIMIT = 60
OPTION_LIMIT = 100
OPTIONS_AT_MOST = 100
FIELDS_AT_MOST = 60
"""So many fields can a contact have in all: those of its unit and of every unit above it."""
TAG_LIMIT = 40
LANGUAGES = ("fa", "az", "ku", "ar", "en")
"""ISO 639-1 codes of languages a person may want to be written to in, besides the office's own"""
NOTE_LIMIT = 2_000


def check_title(title: str) -> str:
    """The title as it is stored. Refused: field_title_missing, field_title_long (limit)."""
    title = " ".join(title.split())
    if not title:
        raise Refused("field_title_missing")
    if len(title) > TITLE_LIMIT:
        raise Refused("field_title_long", limit=TITLE_LIMIT)
    return title


def check_key(key: str) -> str:
    """A key somebody chose. Refused("field_key_wrong")."""
    key = persian.to_latin_digits(key).strip().lower()
    if not KEY.fullmatch(key):
        raise Refused("field_key_wrong")
    return key


def fresh_key(title: str, taken: Iterable[str]) -> str:
    """A key for a field that nobody gave one: the title's Latin letters if it has any, else field_1, field_2, …"""
    used = set(taken)
    latin = re.sub(r"[^a-z0-9]+", "_", persian.to_latin_digits(title).lower()).strip("_")[:30]
    base = latin if KEY.fullmatch(latin) else "field"
    if base != "field" and base not in used:
        return base
    number = 1
    while f"{base}_{number}" in used:
        number += 1
    return f"{base}_{number}"


def check_options(kind: CustomKind, lines: Sequence[str]) -> list[str]:
    """The options of a choice, each spelling once, in their order; [] for every other kind.

    Refused: field_options_missing (a choice needs two), field_options_many (limit), field_option_long (option, limit).
    """
    if kind is not CustomKind.CHOICE:
        return []
    found: dict[str, str] = {}
    for line in lines:
        option = " ".join(line.split())
        if option:
            found.setdefault(persian.search_key(option), option)
    if len(found) < 2:
        raise Refused("field_options_missing")
    if len(found) > OPTIONS_AT_MOST:
        raise Refused("field_options_many", limit=OPTIONS_AT_MOST)
    for option in found.values():
        if len(option) > OPTION_LIMIT:
            raise Refused("field_option_long", option=option[:30], limit=OPTION_LIMIT)
    return list(found.values())


def read_value(kind: str, options: Sequence[str], typed: str, stored: CustomValue | None) -> tuple[CustomValue | None, str | None]:
    """What an officer typed for a field: (value, problem code). A choice whose option was taken away since may stay as it is stored."""
    if isinstance(stored, str) and typed == stored and kind == CustomKind.CHOICE:
        return stored, None
    return reader_for(kind, options)(typed)


def changed_values(before: Mapping[str, CustomValue], read: Mapping[str, CustomValue | None]) -> dict[str, CustomValue]:
    """All values after an officer decided about some of them: a blank takes the value away, what wasn't asked for stays."""
    after = dict(before)
    for key, value in read.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = value
    return after


def check_tag(name: str) -> str:
    """A tag's name as it is stored. Refused: tag_name_missing, tag_name_long (limit)."""
    name = " ".join(name.split())
    if not persian.search_key(name):
        raise Refused("tag_name_missing")
    if len(name) > TAG_LIMIT:
        raise Refused("tag_name_long", limit=TAG_LIMIT)
    return name
