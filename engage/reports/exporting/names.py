"""Names of SPSS variables out of keys of columns. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

_LONGEST = 64
_UNFIT = re.compile(r"[^A-Za-z0-9_.]")
_RESERVED = frozenset(["ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"])


def variable_names(keys: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """key → a name SPSS takes: a letter first, then letters, digits, "_" and "."; at most 64; no two equal but for case.

    A name depends on its key, and only where two keys would be given the same one on a few letters of the key's digest besides, so
    names of one survey's files are the same from export to export.
    """
    plain = {key: _plain(key) for key in keys}
    often = Counter(name.lower() for name in [*plain.values(), *taken])
    return {key: name if often[name.lower()] == 1 and len(name) <= _LONGEST else _told_apart(name, key) for key, name in plain.items()}


def _plain(key: str) -> str:
    name = _UNFIT.sub("_", key).rstrip("._") or "v"
    return name if name[0].isalpha() and name.upper() not in _RESERVED else f"v_{name}"


def _told_apart(name: str, key: str) -> str:
    return f"{name[: _LONGEST - 9]}_{hashlib.sha256(key.encode()).hexdigest()[:8]}"
