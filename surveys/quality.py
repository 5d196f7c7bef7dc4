"""Signs that a response may not be what it seems. Pure. A sign decides nothing: an officer looks, and leaves a response out or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import Any

from surveys.definitions import Definition
from surveys.documents import split_by_question
from surveys.types import Hidden, LongText, Matrix, Rating, ShortText, Tally


class Flag(StrEnum):
    SPEEDING = "speeding"
    """Less than a third of the time most people needed"""
    STRAIGHT_LINING = "straight_lining"
    """The same answer all the way down"""
    DUPLICATE = "duplicate"
    """Word for word what came in before, the same way and on the same day"""


LEAST_TIMED = 10
"""From so many timed responses on it can be said what is usual."""
HASTE = 3
LEAST_ROWS = 5
LONG_TEXT = 20
"""Letters of own words that two people don't write alike by chance"""


def hasty_below(seconds: Sequence[int]) -> float | None:
    """Seconds below which an answer was given too fast, from those of all complete responses; None while they are too few.

    One-page surveys have no times, so nobody is hasty there.
    """
    return median(seconds) / HASTE if len(seconds) >= LEAST_TIMED else None


def is_straight(definition: Definition, document: Mapping[str, Any]) -> bool:
    """Whether a matrix of at least five answered rows, or at least five ratings on one scale, all say the same."""
    given = split_by_question(document)
    ratings: dict[int, list[Any]] = {}
    for question in definition.questions:
        entries = given.get(question.id, {})
        if isinstance(question, Matrix):
            rows = [entries[row.id] for row in question.rows if row.id in entries]
            if len(rows) >= LEAST_ROWS and len(rows) == len(question.rows) and len(set(rows)) == 1:
                return True
        elif isinstance(question, Rating) and question.tally == Tally.SCALE and "" in entries:
            ratings.setdefault(question.scale, []).append(entries[""])
    every = [each for points in ratings.values() for each in points]
    return len(ratings) == 1 and len(every) >= LEAST_ROWS and len(set(every)) == 1


def likeness(definition: Definition, document: Mapping[str, Any]) -> bytes | None:
    """What two responses with the same answers have in common; None where nothing in them is long enough to be more than chance."""
    given = split_by_question(document)
    hidden = {question.id for question in definition.questions if isinstance(question, Hidden)}
    written = [
        str(value)
        for question in definition.questions
        for part, value in given.get(question.id, {}).items()
        if isinstance(question, ShortText | LongText) or (part == "other" and question.reveals_in(part))
    ]
    if not any(len(" ".join(text.split())) >= LONG_TEXT for text in written):
        return None
    compared = {name: value for name, value in document.items() if name.partition(".")[0] not in hidden}
    return hashlib.sha256(json.dumps(compared, ensure_ascii=False, sort_keys=True).encode()).digest()


def flags_of(
    definition: Definition, document: Mapping[str, Any], *, seconds: int | None, hasty: float | None, is_repeated: bool
) -> list[str]:
    """The signs one response shows, in the order of `Flag`."""
    shown = {
        Flag.SPEEDING: seconds is not None and hasty is not None and seconds < hasty,
        Flag.STRAIGHT_LINING: is_straight(definition, document),
        Flag.DUPLICATE: is_repeated,
    }
    return [str(flag) for flag, holds in shown.items() if holds]
