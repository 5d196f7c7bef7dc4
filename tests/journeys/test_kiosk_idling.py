"""A kiosk in a real browser: whoever leaves is asked, then followed by a fresh form; whoever stays is left in peace."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from engage.operations.rehearse.stage import Stage
from surveys.asked import Asked, Office
from surveys.citizen.form import form_page
from surveys.definitions import Definition
from surveys.entrances.idling import idling
from surveys.types import LongText

SURVEY = Definition(title="کوچهٔ شما", questions=[LongText(id="q1", label="چه کم دارد؟")])
ADDRESS = "http://kiosk.test/k/abcdefgh"


@pytest.fixture
def kiosk(stage: Stage, browser: Browser) -> Iterator[Page]:
    with stage.app.test_request_context():
        plain = form_page(Asked(1, SURVEY, Office("شهرداری پردیس"), None, None))
        made = idling(plain, turn="0" * 16, start="/k/abcdefgh", seconds=120, blind_seconds=180)

    def answer(route: Route) -> None:
        if "go" in route.request.url:
            route.fulfill(body=made.body, headers={"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": made.policy})
        else:
            route.fulfill(body="<p>شروع</p>", headers={"Content-Type": "text/html; charset=utf-8"})

    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.route("http://kiosk.test/**", answer)
    page.clock.install()
    page.goto(f"{ADDRESS}?go")
    yield page
    page.close()
    assert problems == []


def test_whoever_leaves_is_asked_and_then_followed_by_a_fresh_form(kiosk: Page) -> None:
    asking = kiosk.get_by_role("alertdialog")
    kiosk.locator("#q1").fill("چراغ")
    kiosk.clock.run_for(99_000)
    expect(asking).to_be_hidden()
    kiosk.clock.run_for(3_000)
    expect(asking).to_be_visible()
    assert "ثانیهٔ دیگر" in asking.inner_text() and re.search("۱[۷-۹]", asking.inner_text())
    expect(kiosk.get_by_role("button", name="هنوز اینجا هستم")).to_be_focused()
    kiosk.clock.run_for(19_000)
    expect(kiosk.get_by_text("شروع")).to_be_visible()
    assert kiosk.url == ADDRESS


def test_whoever_stays_goes_on_where_they_were(kiosk: Page) -> None:
    field = kiosk.locator("#q1")
    field.fill("چراغ")
    kiosk.clock.run_for(110_000)
    kiosk.get_by_role("button", name="هنوز اینجا هستم").click()
    expect(kiosk.get_by_role("alertdialog")).to_be_hidden()
    expect(field).to_be_focused()
    for _ in range(4):
        kiosk.clock.run_for(90_000)
        field.press("a")
    assert kiosk.url == f"{ADDRESS}?go" and field.input_value() == "چراغaaaa"
    expect(kiosk.get_by_role("alertdialog")).to_be_hidden()
