"""What comes of sending a form off, whichever way the answers go. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    RECORDED = "recorded"
    REPEATED = "repeated"
    """This link had answered before: its first answer counts."""
    TOO_LATE = "too_late"
    """Closed, expired or revoked between the form and its submission."""
    FULL = "full"
    """As many such answers as were wanted have come: nothing was recorded, and the link still holds."""
    FILES_GONE = "files_gone"
    """A file the answers name isn't there any more: nothing was recorded, and the link still holds."""


@dataclass(frozen=True)
class Submission:
    """What came of sending the form. The receipt is there unless it was too late."""

    outcome: Outcome
    receipt_code: str = ""
    submitted_at: datetime | None = None
    """None for an anonymous answer: nobody keeps when it came"""
