"""Hours, days of rest, spreading, throttles and reminders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import rules
from campaigns.kinds import TRAITS, CampaignKind, kinds_where
from campaigns.rules import Hours, Reminder
from engage.clock import TEHRAN
from engage.refusal import Refused

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda found: found.replace(tzinfo=UTC))
days = st.dates(date(2026, 1, 1), date(2027, 3, 1))
spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])
hours = st.builds(
    lambda span, rest, fridays: Hours(*span, frozenset(rest), fridays), spans, st.lists(days, max_size=8), st.booleans()
)


@given(moments, hours, st.floats(0, 300))
def test_nothing_goes_out_in_the_closed_hours_on_days_of_rest_or_after_the_last_moment(moment, found, margin):
    if rules.may_send_at(moment, found, margin):
        local = moment.astimezone(TEHRAN)
        assert found.start <= rules.minute_of_day(moment) < found.end
        assert local.date() not in found.rest_days and not (found.rests_on_fridays and local.weekday() == 4)
        assert not rules.may_send_at(moment, Hours(found.start, found.end, until=moment))


@given(moments, hours)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment, found):
    opens = rules.next_opening(moment, found)
    assert opens is not None and opens >= moment and rules.may_send_at(opens, found)
    if opens > moment:
        assert not rules.may_send_at(moment, found)
        assert not rules.may_send_at(opens - timedelta(microseconds=1), found)


@given(moments)
def test_hours_that_end_before_they_open_never_do(moment):
    assert rules.next_opening(moment, Hours(600, 700, until=moment)) is None


@given(moments, st.integers(1, 7 * 86400), st.integers(0, 60), hours)
def test_spread_batches_come_in_order_in_open_hours_the_first_at_once(start, seconds, count, found):
    due = rules.spread_moments(start, seconds, count, found)
    assert len(due) == count and due == sorted(due)
    assert all(rules.may_send_at(each, found) for each in due)
    if due:
        assert due[0] == rules.next_opening(start, found)


@given(moments, st.integers(60, 86400), st.integers(2, 50))
def test_without_hours_the_batches_lie_evenly(start, seconds, count):
    due = rules.spread_moments(start, seconds, count, Hours(*rules.ALL_DAY))
    gaps = {round((later - earlier).total_seconds(), 3) for earlier, later in zip(due, due[1:], strict=False)}
    assert max(gaps) - min(gaps) < 0.01 and due[-1] - due[0] < timedelta(seconds=seconds)


@given(st.sampled_from(CampaignKind), spans, st.sampled_from(["service", "advertising"]), st.dictionaries(st.sampled_from(["*", *CampaignKind]), spans))
def test_a_lines_hours_only_narrow_and_advertising_never_goes_out_at_night(kind, window, line_kind, line_hours):
    found = rules.open_minutes(kind, window, line_kind, line_hours)
    if TRAITS[kind].ignores_hours:
        assert found == rules.ALL_DAY
        return
    if found is not None:
        assert window[0] <= found[0] < found[1] <= window[1]
        if line_kind == "advertising":
            assert found[0] >= 7 * 60 and found[1] <= 22 * 60


@given(moments, st.integers(1, 500), st.decimals("0.1", 5000, places=2))
def test_a_line_never_sends_more_than_its_limit_over_any_time(moment, claims, per_second):
    most = rules.most_at_once(per_second)
    next_at, sent = moment, 0
    for _ in range(min(claims, 50)):
        next_at = rules.next_token(next_at, next_at, most, per_second)
        sent += most
    # What one claim may take at once is the only burst.
    assert sent <= float(per_second) * (next_at - moment).total_seconds() + 0.01 + most
    assert most <= max(per_second, 1)


def test_reminders_are_at_most_three_each_later_than_the_one_before():
    day = timedelta(days=1)
    rules.check_reminders([Reminder(day), Reminder(2 * day, "متن", 40), Reminder(3 * day)])
    for wrong, code in (
        ([Reminder(day * n) for n in range(1, 5)], "reminders_too_many"),
        ([Reminder(2 * day), Reminder(day)], "reminders_unordered"),
        ([Reminder(timedelta(0))], "reminders_unordered"),
        ([Reminder(day, None, 101)], "reminder_stop_invalid"),
    ):
        with pytest.raises(Refused, match=code):
            rules.check_reminders(wrong)


@given(st.integers(1, 10**6), st.none() | st.text(max_size=5), st.none() | st.integers(0, 100))
def test_a_reminder_comes_back_as_it_was_kept(seconds, words, stop):
    reminder = Reminder(timedelta(seconds=seconds), words, stop)
    assert Reminder.from_json(reminder.to_json()) == reminder


@pytest.mark.parametrize(("reached", "answered", "stop", "enough"), [(100, 41, 40, True), (100, 40, 40, False), (0, 0, 0, False), (10, 10, None, False)])
def test_enough_answers_leave_a_reminder_out(reached, answered, stop, enough):
    assert rules.is_answered_enough(reached, answered, stop) is enough


def test_every_kind_has_its_traits_and_only_alerts_break_the_hours():
    assert set(TRAITS) == set(CampaignKind)
    assert set(kinds_where(ignores_hours=True)) == {"safety_alert", "all_clear"}
    assert set(kinds_where(ignores_cap=True)) == {"safety_alert", "all_clear", "correction"}
    assert all(traits.needs_survey for traits in TRAITS.values() if traits.has_link or traits.invites)
