"""Who may do what, and how long a guesser waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.identity import rules
from engage.identity.rules import Permission, Role
from engage.refusal import Refused

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_only_a_manager_approves() -> None:
    assert [role for role in Role if rules.may([role], Permission.CAMPAIGNS_APPROVE)] == [Role.MANAGER]


def test_a_manager_sees_no_contacts() -> None:
    assert not rules.may([Role.MANAGER], Permission.CONTACTS_VIEW)


@given(st.sets(st.sampled_from(Role)), st.sampled_from(Permission))
def test_more_roles_never_take_a_right_away(roles: set[Role], permission: Permission) -> None:
    assert rules.may(roles, permission) <= rules.may(roles | {Role.OFFICER}, permission)


@given(st.integers(0, 500))
def test_the_wait_never_shrinks_and_ends_at_fifteen_minutes(count: int) -> None:
    assert rules.sign_in_delay(count) <= rules.sign_in_delay(count + 1) <= timedelta(minutes=15)


def test_three_slips_cost_nothing() -> None:
    assert [rules.sign_in_delay(n).total_seconds() for n in (1, 2, 3, 4, 5)] == [0, 0, 0, 2, 4]


@pytest.mark.parametrize(
    ("started", "seen", "alive"),
    [(0, 0, True), (59, 59, True), (60, 60, False), (700, 10, True), (720, 1, False)],
)
def test_a_session_ends_after_an_idle_hour_and_a_working_day(started: int, seen: int, alive: bool) -> None:
    assert rules.is_session_alive(NOON - timedelta(minutes=started), NOON - timedelta(minutes=seen), NOON) is alive


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("کوتاه", "password_short"),
        ("x" * 300, "password_long"),
        ("aaaaaaaaaaaa", "password_simple"),
        ("abcdefghijkl", "password_simple"),
        ("1234567890", "password_simple"),
        ("narges@example.ir", "password_is_name"),
        ("Narges.Ahmadi", "password_is_name"),
        ("narges.ahmadi1405", "password_is_name"),
    ],
)
def test_unfit_passwords(password: str, code: str) -> None:
    email = "narges.ahmadi@example.ir" if "hmadi" in password else "narges@example.ir"
    with pytest.raises(Refused) as caught:
        rules.check_password(password, email=email, name="نرگس احمدی")
    assert caught.value.code == code


@pytest.mark.parametrize("password", ["سپیدار کنار رود", "correct horse battery", "ahmadi likes long walks"])
def test_fit_passwords(password: str) -> None:
    rules.check_password(password, email="narges.ahmadi@example.ir", name="نرگس احمدی")


def test_the_demo_account_is_not_asked_for_a_second_factor() -> None:
    assert rules.needs_second_factor([Role.ADMIN], is_demo_account=False)
    assert rules.needs_second_factor([Role.OFFICER, Role.MANAGER], is_demo_account=False)
    assert not rules.needs_second_factor([Role.OFFICER], is_demo_account=False)
    assert not rules.needs_second_factor([Role.ADMIN], is_demo_account=True)


def _check_unit(**changed: object) -> None:
    values = {"slug": "d-12", "name": "منطقه", "sms_name": "منطقه", "recipients": 500, "cost": 10**6} | changed
    rules.check_unit("district", "municipality", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"slug": "منطقه"}, "unit_slug_invalid"),
        ({"slug": "-d"}, "unit_slug_invalid"),
        ({"sms_name": "ن" * 25}, "sms_name_long"),
        ({"name": ""}, "unit_name_missing"),
        ({"cost": -1}, "approval_limit_invalid"),
    ],
)
def test_unfit_units(changed: dict[str, object], code: str) -> None:
    _check_unit()
    with pytest.raises(Refused) as caught:
        _check_unit(**changed)
    assert caught.value.code == code


def test_a_municipality_stands_only_at_the_top() -> None:
    for above, kinds in rules.KINDS_BELOW.items():
        assert ("municipality" in kinds) == (above is None)
