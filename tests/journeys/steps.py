"""Steps of a walk that are taken more than once, or by many hands."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page

from engage.clock import TEHRAN, today_in_tehran
from engage.operations.rehearse.citizens import FormReader, Phone
from engage.persian import to_jalali, to_persian_digits
from tests.journeys.eyes import Eyes
from tests.journeys.walk import Walk


def go(eyes: Eyes, path: str, name: str, status: int = 200) -> None:
    """Opens a page and looks at it."""
    answer = eyes.page.goto(path)
    assert answer is not None and answer.status == status, f"{path} answered {answer and answer.status}"
    eyes.look(name)


def day_ahead(walk: Walk, days: int) -> str:
    with walk.stage.app.app_context():
        day = (today_in_tehran() + timedelta(days=days)).astimezone(TEHRAN).date()
    year, month, number = to_jalali(day)
    return to_persian_digits(f"{year}/{month:02}/{number:02}")


def set_up_authenticator(walk: Walk, eyes: Eyes, role: str) -> None:
    """The first sign-in of somebody who needs a second step, up to the recovery codes."""
    page = eyes.page
    walk.sign_in(eyes, role)
    page.wait_for_url("**/authenticator")
    eyes.look(f"authenticator-{role}")
    walk.secrets[role] = page.locator(".qr-card bdi").inner_text()
    page.fill("#code", "000000")
    page.click("main .btn-primary")
    page.wait_for_selector(".notice-bad")
    eyes.look(f"authenticator-{role}-refused")
    page.fill("#code", to_persian_digits(walk.code(role)))
    page.click("main .btn-primary")
    page.wait_for_selector("ol.howto bdi")
    walk.secrets[f"{role} recovery"] = page.locator("ol.howto bdi").first.inner_text()
    eyes.look(f"recovery-codes-{role}")
    page.click("main .btn-primary")
    page.wait_for_url("**/console/")


def fill_in(page: Page, years: str = "۱۲") -> None:
    """Everything on the form, by keyboard and by tapping whole cards."""
    sheets = page.locator("form .s")
    page.locator("fieldset").nth(0).locator("label").nth(3).click()
    page.locator("fieldset").nth(1).locator("label").nth(0).click()
    page.locator("fieldset").nth(2).locator("label").nth(0).click()
    page.locator("fieldset").nth(2).locator("label").nth(1).click()
    sheets.nth(3).locator("input").fill(years)
    sheets.nth(4).locator("input").fill("بوستان هرندی")
    sheets.nth(5).locator("textarea").fill("شب‌ها چراغ کوچهٔ ما خاموش است.")


def answer_with_mistakes(walk: Walk, eyes: Eyes, link: str, name: str) -> None:
    page = eyes.page
    page.goto(link)
    eyes.look(f"{name}-form", narrow=True)
    page.locator("form .s").nth(3).locator("input").fill("۵۰۰")
    page.locator("form .s").nth(5).locator("textarea").fill("این نوشته باید بماند.")
    page.locator("fieldset").nth(2).locator("label").nth(1).click()
    with page.expect_response(lambda answer: answer.request.method == "POST") as came:
        page.click("form button.btn")
    assert came.value.status == 422
    page.wait_for_selector("#errors")
    eyes.look(f"{name}-errors", narrow=True)
    assert page.title().startswith("خطا:")
    assert page.locator("#errors a").count() == 3
    assert page.locator("form .s").nth(5).locator("textarea").input_value() == "این نوشته باید بماند."
    assert page.locator("form .s").nth(3).locator("input").input_value() == "۵۰۰"
    assert page.locator("fieldset").nth(2).locator("input").nth(1).is_checked()
    page.locator("fieldset").nth(2).locator("label").nth(1).click()
    fill_in(page)
    page.click("form button.btn")
    page.wait_for_selector(".code bdi")
    eyes.look(f"{name}-thanks", narrow=True)
    page.goto(link)
    assert "پیش‌تر ثبت شده" in page.inner_text("h1")
    eyes.look(f"{name}-answered", narrow=True)


def answer_by_form(walk: Walk, place: int) -> None:
    """The same form, sent as a browser sends it: many hands for the report."""
    phone, link = Phone(walk.stage.simulator.base_url), walk.link_of(place)
    form = FormReader()
    form.feed(phone.get(link)[1])
    groups = {name: sorted(value for each, value in form.choices if each == name) for name, _ in form.choices}
    fields = [(name, values[place % len(values)]) for name, values in groups.items()]
    fields += [(name, to_persian_digits(str(place))) for name in sorted(form.free)]
    status, page = phone.post(link, form.hidden + fields)
    assert status == 200 and "کد پیگیری" in page
