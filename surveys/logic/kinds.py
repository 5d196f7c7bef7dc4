"""What expressions may say of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of values; each stands in a stored document as said here."""

    NUMBER = "number"
    """int or float"""
    TEXT = "text"
    CHOICE = "choice"
    """The id of one option"""
    CHOICES = "choices"
    """A list of ids of options"""
    TRUTH = "truth"
    """"yes" or "no" in a document"""
    DATE = "date"
    """ISO 8601, Gregorian: "2026-11-23\""""
    TIME = "time"
    """"14:05\""""


@dataclass(frozen=True, slots=True)
class Name:
    """Something an expression can name: its kind, for choices the ids it can be compared with, for numbers the limits it lies within."""

    kind: Kind
    options: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None
