"""The inbox in a real browser: clean at both widths, counting while one writes, and whole without a script."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

import campaigns.commands as campaigns
from campaigns.inbox import commands, queries
from contacts.queries import phone_of
from engage.clock import FrozenClock
from engage.db import db
from engage.identity.rules import Role
from tests import people
from tests.features.test_reports_browser import browser, check, context_of, site, watched  # noqa: F401  (fixtures)
from tests.office import S, open_office


def busy_office(app: Flask, drain, clock: FrozenClock):
    """An office whose citizens answered a campaign: one answered, one late, one after hours."""
    office = open_office()
    office.campaign(S.SCHEDULED)
    drain()
    line = app.extensions["engage_settings"].gateway_line
    numbers = [phone_of(each) for each in office.first_identities[:3]]
    admin = people.make_person(office.unit_id, Role.ADMIN, email="boss@example.ir", name="مریم کاظمی")
    commands.save_keyword(
        office.unit_id, commands.KeywordDraft("پارک", "survey", survey_id=office.survey_id, text="نظر شما:"), actor_id=admin
    )
    words = ["سلام، چراغ کوچهٔ شهید رضایی دو ماه است خاموش است. به چه کسی بگوییم؟", "از کی شروع می‌شود؟", "پارک"]
    for n, (number, said) in enumerate(zip(numbers, words, strict=True)):
        clock.advance(timedelta(minutes=5))
        campaigns.receive_inbound(7_000_000 + n, line, number, said)
    campaigns.handle_inbound()
    db.session.rollback()
    late, other = queries.list_cases([office.unit_id])[0]
    commands.answer_case(late.id, "درود، به همکاران برق گفتیم؛ تا پنجشنبه روشن می‌شود.", seen_count=0, actor_id=office.officer)
    clock.advance(timedelta(days=6))
    campaigns.receive_inbound(7_000_009, line, numbers[0], "هنوز خاموش است")
    campaigns.handle_inbound()
    db.session.rollback()
    return office, admin, late.id, other.id


@pytest.mark.parametrize("width", [1280, 360])
def test_pages_of_the_inbox_are_clean(app: Flask, browser: Browser, site: str, drain, clock: FrozenClock, width: int) -> None:  # noqa: F811
    page, complaints = watched(context_of(app, browser, people.make_person(people.make_units()[1], name="لیلا نوری"), width))
    page.goto(f"{site}/console/inbox")
    check(page, "inbox-empty", width)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_thread_is_answered_and_closed(app: Flask, browser: Browser, site: str, drain, clock: FrozenClock, width: int) -> None:  # noqa: F811
    office, admin, case_id, _ = busy_office(app, drain, clock)
    page, complaints = watched(context_of(app, browser, admin, width))
    for name, path in (
        ("list", ""),
        ("overdue", "?show=overdue"),
        ("keywords", "/keywords"),
        ("keyword", "/keywords/new"),
        ("settings", "/settings"),
        ("case", f"/{case_id}"),
    ):
        page.goto(f"{site}/console/inbox{path}")
        check(page, f"inbox-{name}", width)
    before = page.inner_text("#measure")
    page.fill("#text", "فردا همکاران ما می‌آیند. سپاس از پیگیری شما.")
    expect(page.locator("#measure")).not_to_have_text(before)
    page.click("button[value=close]")
    expect(page.locator(".page-head .state")).to_contain_text("بسته")
    assert complaints == []


def test_a_thread_is_answered_without_a_script(app: Flask, browser: Browser, site: str, drain, clock: FrozenClock) -> None:  # noqa: F811
    office, _, case_id, _ = busy_office(app, drain, clock)
    page, _ = watched(context_of(app, browser, office.officer, 360, script=False))
    page.goto(f"{site}/console/inbox")
    page.click(".row-link >> nth=0")
    page.fill("#text", "رسیدگی می‌کنیم.")
    page.click("button[value=reply]")
    assert "رسیدگی می‌کنیم." in page.inner_text("main")
