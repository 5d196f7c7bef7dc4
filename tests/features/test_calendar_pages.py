"""Days of rest: a year's list, one day, a pasted list, the fixed holidays."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaigns.commands import save_day, save_days
from campaigns.holidays import NamedDay
from campaigns.queries.lines import list_days
from engage.identity.rules import Role
from engage.refusal import Refused
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.sending import scalar

PAGE = "/console/campaigns/days"
NOWRUZ = date(2027, 3, 21)


@pytest.fixture
def admin(app: Flask, client: FlaskClient):
    with without_csrf(app):
        yield sign_in(client, make_person(make_units()[0], Role.ADMIN))


def days() -> list[tuple[date, str, str]]:
    return [(each.day, each.kind, each.title) for each in list_days(date(2000, 1, 1), date(2100, 1, 1))]


def test_an_empty_year_names_the_next_step_and_what_a_day_does(admin):
    page = admin.get(f"{PAGE}?year=۱۴۰۶").text
    for words in ("در سال ۱۴۰۶ هنوز روزی ثبت نشده است", "ثبت تعطیلی‌های ثابت", "هشدار ایمنی و رفع خطر در همهٔ روزها"):
        assert words in page, words
    for odd in ("۹۹", "abcd", "99999999", "1399", "<b>"):
        assert admin.get(f"{PAGE}?year={odd}").status_code == 200


def test_one_day_is_entered_and_taken_away(admin):
    answer = admin.post(PAGE, data={"go": "one", "day": "۱۴۰۶/۱/۱", "title": "عید نوروز", "kind": "mourning"})
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?year=1406")
    assert days() == [(NOWRUZ, "mourning", "عید نوروز")]
    page = admin.get(answer.location).text
    assert "یکشنبه ۱ فروردین" in page and "سوگواری" in page and "۱۰ تعطیلی ثابت این سال ثبت نشده است" not in page
    assert admin.post(f"{PAGE}/delete", data={"day": "2027-03-21"}).status_code == 303
    assert admin.post(f"{PAGE}/delete", data={"day": "2027-03-21"}).status_code == 303
    assert admin.post(f"{PAGE}/delete", data={"day": "فردا"}).status_code == 400
    assert days() == []
    assert scalar("SELECT count(*) FROM audit_entry WHERE action = 'day.deleted'") == 1
    assert "«عید نوروز» از روزهای تعطیل برداشته شد" in admin.get("/console/settings/audit").text


@pytest.mark.parametrize("typed", [{"day": "۱۴۰۶/۱۳/۱"}, {"day": ""}, {"title": "  "}, {"kind": "party"}, {"title": "ن" * 121}])
def test_a_day_that_cannot_be_is_refused_at_its_field(admin, typed):
    answer = admin.post(PAGE, data={"go": "one", "day": "۱۴۰۶/۱/۱", "title": "عید", "kind": "holiday"} | typed)
    assert answer.status_code == 422 and "field-error" in answer.text
    assert days() == []


def test_a_pasted_list_is_entered_as_a_whole_or_not_at_all(admin):
    wrong = admin.post(PAGE, data={"go": "list", "pasted": "۱۴۰۶/۱/۱ عید\nسیزده به در\n۱۴۰۶/۱/۴۰ نیست", "all_kind": "holiday"})
    assert wrong.status_code == 422 and "این سطرها خوانده نمی‌شود: ۲، ۳" in wrong.text and "سیزده به در" in wrong.text
    assert days() == []
    pasted = "۱۴۰۶/۱/۱ عید نوروز\r\n1406-01-02; عید نوروز\r\n\r\n۱۵ خرداد ۱۴۰۶ قیام ۱۵ خرداد"
    assert admin.post(PAGE, data={"go": "list", "pasted": pasted, "all_kind": "holiday"}).location == f"{PAGE}?year=1406"
    assert [(kind, title) for _day, kind, title in days()] == [
        ("holiday", "عید نوروز"),
        ("holiday", "عید نوروز"),
        ("holiday", "قیام ۱۵ خرداد"),
    ]
    empty = admin.post(PAGE, data={"go": "list", "pasted": " \n ", "all_kind": "holiday"})
    assert empty.status_code == 422
    assert admin.post(PAGE, data={"go": "else"}).status_code == 400


def test_the_fixed_holidays_leave_what_was_entered_alone(admin):
    save_day(NOWRUZ, "mourning", "سوگواری", actor_id=None)
    assert "۹ تعطیلی ثابت" in admin.get(f"{PAGE}?year=1406").text
    for _twice in range(2):
        assert admin.post(f"{PAGE}/fixed", data={"year": "1406"}).status_code == 303
        assert len(days()) == 10 and days()[0] == (NOWRUZ, "mourning", "سوگواری")
    assert "تعطیلی ثابت این سال" not in admin.get(f"{PAGE}?year=1406").text
    assert scalar("SELECT count(*) FROM audit_entry WHERE action = 'days.saved'") == 1


def test_lists_have_an_end_and_a_kind(app):
    with pytest.raises(Refused, match="days_missing"):
        save_days([], "holiday", actor_id=None)
    with pytest.raises(Refused, match="day_kind_unknown"):
        save_days([NamedDay(NOWRUZ, "")], "party", actor_id=None)
    many = [NamedDay(date.fromordinal(NOWRUZ.toordinal() + number), "") for number in range(401)]
    with pytest.raises(Refused, match="days_too_many"):
        save_days(many, "holiday", actor_id=None)
    assert save_days(many[:400], "holiday", actor_id=None) == 400
