"""A report in a real browser: clean at both widths, alive without reloading, whole without script, and as a file on paper."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from engage.clock import FrozenClock
from engage.identity.rules import Role
from engage.reports.cli import build_report
from surveys import commands as surveys
from tests.features.test_reports_live import Asked, deliver_messages
from tests.people import make_person, sign_in

CHROMIUM = "/usr/bin/chromium"
SHOTS = os.environ.get("ENGAGE_SHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: the pages were not looked at")
        pytest.skip("NOT CHECKED: Debian's chromium is not installed, so no page was opened in a browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"])
        yield started
        started.close()


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def context_of(app: Flask, browser: Browser, user_id: int, width: int, *, script: bool = True) -> BrowserContext:
    client = sign_in(app.test_client(), user_id)
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    context = browser.new_context(viewport={"width": width, "height": 900 if width > 600 else 740}, java_script_enabled=script)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}])
    return context


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what its console complained about: CSP violations are among that."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def check(page: Page, name: str, width: int) -> None:
    page.evaluate("document.fonts.ready")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def fill(asked: Asked, clock: FrozenClock) -> None:
    """A few days of answers of every kind, and a campaign that brought them."""
    written = ["شب‌ها از کوچهٔ ما نمی‌شود رد شد؛ دو چراغ ماه‌هاست خاموش است.", "تماس گرفتم و پیگیری نشد. شماره‌ام ۰۹۱۲۱۲۳۴۵۶۷ است.", "سپاس"]
    for day in range(9):
        for place in range(5 + 3 * (day % 4)):
            answers = {
                "q1": "a1" if place % 3 else "a2",
                "q2": 5 - (place + day) % 5,
                "q3": ["b2"] if place % 2 else ["b1", "b3"],
                "q4": place * 7 % 60,
            }
            if place % 4 == 0:
                answers |= {"q5": written[day % 3], "q1": "a3"}
            if place % 5 == 0:
                del answers["q2"]
            asked.answer(answers)
        clock.advance(timedelta(days=1))
    reached = list(asked.invited)
    for identity in asked.invite(200)[:90]:
        reached.append(identity)
    rest = [each for each in asked.invited if each not in reached]
    deliver_messages(asked, {"delivered": reached, "accepted": rest[:40], "undelivered": rest[40:]})


@pytest.mark.parametrize("width", [1280, 360])
def test_every_state_of_a_report_is_clean(
    app: Flask, browser: Browser, site: str, drain: Callable[[], int], clock: FrozenClock, width: int
) -> None:
    asked = Asked()
    drain()
    user_id = make_person(asked.unit_id, Role.MANAGER)
    page, complaints = watched(context_of(app, browser, user_id, width))
    page.goto(site + asked.url)
    check(page, "report-empty", width)
    asked.answer({"q1": "a1", "q2": 4, "q4": 12, "q5": "راز"}, 4)
    drain()
    page.goto(site + asked.url)
    check(page, "report-few", width)
    page.context.close()
    fill(asked, clock)
    surveys.close_survey(asked.id, actor_id=None)
    drain()
    context = context_of(app, browser, user_id, width)  # days have passed: the old session is over
    page, more = watched(context)
    for name, path in (("list", "/console/reports"), ("report", asked.url), ("texts", f"{asked.url}/texts/q5")):
        page.goto(site + path)
        check(page, name, width)
    page.goto(site + asked.url)
    page.click(".files > summary")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/files-{width}.png")
    with page.expect_download() as taken:
        page.click(".files form[action$='/csv'] button")
    assert taken.value.suggested_filename.endswith(".csv")
    page.keyboard.press("Escape")
    page.click(".says a[href='#q-q1']")
    assert page.url.endswith("#q-q1")
    assert complaints == [] and more == []
    context.close()


def test_an_answer_is_seen_within_five_seconds_without_reloading(
    app: Flask, browser: Browser, site: str, drain: Callable[[], int], clock: FrozenClock
) -> None:
    asked = Asked()
    asked.answer({"q1": "a1"}, 11)
    drain()
    context = context_of(app, browser, make_person(asked.unit_id), 1280)
    page, complaints = watched(context)
    page.goto(site + asked.url)
    page.evaluate("window.stayed = true")
    assert "۱۱" in page.inner_text(".figures")
    asked.answer({"q1": "a2"}, 2)
    drain()
    expect(page.locator(".figures b").first).to_have_text("۱۳", timeout=5000)
    asked.answer({"q1": "a2"})
    drain()
    expect(page.locator(".figures b").first).to_have_text("۱۴", timeout=5000)
    assert page.evaluate("window.stayed") is True
    assert complaints == []
    context.close()


def test_without_script_the_report_is_whole(app: Flask, browser: Browser, site: str, drain: Callable[[], int]) -> None:
    asked = Asked()
    asked.answer({"q1": "a1", "q4": 3}, 12)
    drain()
    context = context_of(app, browser, make_person(asked.unit_id), 360, script=False)
    page = context.new_page()
    page.goto(site + asked.url)
    assert page.locator(".says li").count() >= 1 and page.locator("table.bars").count() >= 3
    page.click(".files > summary")
    with page.expect_download() as taken:
        page.click(".files form[action$='/html'] button")
    assert taken.value.suggested_filename == f"report-{asked.slug}.html"
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_file_stands_alone(
    app: Flask, browser: Browser, drain: Callable[[], int], clock: FrozenClock, tmp_path: Path, width: int
) -> None:
    asked = Asked()
    fill(asked, clock)
    build_report(asked.id, tmp_path / "report.html")
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page, complaints = watched(context)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    page.goto((tmp_path / "report.html").as_uri())
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('16px Vazirmatn')")
    check(page, "file", width)
    if SHOTS and width == 1280:
        page.pdf(path=f"{SHOTS}/file.pdf", format="A4", print_background=True)
    assert (complaints, asked_for) == ([], [])
    context.close()
