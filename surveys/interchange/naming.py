"""Names of a form into ids of ours, and the other way. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from surveys.definitions import RESERVED_FIELDS
from surveys.types.base import ID_PATTERN

LONGEST = 40
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


def free_id(name: str, taken: Collection[str], fallback: str, *, reserved: Collection[str] = RESERVED_FIELDS) -> str:
    """An id as near to this name as it can be: the name itself where it is one and still free."""
    plain = name if ID_PATTERN.fullmatch(name) else _OTHER.sub("_", name).strip("_-")[:LONGEST]
    if not ID_PATTERN.fullmatch(plain):
        plain = ""
    if plain and plain not in taken and plain not in reserved:
        return plain
    number = 2 if plain else len(taken) + 1
    while True:
        found = f"{plain[: LONGEST - 5]}_{number}" if plain else f"{fallback}{number}"
        if found not in taken and found not in reserved:
            return found
        number += 1


def form_name(place: str, taken: Collection[str]) -> str:
    """A name XForms accept: it begins with a letter or an underscore. Reading it again gives the same id."""
    name = place if place[:1].isalpha() else f"_{place}"
    return name if name.lower() not in taken else f"{name}__{len(taken)}"


def id_again(place: str, taken: Collection[str]) -> str:
    """The id something gets when its form is read in again."""
    return free_id(form_name(place, taken), (), "q")
