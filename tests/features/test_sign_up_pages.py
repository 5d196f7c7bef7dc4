"""The officer's side of a sign-up page: made, printed, closed, and nobody else's."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts.commands.sign_up_pages import change_sign_up_page, make_sign_up_page
from contacts.queries.sign_up_pages import get_sign_up_page
from engage.db import db
from engage.identity.rules import Role
from engage.refusal import Refused
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.sign_up import TOPICS


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def slug(unit: int) -> str:
    return make_sign_up_page(unit, "خبرهای محلهٔ شما", TOPICS, actor_id=None)


def test_an_officer_makes_a_page_prints_its_poster_and_closes_it(app: Flask, client: FlaskClient, unit: int) -> None:
    officer = sign_in(client, make_person(unit))
    with without_csrf(app):
        assert "هنوز صفحهٔ عضویتی نیست" in officer.get("/console/contacts/sign-up").text
        assert officer.post("/console/contacts/sign-up/new", data={"title": ""}).status_code == 422
        made = officer.post("/console/contacts/sign-up/new", data={"title": "خبرهای محلهٔ شما", "purposes": TOPICS})
        assert made.status_code == 303
        listed = officer.get("/console/contacts/sign-up").text
        (slug,) = set(re.findall(r"/join/([a-z0-9]{5})", listed))
        poster = officer.get(f"/console/contacts/sign-up/{slug}/poster.pdf")
        assert poster.data.startswith(b"%PDF") and poster.data.count(b"/Type /Page\n") <= 1 and b"Vazirmatn" in poster.data
        assert officer.get(f"/console/contacts/sign-up/{slug}").status_code == 200
        officer.post(f"/console/contacts/sign-up/{slug}", data={"title": "نام تازه", "purposes": TOPICS[:1]})
        officer.post(f"/console/contacts/sign-up/{slug}/close")
    page = get_sign_up_page(slug)
    assert page is not None and (page.title, page.purpose_keys, page.is_open) == ("نام تازه", (TOPICS[0],), False)
    actions = set(db.session.scalars(text("SELECT action FROM audit_entry")))
    assert {"sign_up_page_made", "sign_up_page_changed", "sign_up_page_closed"} <= actions


def test_a_page_of_another_district_does_not_exist(app: Flask, client: FlaskClient) -> None:
    _, d12, d6, _ = make_units()
    slug = make_sign_up_page(d6, "منطقهٔ شش", TOPICS, actor_id=None)
    officer = sign_in(client, make_person(d12, Role.OFFICER))
    with without_csrf(app):
        assert slug not in officer.get("/console/contacts/sign-up").text
        for address in (f"/console/contacts/sign-up/{slug}", f"/console/contacts/sign-up/{slug}/poster.pdf"):
            assert officer.get(address).status_code == 404
        assert officer.post(f"/console/contacts/sign-up/{slug}/close").status_code == 404
    page = get_sign_up_page(slug)
    assert page is not None and page.is_open


@pytest.mark.parametrize(
    ("title", "purposes", "code"),
    [(" ", TOPICS, "title_missing"), ("عنوان", [], "purposes_missing"), ("عنوان", ["nothing"], "purpose_unknown")],
)
def test_a_page_needs_a_title_and_topics(app: Flask, unit: int, title: str, purposes: list[str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        make_sign_up_page(unit, title, purposes, actor_id=None)
    assert refused.value.code == code
    with pytest.raises(Refused) as missing:
        change_sign_up_page("none", "عنوان", TOPICS, actor_id=None)
    assert missing.value.code == "sign_up_page_missing"
