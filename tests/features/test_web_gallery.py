
"""Every part of the shell on a few pages, in a real browser: no CSP violation, no axe finding, no sideways scroll, live parts at work."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from engage.config import Settings
from tests.gallery import Viewer, gallery_app

CHROMIUM = "/usr/bin/chromium"
SHOTS = os.environ.get("ENGAGE_SHOTS")


@pytest.fixture(scope="module")
def serve(settings: Settings) -> Iterator[Callable[[Viewer | None], str]]:
    """Serves the gallery for a viewer, over HTTP on loopback."""
    running = []

    def start(viewer: Viewer | None) -> str:
        server = make_server("127.0.0.1", 0, gallery_app(settings, viewer), threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: the pages were not looked at")
        pytest.skip("NOT CHECKED: Debian's chromium is not installed, so no page was opened in a browser")
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(serve: Callable[[Viewer | None], str]) -> str:
    return serve(Viewer())


def watched(browser: Browser, width: int, dark: bool = False) -> tuple[Page, list[str]]:
    """A page, and what its console complained about: CSP violations are among that."""
    page = browser.new_page(viewport={"width": width, "height": 900 if width > 600 else 740}, device_scale_factor=1 if width > 600 else 2)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def shoot(page: Page, name: str, width: int) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


PAGES = {"parts": "/?undo=1", "form": "/contacts", "charts": "/reports", "door": "/door", "missing": "/no/such/page"}


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_in_a_browser(browser: Browser, site: str, name: str, width: int) -> None:
    page, complaints = watched(browser, width)
    page.goto(site + PAGES[name])
    page.wait_for_load_state("networkidle", timeout=30_000) if name != "parts" else page.wait_for_timeout(300)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('16px Vazirmatn')")
    shoot(page, name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "scrolls sideways"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    expected = [text for text in complaints if "404" in text] if name == "missing" else []
    assert complaints == expected
    page.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_form_that_comes_back_shows_what_to_mend(browser: Browser, site: str, width: int) -> None:
    page, complaints = watched(browser, width)
    page.goto(site + "/contacts")
    page.fill("#phone", "۰۹۱۲۱۲۳")
    page.fill("#day", "۱۴۰۴/۱۲/۳۰")
    page.click("text=ادامه")
    page.wait_for_selector(".problems")
    page.wait_for_function("document.activeElement.getAttribute('role') === 'alert'")
    assert page.input_value("#phone") == "۰۹۱۲۱۲۳"
    shoot(page, "form-errors", width)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.click(".problems a >> nth=0")
    assert page.evaluate("document.activeElement.id") == "name"
    assert complaints == []
    page.close()


def test_card_renews_itself_and_stops_when_done(browser: Browser, site: str) -> None:
    page, complaints = watched(browser, 1280)
    page.goto(site + "/")
    page.wait_for_selector('#work-1 progress[value="4165"]', timeout=30_000)
    assert page.get_attribute("#work-1", "hx-get") is None
    assert complaints == []
    page.close()


def test_menus_counter_and_filter_work_under_the_policy(browser: Browser, site: str) -> None:
    page, complaints = watched(browser, 1280)
    page.goto(site + "/contacts")
    page.click("summary.unit")
    page.fill(".menu-filter", "7")
    assert page.locator("#unit-list > li:visible").all_inner_texts() == ["ناحیهٔ 7"]
    shoot(page, "menu", 1280)
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    page.fill("#t", "منطقه ۱۲: روشنایی کوچه چطور است؟!")
    assert page.inner_text("[data-sms-line]") == "۷۱ نویسه · ۲ صفحه"
    assert complaints == []
    page.close()


def test_more_menu_on_a_phone_leads_to_the_rest(browser: Browser, site: str) -> None:
    page, _ = watched(browser, 360)
    page.goto(site + "/")
    page.click(".tabbar summary")
    assert page.locator(".tabbar .menu-panel a").all_inner_texts() == ["گزارش‌ها", "تنظیمات"]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/more-360.png")
    page.close()


def test_refusal_leads_back_with_its_sentence(browser: Browser, site: str) -> None:
    page, complaints = watched(browser, 1280)
    page.goto(site + "/?from=here")
    page.click("text=رسیدگی")
    page.wait_for_selector("#notices .notice-bad")
    assert page.url == site + "/?from=here"
    assert "۲٬۳۸۰" in page.inner_text("#notices")
    assert complaints == []
    page.close()


def test_live_button_carries_the_token_and_shows_the_refusal_on_top(browser: Browser, site: str) -> None:
    page, complaints = watched(browser, 1280)
    page.goto(site + "/")
    page.click("#live")
    page.wait_for_selector("#notices .notice-bad")
    assert "۲٬۳۸۰" in page.inner_text("#notices")
    assert page.locator("#work-1").count() == 1
    assert [text for text in complaints if "422" not in text] == []
    page.close()


def test_crash_page_says_nothing_of_the_cause(browser: Browser, site: str) -> None:
    page, _ = watched(browser, 1280)
    page.goto(site + "/crash")
    assert "09121234567" not in page.content()
    assert "کد خطا" in page.inner_text("main")
    shoot(page, "crash", 1280)
    page.close()


def test_stranger_sees_a_page_without_menus(browser: Browser, serve: Callable[[Viewer | None], str]) -> None:
    page, _ = watched(browser, 1280)
    page.goto(serve(None) + "/no/such/page")
    assert page.locator("nav").count() == 0
    shoot(page, "stranger", 1280)
    assert Axe().run(page).violations_count == 0
    page.close()
