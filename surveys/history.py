"""The way back and forth through the saves of a draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def next_of(chain: Mapping[int, int | None], present: int | None, top: int | None) -> int | None:
    """The save that was made from `present` on the way to `top`; None where there is none. `chain` says what each was made from."""
    each = top
    while each is not None and each in chain:
        follows = chain[each]
        if follows == present:
            return each
        each = follows
    return None
