"""The pages of lines: what is written there holds for workers at once, and only who administers the whole tree sees them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaigns.commands import LineDraft, save_line, seed_first_line
from campaigns.queries.lines import get_line, last_successes
from engage.clock import now
from engage.db import db
from engage.identity.rules import Role
from tests import make
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.sending import begin, execute, scalar

SEEN = re.compile(r'name="seen"[^>]*value="([0-9a-f]{16})"')
FORM: dict[str, Any] = {
    "kind": "service",
    "unit": "",
    "is_active": "y",
    "allows_links": "y",
    "price_persian": "۱٬۸۰۰",
    "price_latin": "4300",
}


@pytest.fixture
def units(app: Flask) -> tuple[int, int, int, int]:
    return make_units()


@pytest.fixture
def admin(app: Flask, client: FlaskClient, units, settings):
    seed_first_line(settings)
    with without_csrf(app):
        yield sign_in(client, make_person(units[0], Role.ADMIN))


def test_the_list_tells_everything_of_a_line(admin, units, settings):
    save_line(LineDraft("20001111", "خط منطقه", "advertising", units[1], per_second=Decimal("12.5"), has_webhook=False), actor_id=None)
    page = admin.get("/console/campaigns/lines").text
    for words in (
        "۲۰۰۰۱۱۱۱",
        "خط منطقه",
        "تبلیغاتی",
        "شهرداری منطقهٔ ۱۲",
        "۷:۰۰ تا ۲۲:۰۰",
        "۱۲٫۵",
        "۱٬۸۰۰ فارسی",
        "پرسیده می‌شود",
        "ذخیرهٔ اعتبار",
    ):
        assert words in page, words
    assert "/console/campaigns/lines" in admin.get("/console/settings").text


def test_a_line_is_added_with_all_that_is_said_of_it(admin, units):
    typed = FORM | {
        "number": "۳۰۰۰۴۳۴۶", "title": "خط تازه", "unit": str(units[1]), "is_polled": "y", "per_second": "۷٫۵",
        "hours_all_start": "۸", "hours_all_end": "۲۴:۰۰", "hours_survey_start": "۹:۳۰", "hours_survey_end": "۲۰:۰۰",
    }  # fmt: skip
    answer = admin.post("/console/campaigns/lines/new", data=typed)
    assert (answer.status_code, answer.location) == (303, "/console/campaigns/lines")
    line = get_line("30004346")
    assert (line.title, line.unit_id, line.has_webhook, line.per_second) == ("خط تازه", units[1], False, Decimal("7.50"))
    assert line.hours == {"*": [480, 1440], "survey": [570, 1200]}
    page = admin.get("/console/campaigns/lines/30004346").text
    assert "۲۴:۰۰" in page and "۹:۳۰" in page and '<details class="more" open' in page
    again = admin.post("/console/campaigns/lines/new", data=typed | {"title": "دیگر"})
    assert again.status_code == 422 and "در فهرست هست" in again.text
    db.session.rollback()
    assert get_line("30004346").title == "خط تازه"


def test_the_pace_changes_while_workers_run_and_that_is_said_and_written_down(admin, settings):
    number = settings.gateway_line
    execute("UPDATE sms_line SET next_at = :later", later=now() + timedelta(hours=1))
    answer = admin.post(f"/console/campaigns/lines/{number}", data=FORM | {"per_second": "۲۰"}, follow_redirects=True)
    assert "با سرعت تازه کار می‌کنند" in answer.text
    assert scalar("SELECT per_second FROM sms_line") == 20 and scalar("SELECT next_at FROM sms_line") is None
    assert scalar("SELECT detail ->> 'rate' FROM audit_entry WHERE action = 'line.throttled'") == "20.0"
    assert "در هر ثانیه حداکثر ۲۰ پیامک" in admin.get("/console/settings/audit").text
    answer = admin.post(f"/console/campaigns/lines/{number}", data=FORM | {"per_second": ""}, follow_redirects=True)
    assert scalar("SELECT per_second FROM sms_line") is None
    assert scalar("SELECT count(*) FROM audit_entry WHERE action = 'line.unthrottled'") == 1
    answer = admin.post(f"/console/campaigns/lines/{number}", data=FORM, follow_redirects=True)
    assert "با سرعت تازه" not in answer.text


def test_what_a_colleague_changed_meanwhile_is_not_overwritten_unseen(admin, settings):
    number = settings.gateway_line
    path = f"/console/campaigns/lines/{number}"
    seen = SEEN.search(admin.get(path).text)[1]
    save_line(LineDraft(number, "از همکار", per_second=Decimal("5")), actor_id=None)
    answer = admin.post(path, data=FORM | {"title": "از من", "per_second": "۲۰", "seen": seen})
    assert answer.status_code == 422 and "همکاری در این میان" in answer.text and "از من" in answer.text
    db.session.rollback()
    assert (get_line(number).title, get_line(number).per_second) == ("از همکار", Decimal("5"))
    # What workers write down about a line is nobody's decision.
    execute("UPDATE sms_line SET next_at = :later", later=now() + timedelta(hours=1))
    again = admin.post(path, data=FORM | {"title": "از من", "per_second": "۲۰", "seen": SEEN.search(answer.text)[1]})
    assert again.status_code == 303 and get_line(number).title == "از من"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "خط"}, "شمارهٔ خط"),
        ({"per_second": "0"}, "پیامک در ثانیه"),
        ({"per_second": "تند"}, "پیامک در ثانیه"),
        ({"price_persian": "-1"}, "ریال برای هر صفحهٔ فارسی"),
        ({"price_latin": ""}, "ریال برای هر صفحهٔ لاتین"),
        ({"hours_all_start": "۸:۰۰"}, "یا هر دو ساعت"),
        ({"hours_all_start": "۱۰", "hours_all_end": "۹"}, "پس از آغاز"),
        ({"hours_survey_start": "۲۵", "hours_survey_end": "۹"}, "چنین ساعتی نیست"),
        ({"kind": "advertising", "hours_all_start": "۶", "hours_all_end": "۲۲"}, "۷:۰۰"),
        ({"unit": "999999"}, "متعلق به"),
        ({"kind": "golden"}, "نوع خط"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_saved(admin, changes, words):
    answer = admin.post("/console/campaigns/lines/new", data=FORM | {"number": "30004346"} | changes)
    assert answer.status_code == 422 and words in answer.text and 'role="alert"' in answer.text
    assert get_line("30004346") is None


def test_the_last_text_taken_is_told_for_each_line(app, admin, units, drain, settings):
    assert last_successes() == {}
    make.make_contacts(units[1], 3)
    begin(app, make.make_campaign(units[1], make.make_survey(units[1])))
    drain()
    assert last_successes() == {settings.gateway_line: scalar("SELECT max(accepted_at) FROM message")}
    assert "هنوز هیچ" not in admin.get("/console/campaigns/lines").text


def test_lines_are_nobodys_below_the_top(app, client, units, settings):
    seed_first_line(settings)
    with without_csrf(app):
        sign_in(client, make_person(units[1], Role.ADMIN))
        for path in ("lines", "lines/new", f"lines/{settings.gateway_line}", "days"):
            assert client.get(f"/console/campaigns/{path}").status_code == 404, path
        assert client.post(f"/console/campaigns/lines/{settings.gateway_line}", data=FORM | {"title": "من"}).status_code == 404
        assert client.post("/console/campaigns/days/fixed").status_code == 404
        assert client.post("/console/campaigns/days/delete", data={"day": "2027-03-21"}).status_code == 404
        assert "/console/campaigns/lines" not in client.get("/console/settings").text
        sign_in(client, make_person(units[0], Role.MANAGER))
        assert client.get("/console/campaigns/lines").status_code == 403
    db.session.rollback()
    assert get_line(settings.gateway_line).title == ""


def test_an_unknown_line_is_not_found(admin):
    for number in ("1", "99999999999", "%2e%2e", "خط"):
        assert admin.get(f"/console/campaigns/lines/{number}").status_code == 404
