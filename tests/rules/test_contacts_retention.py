"""Time limits: which one holds where, and when something has come to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.retention import MOST_MONTHS, Limit, Subject, check_limit, cutoff, limits_in_force
from engage import persian
from engage.refusal import Refused

moments = st.datetimes(datetime(2015, 1, 1), datetime(2060, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))
months = st.integers(1, MOST_MONTHS)

PATHS = {1: "/1/", 2: "/1/2/", 3: "/1/2/3/", 4: "/1/4/", 5: "/1/2/3/5/"}
limits = st.lists(
    st.builds(Limit, st.sampled_from(sorted(PATHS)), st.sampled_from([Subject.FIELD, Subject.PURPOSE]), st.sampled_from(["a", "b"]), months),
    unique_by=lambda limit: (limit.unit_id, limit.about),
)


@given(moments, moments, months)
def test_what_is_due_stays_due(one: datetime, other: datetime, count: int) -> None:
    earlier, later = sorted((one, other))
    assert cutoff(earlier, count) <= cutoff(later, count) or later - earlier < timedelta(days=1)


@given(moments, months)
def test_a_longer_limit_keeps_more(at: datetime, count: int) -> None:
    assert cutoff(at, count) < at
    assert cutoff(at, count + 1) < cutoff(at, count)


@given(moments, months)
def test_it_goes_back_by_months_of_the_jalali_calendar(at: datetime, count: int) -> None:
    year, month, day = persian.to_jalali(at)
    back_year, back_month, back_day = persian.to_jalali(cutoff(at, count))
    assert (year * 12 + month) - (back_year * 12 + back_month) == count
    assert back_day == day or (back_day < day and back_day >= 29)


def test_a_year_before_nowruz_is_nowruz() -> None:
    assert persian.to_jalali(cutoff(datetime(2026, 3, 21, 12, tzinfo=UTC), 12)) == (1404, 1, 1)
    assert persian.to_jalali(cutoff(datetime(2026, 3, 20, 12, tzinfo=UTC), 6)) == (1404, 6, 29)


@given(limits)
def test_the_nearest_limit_holds_and_only_that(found: list[Limit]) -> None:
    held = limits_in_force(found, PATHS)
    for unit_id, path in PATHS.items():
        above = [int(part) for part in path.strip("/").split("/")]
        for about in {limit.about for limit in found}:
            holding = [limit for limit, units in held.items() if unit_id in units and limit.about == about]
            setting = [limit for limit in found if limit.about == about and limit.unit_id in above]
            assert len(holding) == bool(setting)
            if holding:
                assert holding[0].unit_id == max((limit.unit_id for limit in setting), key=above.index)


@pytest.mark.parametrize(
    ("subject", "key", "count", "code"),
    [
        ("field", "phone", 12, "retention_subject_unknown"),
        ("field", "custom:dog", 12, "retention_subject_unknown"),
        ("purpose", "nothing", 12, "retention_subject_unknown"),
        ("person", "x", 12, "retention_subject_unknown"),
        ("planet", "", 12, "retention_subject_unknown"),
        ("person", "", 0, "retention_months_invalid"),
        ("person", "", MOST_MONTHS + 1, "retention_months_invalid"),
    ],
)
def test_nothing_else_can_be_limited(subject: str, key: str, count: int, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_limit(subject, key, count, purposes=["news"], custom_keys=["cat"])


def test_what_can_be_limited() -> None:
    assert check_limit("field", "custom:cat", 1, purposes=[], custom_keys=["cat"]) == (Subject.FIELD, "custom:cat")
    assert check_limit("purpose", "news", 240, purposes=["news"], custom_keys=[]) == (Subject.PURPOSE, "news")
    assert check_limit("person", "", 6, purposes=[], custom_keys=[]) == (Subject.PERSON, "")
