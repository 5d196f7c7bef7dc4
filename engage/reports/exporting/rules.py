"""How long files are kept, how often writing is tried, what they are called. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum

from engage.persian import to_jalali

KEPT = timedelta(days=7)
"""From the day a file is ready"""
TRIES = 3
LEASE = timedelta(hours=1)
"""A file that is being written for so long was dropped by its worker"""
MOST_WAITING = 10
"""Files of one survey that may wait or be written at once"""
FORGOTTEN = timedelta(days=90)
"""After so long a deleted file's line goes, too; the audit log keeps who took what"""
_SLUG = re.compile(r"[A-Za-z0-9_-]{22}")


class FileState(StrEnum):
    ASKED = "asked"
    WRITING = "writing"
    READY = "ready"
    FAILED = "failed"
    """Refused for a reason, or tried too often"""
    EXPIRED = "expired"


OPEN_STATES = (FileState.ASKED, FileState.WRITING)


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def expires_at(ready_at: datetime) -> datetime:
    return ready_at + KEPT


def download_name(survey_slug: str, kind: str, day: date) -> str:
    """report-ab12-14050902.codes.csv: the day of the figures, in Latin digits, so that two files of one survey lie beside each other."""
    year, month, of_month = to_jalali(day)
    return f"report-{survey_slug}-{year}{month:02}{of_month:02}.{kind}"
