"""Codes by SMS and single texts: the rules behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.codes import (
    ASKING_LIMITS,
    DIGITS,
    LIFETIME,
    MAX_ATTEMPTS,
    CodePurpose,
    KeptCode,
    Verdict,
    draw_code,
    judge_code,
    mac_of,
    may_ask,
    read_code,
)
from contacts.rules.single_texts import (
    SETTLED,
    TEXT_STEPS,
    TextState,
    advance_text,
    next_daytime,
    retry_after,
    settle,
    settle_absent,
    settle_found,
)
from engage.clock import TEHRAN
from engage.refusal import Refused
from engage.sms import statuses
from engage.sms.port import Outcome, OutcomeKind

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CODES = st.integers(0, 10**DIGITS - 1).map(lambda number: f"{number:06d}")
SCRIPTS = st.sampled_from(["0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"])


def kept(code: str = "123456", **changes: object) -> KeptCode:
    values: dict[str, object] = {
        "mac": mac_of(b"key", CodePurpose.SIGN_UP, b"n", code),
        "attempt_count": 0,
        "expires_at": NOON + LIFETIME,
        "used_at": None,
    }
    return KeptCode(**(values | changes))  # type: ignore[arg-type]


def test_a_drawn_code_has_six_digits_also_when_it_is_small() -> None:
    assert draw_code(lambda n: 7) == "000007"
    assert draw_code(lambda n: n - 1) == "999999"


@given(CODES, SCRIPTS, st.lists(st.sampled_from(["", " ", "-", "\u200f", "\xa0", "\u200c"]), min_size=7, max_size=7))
def test_a_code_is_read_in_every_script_with_anything_harmless_between(code: str, script: str, between: list[str]) -> None:
    typed = "".join(gap + script[int(digit)] for gap, digit in zip(between, code, strict=False)) + between[-1]
    assert read_code(typed) == code


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "abcdef", "½23456", "１２３４５６", "123456\x00", "1" * 10_000])
def test_what_is_no_code_is_not_read(typed: str) -> None:
    assert read_code(typed) is None


@given(CODES, CODES)
def test_only_the_very_code_is_right(code: str, typed: str) -> None:
    verdict = judge_code(kept(code), mac_of(b"key", CodePurpose.SIGN_UP, b"n", typed), NOON)
    assert (verdict is Verdict.RIGHT) == (code == typed)


@pytest.mark.parametrize(
    ("key", "purpose", "number"),
    [(b"other", CodePurpose.SIGN_UP, b"n"), (b"key", CodePurpose.SELF_SERVICE, b"n"), (b"key", CodePurpose.SIGN_UP, b"m")],
)
def test_a_code_opens_nothing_under_another_key_purpose_or_number(key: bytes, purpose: CodePurpose, number: bytes) -> None:
    assert judge_code(kept(), mac_of(key, purpose, number, "123456"), NOON) is Verdict.WRONG


@pytest.mark.parametrize(
    "state",
    [
        None,
        kept(used_at=NOON),
        kept(expires_at=NOON),
        kept(attempt_count=MAX_ATTEMPTS),
    ],
)
def test_a_spent_code_refuses_even_the_right_digits(state: KeptCode | None) -> None:
    assert judge_code(state, mac_of(b"key", CodePurpose.SIGN_UP, b"n", "123456"), NOON) is Verdict.SPENT


def test_the_last_try_still_counts() -> None:
    right = mac_of(b"key", CodePurpose.SIGN_UP, b"n", "123456")
    assert judge_code(kept(attempt_count=MAX_ATTEMPTS - 1), right, NOON) is Verdict.RIGHT
    assert judge_code(kept(), None, NOON) is Verdict.WRONG


@given(st.lists(st.integers(1, 3 * 86400), max_size=60))
def test_no_stretch_of_time_ever_holds_more_codes_than_its_limit(gaps: list[int]) -> None:
    sent: list[datetime] = []
    at = NOON
    for gap in gaps:
        at += timedelta(seconds=gap)
        if may_ask(sent, at):
            sent.append(at)
    for limit, span in ASKING_LIMITS:
        for start in sent:
            assert sum(start <= each < start + span for each in sent) <= limit


def test_three_codes_at_once_and_then_a_pause() -> None:
    assert may_ask([NOON] * 2, NOON)
    assert not may_ask([NOON] * 3, NOON)
    assert may_ask([NOON] * 3, NOON + timedelta(minutes=10))
    assert not may_ask([NOON - timedelta(hours=hour) for hour in range(1, 11)], NOON)


# -- single texts --------------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(TextState), st.sampled_from(TextState))
def test_a_text_takes_only_the_steps_of_the_table(state: TextState, to: TextState) -> None:
    if to in TEXT_STEPS[state]:
        assert advance_text(state, to) is to
    else:
        with pytest.raises(Refused) as refused:
            advance_text(state, to)
        assert refused.value.code == "state_forbids"


def test_nothing_follows_a_settled_text_and_everything_else_can_settle() -> None:
    assert {TextState.ACCEPTED, TextState.FAILED, TextState.EXPIRED} == SETTLED
    for state in set(TextState) - SETTLED:
        assert TEXT_STEPS[state] & SETTLED


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_only_what_was_certainly_not_sent_goes_back_to_pending(kind: OutcomeKind) -> None:
    step = settle(Outcome(1, kind, gateway_id=5 if kind is OutcomeKind.ACCEPTED else None, reason="because"))
    assert step.state in TEXT_STEPS[TextState.SENDING]
    assert (step.state is TextState.PENDING) == (kind in (OutcomeKind.RETRY, OutcomeKind.HALT))
    assert (step.state is TextState.UNKNOWN) == (kind is OutcomeKind.UNCERTAIN)
    assert (step.gateway_id is not None) == (kind is OutcomeKind.ACCEPTED)


@given(st.integers(1, 10), st.booleans())
def test_one_absence_never_sends_again_and_an_old_text_never_goes(absences: int, is_expired: bool) -> None:
    step = settle_absent(absences, is_expired=is_expired)
    assert step.state in TEXT_STEPS[TextState.UNKNOWN] | {TextState.UNKNOWN}
    assert (step.state is TextState.PENDING) == (absences >= 2 and not is_expired)


def test_what_the_gateway_has_is_never_sent_again() -> None:
    for status in (1, 2, 4, 5, 6, 10, 11, 13, 14):
        step = settle_found(9, status)
        assert step.state is (TextState.FAILED if status == statuses.FAILED else TextState.ACCEPTED)


@given(st.integers(1, 200))
def test_waits_grow_to_their_limit(attempt: int) -> None:
    wait = retry_after(attempt, 5, 600)
    assert timedelta(seconds=5) <= wait <= timedelta(seconds=600)
    assert wait <= retry_after(attempt + 1, 5, 600)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_a_text_nobody_waits_for_comes_by_day_and_never_a_day_late(at: datetime) -> None:
    due = next_daytime(at, TEHRAN)
    assert due >= at and due - at < timedelta(hours=13)
    assert 9 <= due.astimezone(TEHRAN).hour < 21
    assert next_daytime(due, TEHRAN) == due
