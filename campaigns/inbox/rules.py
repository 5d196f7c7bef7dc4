"""The inbox's decisions: states of a case, office hours and what is due by when, and when nothing is answered by itself. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from engage.clock import TEHRAN
from engage.persian import is_rejoin_word, is_stop_word, is_yes_word, sms_word
from engage.refusal import Refused
from engage.sms.port import MAX_CHARACTERS

OFF_HOURS_TEXT = "پیام شما رسید و در ساعت کاری پاسخ داده می‌شود. برای امور فوری شهر با ۱۳۷، برای آتش‌سوزی و حادثه با ۱۲۵ و برای فوریت پزشکی با ۱۱۵ تماس بگیرید."
EMERGENCY_NUMBERS = ("137", "125", "115")
"""What the off-hours answer has to name: the city's service, the fire brigade, the ambulance."""
MAX_AUTOMATIC = 3
"""Texts a number gets by itself in one day"""
MAX_HOURLY = 20
"""Texts of a number in one hour that a person may have written; more are kept, and neither answered nor a reason to open a case"""
MAX_WORD = 30
MAX_TOPIC = 80
OPT_OUT_ROOM = 20
"""Characters the opt-out line may take"""


class CaseState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


_S = CaseState
CASE_STEPS: dict[CaseState, frozenset[CaseState]] = {
    _S.OPEN: frozenset({_S.OPEN, _S.WAITING, _S.CLOSED}),
    _S.WAITING: frozenset({_S.OPEN, _S.WAITING, _S.CLOSED}),
    # Only the citizen, or an officer who answers after all, takes a closed case up again.
    _S.CLOSED: frozenset({_S.OPEN, _S.WAITING}),
}


def advance_case(state: CaseState | str, to: CaseState) -> CaseState:
    """`to`, if a case in `state` may become that; Refused("case_closed") otherwise."""
    if to not in CASE_STEPS[CaseState(state)]:
        raise Refused("case_closed")
    return to


@dataclass(frozen=True)
class OfficeHours:
    """Minutes of Tehran's day, days of the Iranian week as bits (1 is Saturday, 64 Friday), and days that are closed besides."""

    opens: int = 450
    closes: int = 870
    work_days: int = 31
    closed_days: Collection[date] = ()

    def is_working(self, day: date) -> bool:
        return bool(self.work_days >> ((day.weekday() + 2) % 7) & 1) and day not in self.closed_days

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(TEHRAN)
        return self.is_working(local.date()) and self.opens <= local.hour * 60 + local.minute < self.closes

    def due(self, at: datetime, days: int) -> datetime:
        """The end of the `days`-th working day after the one `at` falls on."""
        day = at.astimezone(TEHRAN).date()
        left = days
        for _ in range(366):
            day += timedelta(days=1)
            left -= self.is_working(day)
            if not left:
                break
        return datetime.combine(day, time(), TEHRAN) + timedelta(minutes=self.closes)


def day_begins(at: datetime) -> datetime:
    """Midnight in Tehran before `at`."""
    return datetime.combine(at.astimezone(TEHRAN).date(), time(), TEHRAN)


def may_answer_itself(words: str, *, answered_today: Sequence[datetime], earlier_today: Collection[str], hourly_count: int) -> bool:
    """Whether a text may be answered by itself at all.

    Never to a stop word; never more than `MAX_AUTOMATIC` times a day; not to whoever writes faster than people do; and not to what the
    number wrote word for word before after it had been answered, as machines that answer machines do.
    """
    if is_stop_word(words) or hourly_count > MAX_HOURLY or len(answered_today) >= MAX_AUTOMATIC:
        return False
    return not (answered_today and _plain(words) in {_plain(each) for each in earlier_today})


def _plain(words: str) -> str:
    return sms_word(words) or words.strip()


def check_word(typed: str) -> str:
    """The word as it is compared. Refused: "keyword_invalid", "keyword_reserved" for what already means something."""
    word = sms_word(typed)
    if not word or len(word) > MAX_WORD:
        raise Refused("keyword_invalid", most=MAX_WORD)
    if is_stop_word(word) or is_rejoin_word(word) or is_yes_word(word):
        raise Refused("keyword_reserved")
    return word


def check_reply(words: str) -> str:
    """What is sent. Refused: "reply_empty", "reply_long"."""
    text = words.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Refused("reply_empty")
    if len(text) > MAX_CHARACTERS - OPT_OUT_ROOM:
        raise Refused("reply_long", most=MAX_CHARACTERS - OPT_OUT_ROOM)
    return text
