"""What an entrance lets in, and what a code is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.refusal import Refused
from surveys.entrances.rules import (
    CODE_LASTS,
    CODE_PAUSE,
    CODES_A_DAY,
    CORRECTION_LASTS,
    LABEL_LENGTH,
    LIMITS,
    MAX_ATTEMPTS,
    SLUG_LETTERS,
    Asking,
    EntranceFacts,
    EntranceState,
    Kind,
    Plan,
    Verdict,
    check_plan,
    draw_code,
    draw_slug,
    entrance_state,
    is_slug_shaped,
    judge_code,
    may_correct,
    next_asking,
    read_code,
    read_pin,
)
from surveys.models import Channel

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def facts(**changes) -> EntranceFacts:
    values = {
        "survey_state": "open",
        "is_published": True,
        "closes_at": NOON + timedelta(days=1),
        "closed_at": None,
        "response_limit": None,
        "response_count": 0,
    }
    return EntranceFacts(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, EntranceState.OPEN),
        ({"closes_at": None}, EntranceState.OPEN),
        ({"survey_state": "draft"}, EntranceState.NOT_FOUND),
        ({"is_published": False}, EntranceState.NOT_FOUND),
        ({"survey_state": "closed"}, EntranceState.SURVEY_CLOSED),
        ({"closes_at": NOON}, EntranceState.SURVEY_CLOSED),
        ({"closes_at": NOON, "closed_at": NOON}, EntranceState.SURVEY_CLOSED),
        ({"closed_at": NOON}, EntranceState.CLOSED),
        ({"response_limit": 5, "response_count": 4}, EntranceState.OPEN),
        ({"response_limit": 5, "response_count": 5}, EntranceState.FULL),
        ({"response_limit": 5, "response_count": 9}, EntranceState.FULL),
        ({"response_limit": 5, "response_count": 5, "closed_at": NOON}, EntranceState.CLOSED),
    ],
)
def test_an_entrance_says_what_stands_behind_it(changes, state) -> None:
    assert entrance_state(facts(**changes), NOON) is state


def test_every_kind_is_a_channel_and_none_is_the_personal_link() -> None:
    assert {each.value for each in Kind} == {each.value for each in Channel} - {"link", "sms"}
    assert set(LIMITS) == set(Kind)


def test_ceilings_that_mean_nothing_for_a_kind_are_left_out() -> None:
    every = {"response_limit": 9, "collector_limit": 8, "device_limit": 7}
    for kind in Kind:
        plan = check_plan(Plan(kind, "  شنبه‌بازار ", True, **every))
        assert plan.label == "شنبه‌بازار"
        assert {name for name in every if getattr(plan, name) is not None} == LIMITS[kind]
        assert plan.asks_phone == (kind is Kind.OPEN)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (Plan(Kind.OPEN, "  "), "entrance_label_missing"),
        (Plan(Kind.OPEN, "پ" * (LABEL_LENGTH + 1)), "entrance_label_long"),
        (Plan(Kind.OPEN, "پارک\u202eشهر"), "entrance_label_long"),
        (Plan(Kind.OPEN, "پارک\nشهر"), "entrance_label_long"),
        (Plan(Kind.OPEN, "پارک", response_limit=0), "entrance_limit_out_of_range"),
        (Plan(Kind.OPEN, "پارک", device_limit=-1), "entrance_limit_out_of_range"),
        (Plan(Kind.OPEN, "پارک", response_limit=10**9), "entrance_limit_out_of_range"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan, code) -> None:
    with pytest.raises(Refused) as refused:
        check_plan(plan)
    assert refused.value.code == code


@given(st.lists(st.integers(0, 10**9), min_size=20, max_size=20))
def test_addresses_have_only_letters_nobody_mixes_up(numbers) -> None:
    drawn = iter(numbers)
    slug = draw_slug(lambda below: next(drawn) % below)
    assert is_slug_shaped(slug) and not set(slug) & set("01lioILO")
    assert len(set(SLUG_LETTERS)) == len(SLUG_LETTERS) == 31


@given(st.text(max_size=20))
def test_no_other_text_is_an_address(text) -> None:
    assert not is_slug_shaped(text) or (len(text) == 8 and set(text) <= set(SLUG_LETTERS))


def test_codes_are_sent_with_pauses_and_not_many_a_day() -> None:
    asking, at, sent = None, NOON, 0
    for _minute in range(0, 24 * 60, 1):
        following = next_asking(asking, at)
        if following is not None:
            asking, sent = following, sent + 1
        at += timedelta(minutes=1)
    assert sent == CODES_A_DAY
    assert next_asking(asking, NOON + timedelta(days=1)) == Asking(1, NOON + timedelta(days=1), NOON + timedelta(days=1))
    first = next_asking(None, NOON)
    assert next_asking(first, NOON + CODE_PAUSE - timedelta(seconds=1)) is None
    assert next_asking(first, NOON + CODE_PAUSE) is not None


def test_a_code_is_right_once_in_time_and_within_its_tries() -> None:
    kept, until = b"k" * 32, NOON + CODE_LASTS
    assert judge_code(kept, until, 0, kept, NOON) is Verdict.RIGHT
    assert judge_code(kept, until, MAX_ATTEMPTS - 1, kept, NOON) is Verdict.RIGHT
    assert judge_code(kept, until, MAX_ATTEMPTS, kept, NOON) is Verdict.SPENT
    assert judge_code(kept, until, 0, kept, until) is Verdict.SPENT
    assert judge_code(kept, until, 0, b"x" * 32, NOON) is Verdict.WRONG
    assert judge_code(kept, until, 0, None, NOON) is Verdict.WRONG
    assert judge_code(None, None, 0, kept, NOON) is Verdict.SPENT


@pytest.mark.parametrize("typed", ["123456", "۱۲۳۴۵۶", "١٢٣٤٥٦", " ۱۲۳-۴۵۶ ", "1 2 3 4 5 6", "\u200f123456\u200c"])
def test_a_code_is_read_in_every_script(typed) -> None:
    assert read_code(typed) == "123456"


@given(st.text(max_size=200))
def test_what_is_typed_is_a_code_a_pin_or_neither(typed) -> None:
    code, pin = read_code(typed), read_pin(typed)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())
    assert pin is None or (4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit())


def test_drawn_codes_have_six_digits() -> None:
    assert draw_code(lambda below: 7) == "000007"
    assert draw_code(lambda below: below - 1) == "999999"


def test_an_entry_can_be_corrected_for_ten_minutes() -> None:
    assert may_correct(NOON, NOON + CORRECTION_LASTS - timedelta(seconds=1))
    assert not may_correct(NOON, NOON + CORRECTION_LASTS)
