"""What the inbox decides by itself: hours, due days, who is answered, and which words may mean something."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.inbox import rules
from campaigns.inbox.rules import CaseState, OfficeHours, check_reply, check_word, may_answer_itself
from engage.clock import TEHRAN
from engage.persian import is_rejoin_word, is_stop_word, is_yes_word, sms_word, to_latin_digits
from engage.refusal import Refused

SUNDAY_NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
STOPS = ["11", "۱۱", "لغو", "لغو۱۱", "لغو 11", "انصراف", "توقف", "off", "STOP", "cancel.", " «لغو» "]


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1)), st.integers(1, 30), st.integers(1, 127))
def test_an_answer_is_due_at_the_end_of_a_working_day_with_the_right_number_of_them_between(at: datetime, days: int, week: int) -> None:
    hours = OfficeHours(work_days=week)
    at = at.replace(tzinfo=UTC)
    due = hours.due(at, days)
    first, last = at.astimezone(TEHRAN).date(), due.astimezone(TEHRAN).date()
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert due > at and sum(hours.is_working(day) for day in between) == days and hours.is_working(last)
    assert (due.hour, due.minute) == (14, 30)


def test_hours_know_the_iranian_week_and_holidays() -> None:
    hours = OfficeHours()
    assert hours.is_open(SUNDAY_NOON) and not hours.is_open(SUNDAY_NOON + timedelta(hours=4))
    week = [date(2026, 11, 21) + timedelta(days=n) for n in range(7)]
    assert [hours.is_working(day) for day in week] == [True] * 5 + [False] * 2
    assert not OfficeHours(closed_days={date(2026, 11, 22)}).is_open(SUNDAY_NOON)
    assert OfficeHours(closed_days={date(2026, 11, 23)}).due(SUNDAY_NOON, 1).date() == date(2026, 11, 24)


@given(st.sampled_from(STOPS), st.lists(st.datetimes(), max_size=5), st.integers(0, 50))
def test_a_stop_word_is_never_answered_by_itself(words: str, answered: list[datetime], hourly: int) -> None:
    assert is_stop_word(words)
    assert not may_answer_itself(words, answered_today=answered, earlier_today=(), hourly_count=hourly)


@given(st.lists(st.sampled_from(["سلام", "پاسخ خودکار", "خارج از دسترس هستم", "چشم"]), max_size=60))
def test_two_machines_never_talk_for_long(texts: list[str]) -> None:
    """Whatever an auto-responder says, a day ends with few texts of ours."""
    answered: list[datetime] = []
    earlier: list[str] = []
    for number, words in enumerate(texts):
        if may_answer_itself(words, answered_today=answered, earlier_today=earlier, hourly_count=number + 1):
            answered.append(SUNDAY_NOON)
        earlier.append(words)
    assert len(answered) <= min(rules.MAX_AUTOMATIC, len(set(texts)))


def test_the_same_words_are_answered_once() -> None:
    at = [SUNDAY_NOON]
    assert may_answer_itself("پارک", answered_today=[], earlier_today=["پارک"], hourly_count=2)
    assert not may_answer_itself("پارک ", answered_today=at, earlier_today=["پارك"], hourly_count=2)
    assert may_answer_itself("درخت", answered_today=at, earlier_today=["پارک"], hourly_count=2)
    assert not may_answer_itself("درخت", answered_today=[], earlier_today=[], hourly_count=rules.MAX_HOURLY + 1)


@given(st.text(max_size=40))
def test_no_keyword_can_take_the_place_of_stop_twelve_or_yes(typed: str) -> None:
    reserved = is_stop_word(typed) or is_rejoin_word(typed) or is_yes_word(typed)
    if reserved or not 0 < len(sms_word(typed)) <= rules.MAX_WORD:
        with pytest.raises(Refused, match="keyword_reserved" if reserved else "keyword_invalid"):
            check_word(typed)
        return
    word = check_word(typed)
    assert not (is_stop_word(word) or is_rejoin_word(word) or is_yes_word(word))
    assert check_word(word) == word


@pytest.mark.parametrize("typed", [*STOPS, "12", "۱۲", "1", "۱", "بله"])
def test_reserved_words_are_refused(typed: str) -> None:
    with pytest.raises(Refused, match="keyword_reserved"):
        check_word(typed)


@pytest.mark.parametrize("typed", ["", "  ", "!!", "ی" * 31])
def test_words_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(Refused, match="keyword_invalid"):
        check_word(typed)


def test_answers_have_words_and_fit_a_text() -> None:
    assert check_reply(" سلام\r\nچشم ") == "سلام\nچشم"
    for words, code in (("", "reply_empty"), ("\x00", "reply_empty"), ("س" * 881, "reply_long")):
        with pytest.raises(Refused, match=code):
            check_reply(words)


def test_the_words_outside_office_hours_name_the_three_numbers() -> None:
    assert all(number in to_latin_digits(rules.OFF_HOURS_TEXT) for number in rules.EMERGENCY_NUMBERS)


def test_a_closed_case_is_taken_up_but_not_closed_again() -> None:
    assert rules.advance_case("closed", CaseState.OPEN) == "open"
    with pytest.raises(Refused, match="case_closed"):
        rules.advance_case("closed", CaseState.CLOSED)
