"""The parts of the contact base on the console: how one gets about, what is offered, and what small pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask import render_template
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.db import db, transaction
from engage.identity.rules import Role
from tests.make import make_contacts
from tests.people import make_person, make_units, sign_in, without_csrf

BASE = "/console/contacts"
SECTIONS = {
    f"{BASE}/": "افراد",
    f"{BASE}/segments": "گروه‌ها",
    f"{BASE}/imports/": "فهرست‌های واردشده",
    f"{BASE}/sign-up": "صفحه‌های عضویت",
    f"{BASE}/objections": "اعتراض‌ها",
    f"{BASE}/tags": "برچسب‌ها",
    f"{BASE}/bulk": "تغییرهای گروهی",
}


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


def tabs(page: str) -> list[tuple[str, bool, str]]:
    """(address, whether it is the current one, words) of each part."""
    nav = re.search(r'<nav class="subnav".*?</nav>', page, re.S)
    assert nav
    return [(href, bool(current), words) for href, current, words in re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>', nav[0])]


def add(unit_id: int, number: str = "+989121234567", **more) -> int:
    person = Person("زهرا", "کاظمی", "هرندی", "female", 1362, **more)
    return commands.add_contact(unit_id, number, person, purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم ۳۱۸")


@pytest.mark.parametrize("count", [0, 2])
def test_every_part_is_one_step_from_every_other(officer: FlaskClient, units, count: int) -> None:
    make_contacts(units[1], count)
    for address in SECTIONS:
        answer = officer.get(address)
        assert answer.status_code == 200, address
        found = tabs(answer.text)
        assert {href: words for href, _, words in found} == SECTIONS
        assert [href for href, current, _ in found if current] == [address]


def test_nobody_is_led_where_they_may_not_go(app) -> None:
    with app.test_request_context(f"{BASE}/objections"):
        page = render_template("contacts/_sections.html", viewer=SimpleNamespace(may=lambda permission: permission == "contacts.view"))
    assert [href for href, _, _ in tabs(page)] == [f"{BASE}/", f"{BASE}/segments", f"{BASE}/sign-up", f"{BASE}/objections"]
    assert [words for _, current, words in tabs(page) if current] == ["اعتراض‌ها"]


def test_the_list_of_people_has_two_buttons_and_keeps_the_others_in_a_menu(officer: FlaskClient, units) -> None:
    contact_id = add(units[1])
    page = officer.get(f"{BASE}/").text
    head = page[page.index('<div class="page-head">') : page.index('<nav class="subnav"')]
    assert re.findall(r'<a class="btn[^"]*" href="([^"]+)"', head) == [f"{BASE}/new", f"{BASE}/imports/new"]
    assert head.count("btn-primary") == 1 and 'class="menu-item" type="submit"' in head
    assert 'data-check-all="contact"' in page and f'name="contact" value="{contact_id}"' in page and "انتخاب زهرا کاظمی" in page


def test_settings_lead_to_what_an_admin_decides_about_the_base(app, units) -> None:
    admin = sign_in(app.test_client(), make_person(units[1], Role.ADMIN))
    page = admin.get("/console/settings").text
    for address in ("purposes", "policy", "retention", "fields"):
        assert f'href="{BASE}/{address}"' in page
        assert 'href="/console/settings"' in admin.get(f"{BASE}/{address}").text
    officer = sign_in(app.test_client(), make_person(units[1]))
    assert BASE + "/retention" not in officer.get("/console/settings").text


def test_a_purpose_at_rest_is_offered_nowhere_and_can_still_be_withdrawn(officer: FlaskClient, units) -> None:
    contact_id = add(units[1])
    commands.give_consent(contact_id, "bazaar_news", Basis.CONSENT, evidence="فرم ۳۱۹")
    with transaction() as session:
        session.execute(text("UPDATE purpose SET is_active = false WHERE key = 'bazaar_news'"))
    offered = 'value="bazaar_news"'
    for address in (f"{BASE}/new", f"{BASE}/{contact_id}/consent"):
        page = officer.get(address).text
        assert 'value="neighbourhood_news"' in page and offered not in page, address
    given = {"purpose": "bazaar_news", "basis": "consent", "evidence": "فرم ۳۲۰"}
    assert officer.post(f"{BASE}/{contact_id}/consent", data=given).status_code == 422
    assert offered in officer.get(f"{BASE}/{contact_id}").text
    assert officer.post(f"{BASE}/{contact_id}/withdraw", data={"purpose": "bazaar_news"}).status_code == 303
    standing = "SELECT given FROM contact_consent WHERE contact_id = :id AND purpose = 'bazaar_news'"
    assert db.session.scalar(text(standing), {"id": contact_id}) is False


def test_a_year_stands_together_in_its_form(officer: FlaskClient, units) -> None:
    page = officer.get(f"{BASE}/{add(units[1])}/edit").text
    assert 'value="۱۳۶۲"' in page and "۱٬۳۶۲" not in page


def test_the_past_calls_an_own_field_by_its_title(officer: FlaskClient, units) -> None:
    key = commands.add_field(units[1], "روز بازدید", "text", actor_id=None, key="visit_day")
    field_id = db.session.scalar(text("SELECT id FROM custom_field WHERE key = :key"), {"key": key})
    contact_id = add(units[1])
    form = {"first_name": "زهرا", "last_name": "کاظمی", "neighbourhood": "هرندی", "gender": "female", "birth_year": "1362"}
    assert officer.post(f"{BASE}/{contact_id}/edit", data=form | {f"own_{field_id}": "شنبه"}).status_code == 303
    past = officer.get(f"{BASE}/{contact_id}?show=change").text
    past = past[past.index('<ol class="line">') : past.index("</ol>", past.index('<ol class="line">'))]
    assert "روز بازدید" in past and "visit_day" not in past


def test_an_objection_names_who_objects_only_where_they_are_known(app, officer: FlaskClient, units) -> None:
    contact_id = add(units[1])
    commands.dispute_consent(contact_id, actor_id=None)
    assert "زهرا کاظمی" in officer.get(f"{BASE}/objections").text
    with transaction() as session:
        session.execute(text("UPDATE contact SET unit_id = :there WHERE id = :id"), {"there": units[2], "id": contact_id})
    assert "زهرا کاظمی" not in officer.get(f"{BASE}/objections").text


def test_the_record_of_a_consent_can_be_printed_and_names_its_proof(officer: FlaskClient, units) -> None:
    page = officer.get(f"{BASE}/{add(units[1])}/record").text
    assert "data-print" in page and "RFC 9162" in page
