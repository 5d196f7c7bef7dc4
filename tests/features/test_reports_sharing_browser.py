"""What follows from a report, in a real browser: at both widths, clean, and the manager's way on a phone without script."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from playwright.sync_api import Browser

from engage.clock import FrozenClock, today_in_tehran
from engage.identity.rules import Role
from engage.persian import format_jalali_short
from engage.reports.commands import refresh_report
from engage.reports.sharing.commands import decisions, links, promises
from engage.reports.sharing.commands.decisions import Plan
from engage.reports.sharing.rules import Section
from surveys import commands as surveys
from tests.features.test_reports_browser import browser, check, context_of, fill, site, watched  # noqa: F401 - fixtures
from tests.features.test_reports_live import Asked
from tests.people import make_person

REASON = "پیمانکار چراغ‌ها دو هفته دیرتر انتخاب شد."


def _furnish(asked: Asked, clock: FrozenClock, actor: int) -> str:
    """Answers, decisions in every state, a late promise that was moved once, links open and ended; the open one's address."""
    fill(asked, clock)
    first = today_in_tehran().date() + timedelta(days=1)
    surveys.publish_survey(asked.id, closes_at=None, results_on=first, actor_id=None)
    promises.move_promise(asked.id, first + timedelta(days=2), REASON, actor_id=actor)
    refresh_report(asked.id, force=True)
    report, today = asked.report(), today_in_tehran().date()
    for number, (title, days) in enumerate(
        [("نصب ۴۰ چراغ در کوچه‌های هرندی", 2), ("بازدید شبانه با شورایاری", 30), ("ترمیم پیاده‌روی خیابان مولوی", 20), ("جابه‌جایی سطل‌ها", 9)]
    ):
        plan = Plan(
            title, "بیشتر پاسخ‌ها از تاریکی کوچه‌ها بود.", "معاونت خدمات شهری", today + timedelta(days=days), "q1" if not number else ""
        )
        made = decisions.add_decision(report, plan, actor_id=actor)
        if number == 1:
            decisions.move_decision(report, made, "doing", "", 1, actor_id=actor)
        if number == 2:
            decisions.move_decision(report, made, "done", "", 1, actor_id=actor)
        if number == 3:
            decisions.move_decision(report, made, "dropped", "اعتبار این کار تأمین نشد.", 1, actor_id=actor)
    links.make_link(report, "شورایاری هرندی", ["findings"], 1, actor_id=actor)
    clock.advance(timedelta(days=5))
    return "/r/" + links.make_link(report, "معاونت خدمات شهری", [str(each) for each in Section], 14, actor_id=actor)


def test_pages_are_clean_at_both_widths(app: Flask, browser: Browser, site: str, clock: FrozenClock) -> None:  # noqa: F811
    asked = Asked()
    manager = make_person(asked.unit_id, Role.ADMIN)
    address = _furnish(asked, clock, manager)
    for width in (360, 1280):
        context = context_of(app, browser, manager, width)
        page, complaints = watched(context)
        for name, path in (
            ("sharing_index", f"{asked.url}/follow-up"),
            ("sharing_decision", f"{asked.url}/follow-up/decisions/new"),
            ("sharing_link", address),
            ("sharing_nowhere", "/r/23456789abc"),
        ):
            page.goto(site + path)
            check(page, name, width)
        assert [each for each in complaints if "404" not in each] == []
        context.close()


def test_a_manager_decides_and_shares_on_a_phone(app: Flask, browser: Browser, site: str, clock: FrozenClock) -> None:  # noqa: F811
    """The report, a decision, a link for somebody without an account, and back: by thumbs alone, without script."""
    asked = Asked()
    fill(asked, clock)
    refresh_report(asked.id, force=True)
    context = context_of(app, browser, make_person(asked.unit_id, Role.MANAGER), 360, script=False)
    page = context.new_page()
    page.goto(f"{site}{asked.url}/follow-up")
    page.get_by_role("link", name="ثبت تصمیم").first.click()
    page.get_by_label("تصمیم", exact=True).fill("نصب ۴۰ چراغ در کوچه‌های هرندی")
    page.get_by_label("مسئول").fill("معاونت خدمات شهری")
    page.get_by_label("مهلت", exact=True).fill(format_jalali_short(today_in_tehran().date() + timedelta(days=30)))
    page.get_by_role("button", name="ذخیره").click()
    assert "تصمیم ثبت شد." in page.inner_text("body") and "در نوبت انجام" in page.inner_text(".decisions")
    page.get_by_role("button", name="آغاز کار").click()
    assert "در حال انجام" in page.inner_text(".decisions")
    page.get_by_label("برای چه کسی").fill("شورایاری هرندی")
    page.get_by_role("checkbox", name="تصمیم و اقدام").check()
    page.get_by_role("button", name="ساختن پیوند").click()
    address = page.locator(".link-letters").inner_text().strip()
    stranger = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    reader = stranger.new_page()
    reader.goto(site + "/r/" + address.rsplit("/", 1)[1])
    assert "نصب ۴۰ چراغ در کوچه‌های هرندی" in reader.inner_text("body")
    assert stranger.cookies() == []
    assert reader.evaluate("document.documentElement.scrollWidth") <= 360
    stranger.close()
    context.close()
