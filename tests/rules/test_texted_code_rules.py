"""Codes by SMS to colleagues, and when their telephones may ring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.identity.rules import (
    CODE_ATTEMPTS,
    CODE_LIMITS,
    CodeVerdict,
    draw_code,
    judge_code,
    read_code,
    text_moment,
    wait_for_code,
)

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TEHRAN = ZoneInfo("Asia/Tehran")
LATER = NOON + timedelta(minutes=5)


@given(st.integers(0, 999_999))
def test_every_code_has_six_digits_and_is_read_back_in_any_script(number: int) -> None:
    code = draw_code(lambda below: number % below)
    assert len(code) == 6 and int(code) == number
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert read_code(f" {persian[:3]}-{persian[3:]}\u200f") == code


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "۱۲۳۴۵", "²³⁴¹⁵⁶", "1" * 70])
def test_what_is_no_code(typed: str) -> None:
    assert read_code(typed) is None


@pytest.mark.parametrize(
    ("kept", "expires_at", "attempts", "typed", "at", "verdict"),
    [
        (b"right", LATER, 0, b"right", NOON, CodeVerdict.RIGHT),
        (b"right", LATER, CODE_ATTEMPTS - 1, b"right", NOON, CodeVerdict.RIGHT),
        (b"right", LATER, CODE_ATTEMPTS, b"right", NOON, CodeVerdict.SPENT),
        (b"right", LATER, 0, b"wrong", NOON, CodeVerdict.WRONG),
        (b"right", LATER, 0, None, NOON, CodeVerdict.WRONG),
        (b"right", LATER, 0, b"right", LATER, CodeVerdict.SPENT),
        (None, LATER, 0, b"right", NOON, CodeVerdict.SPENT),
    ],
)
def test_a_code_opens_once_in_time_within_five_tries(kept, expires_at, attempts, typed, at, verdict) -> None:
    assert judge_code(kept, expires_at, attempts, typed, at) is verdict


@given(st.lists(st.integers(0, 90_000), max_size=30))
def test_never_more_codes_than_the_limits(seconds: list[int]) -> None:
    """Whoever asks at these moments is sent no more than the limits, and whoever waits as long as told gets one."""
    sent: list[datetime] = []
    for each in sorted(seconds):
        at = NOON + timedelta(seconds=each)
        wait = wait_for_code(sent, at)
        if wait is None:
            sent.append(at)
        else:
            assert wait_for_code(sent, at + wait) is None
    for most, span in CODE_LIMITS:
        assert all(sum(begin <= each < begin + span for each in sent) <= most for begin in sent)


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(7, 59, (22, 8, 0)), (8, 0, (22, 8, 0)), (12, 30, (22, 12, 30)), (20, 59, (22, 20, 59)), (21, 0, (23, 8, 0)), (0, 5, (22, 8, 0))],
)
def test_texts_that_can_wait_come_by_day(hour: int, minute: int, expected: tuple[int, int, int]) -> None:
    at = datetime(2026, 11, 22, hour, minute, tzinfo=TEHRAN)
    found = text_moment(at, TEHRAN, is_urgent=False).astimezone(TEHRAN)
    assert (found.day, found.hour, found.minute) == expected
    assert text_moment(at, TEHRAN, is_urgent=True) == at
