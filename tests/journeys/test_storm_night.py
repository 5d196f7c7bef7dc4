"""Storm night on a phone: the duty officer finds the alert, types the number of people, and sends it from one page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from engage.clock import now
from engage.db import db, transaction
from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from tests import make
from tests.journeys.eyes import Eyes
from tests.journeys.people import PASSWORD


@pytest.fixture
def eyes(stage: Stage, browser: Browser) -> Iterator[Eyes]:
    with stage.app.app_context():
        unit_id = commands.create_unit(
            parent_id=None, kind="municipality", name="شهرداری رشت", sms_name="شهرداری رشت", slug="storm", actor_id=None
        )
        commands.create_user(email="storm@example.ir", name="نرگس احمدی", password=PASSWORD, role=Role.OFFICER, unit_id=unit_id, actor_id=None)
        make.make_contacts(unit_id, [f"+98935700{number:04d}" for number in range(12)], neighbourhood="گلسار")
        with transaction():
            db.session.execute(
                text(
                    "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) "
                    "SELECT id, 'weather_safety', true, 'consent', :at FROM contact WHERE unit_id = :unit"
                ),
                {"at": now(), "unit": unit_id},
            )
    problems: list[str] = []
    opened = Eyes(browser, problems, 360, prefix="storm-")
    opened.page.goto(f"{stage.settings.base_url}/console/campaigns")
    opened.page.fill("#email", "storm@example.ir")
    opened.page.fill("#password", PASSWORD)
    opened.page.click("main button[type=submit], form button.btn-primary")
    opened.page.wait_for_url("**/console/campaigns")
    yield opened
    opened.close()
    assert problems == []


def test_the_duty_officer_sends_an_alert_from_one_page(eyes: Eyes) -> None:
    page = eyes.page
    page.click("main a.btn-primary")
    eyes.look("kinds")
    page.click("text=هشدار ایمنی")
    page.click("text=توفان و باد شدید")
    expect(page.locator("#text")).to_have_value("{واحد}: هشدار توفان. از زیر درخت و دیوار سست دور شوید و در خانه بمانید. امداد ۱۲۵")
    eyes.look("alert")
    page.fill("#typed", "۱۱")
    page.click("button[value=send]")
    expect(page.locator("[role=alert]")).to_contain_text("۱۲")
    eyes.look("alert-wrong")
    page.fill("#typed", "۱۲")
    page.click("button[value=send]")
    page.wait_for_url("**/console/campaigns/a*")
    eyes.look("sent")
