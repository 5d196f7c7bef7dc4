"""A manager on a phone: home, report, decision, link, one page, publication; and that the pages on this way are clean at both widths."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Flask
from playwright.sync_api import Browser

from engage.clock import FrozenClock, today_in_tehran
from engage.identity.rules import Role
from engage.persian import format_jalali_short
from engage.reports.census.commands import import_margins
from engage.reports.census.rules import read_rows
from engage.reports.commands import refresh_report
from surveys import commands as surveys
from tests.features.test_reports_browser import browser, check, context_of, fill, site, watched  # noqa: F401 - fixtures
from tests.features.test_reports_live import Asked
from tests.people import make_person

MARGINS = "سن\t18-29\t40000\nسن\t30-44\t35000\nسن\t60+\t25000\nجنسیت\tزن\t50000\nجنسیت\tمرد\t50000"


def test_a_managers_way_from_home_to_the_published_result(app: Flask, browser: Browser, site: str, clock: FrozenClock) -> None:  # noqa: F811
    asked = Asked()
    fill(asked, clock)
    surveys.close_survey(asked.id, actor_id=None)
    refresh_report(asked.id, force=True)
    context = context_of(app, browser, make_person(asked.unit_id, Role.MANAGER), 360)
    page, complaints = watched(context)
    page.goto(f"{site}/console/")
    page.goto(f"{site}/console/reports")
    page.get_by_role("link", name="کار بعدی محلهٔ شما چه باشد؟").first.click()
    check(page, "manager_report", 360)
    assert page.locator(".says li").count() >= 4 and "نفر پاسخ دادند" in page.inner_text(".says")
    assert "دربارهٔ پرسیده‌شدگان" in page.inner_text(".claims") and "سهم‌های سرشماری وارد نشده" in page.inner_text(".claims")
    page.get_by_role("link", name="تصمیم‌ها و پیوندها").first.click()
    page.get_by_role("link", name="ثبت تصمیم").first.click()
    page.get_by_label("تصمیم", exact=True).fill("نصب ۴۰ چراغ در کوچه‌های هرندی")
    page.get_by_label("مسئول").fill("معاونت خدمات شهری")
    page.get_by_label("مهلت", exact=True).fill(format_jalali_short(today_in_tehran().date() + timedelta(days=30)))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="ذخیره").click()
    page.get_by_label("برای چه کسی").fill("شورایاری هرندی")
    page.get_by_role("button", name="ساختن پیوند").click()
    address = page.locator(".link-letters").inner_text().strip()
    stranger = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    guest = stranger.new_page()
    guest.goto(site + "/r/" + address.rsplit("/", 1)[1])
    assert "کار بعدی محلهٔ شما" in guest.inner_text("body")
    page.goto(site + asked.url)
    assert "نصب ۴۰ چراغ" in page.inner_text("#decisions")
    page.get_by_role("link", name="یک صفحه برای شهردار").first.click()
    check(page, "manager_onepage", 360)
    assert page.locator("img.sheet-preview").count() == 2
    page.goto(site + asked.url)
    page.get_by_role("link", name="نتیجهٔ عمومی").first.click()
    check(page, "manager_public", 360)
    page.get_by_label("سخن اداره").fill("چراغ‌ها تا پایان سال نصب می‌شود.")
    page.get_by_role("button", name="انتشار").click()
    assert "نتیجه منتشر شد." in page.inner_text("body")
    guest.goto(f"{site}/results/{asked.slug}")
    assert "چراغ‌ها تا پایان سال نصب می‌شود." in guest.inner_text("body")
    assert complaints == []
    stranger.close()
    context.close()


def test_pages_on_the_way_are_clean_at_both_widths(app: Flask, browser: Browser, site: str, clock: FrozenClock) -> None:  # noqa: F811
    asked = Asked()
    fill(asked, clock)
    import_margins(asked.unit_id, read_rows(MARGINS), source="سرشماری ۱۳۹۵", dated_on=date(2016, 10, 22), actor_id=None)
    surveys.close_survey(asked.id, actor_id=None)
    refresh_report(asked.id, force=True)
    again = Asked(unit_id=asked.unit_id)
    again.answer({"q1": "a2", "q2": 5}, 30)
    refresh_report(again.id, force=True)
    admin = make_person(asked.unit_id, Role.ADMIN)
    for width in (360, 1280):
        context = context_of(app, browser, admin, width)
        page, complaints = watched(context)
        for name, path in (
            ("census", "/console/reports-census"),
            ("exports", f"{asked.url}/exports"),
            ("public", f"{asked.url}/public"),
            ("report", asked.url),
            ("filter", f"{asked.url}/filter"),
            ("topup", f"{asked.url}/top-up"),
            ("priorities", f"{asked.url}/priorities"),
            ("units", "/console/reports-units?period=1405"),
            ("rounds", f"{again.url}/rounds"),
        ):
            page.goto(site + path)
            check(page, name, width)
        if width == 360:
            page.goto(f"{site}{asked.url}/public")
            page.get_by_role("button", name="انتشار").click()
        page.goto(f"{site}/results/{asked.slug}")
        check(page, "results", width)
        assert complaints == []
        context.close()
