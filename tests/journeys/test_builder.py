"""The form editor walked in the browser: a survey of five questions with a condition, dragged, undone, previewed and published."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from tests.journeys.eyes import Eyes
from tests.journeys.people import PASSWORD

QUESTIONS = (
    ("single", {"label": "کدام کار واجب‌تر است؟", "options": "روشنایی کوچه\nفضای سبز"}),
    ("rating", {"label": "از نظافت محله چقدر راضی هستید؟"}),
    ("long_text", {"label": "چرا روشنایی؟"}),
    ("number", {"label": "چند سال است ساکن محله‌اید؟"}),
    ("short_text", {"label": "نام کوچهٔ شما چیست؟"}),
)


@pytest.fixture(scope="module", params=[1280, 360])
def eyes(request: pytest.FixtureRequest, stage: Stage, browser: Browser) -> Iterator[Eyes]:
    width = request.param
    with stage.app.app_context():
        unit_id = commands.create_unit(
            parent_id=None, kind="municipality", name="شهرداری قم", sms_name="شهرداری قم", slug=f"builder-{width}", actor_id=None
        )
        commands.create_user(
            email=f"builder-{width}@example.ir", name="نرگس احمدی", password=PASSWORD, role=Role.OFFICER, unit_id=unit_id, actor_id=None
        )
    problems: list[str] = []
    opened = Eyes(browser, problems, width, prefix="builder-")
    opened.page.goto(f"{stage.settings.base_url}/console/surveys")
    opened.page.fill("#email", f"builder-{width}@example.ir")
    opened.page.fill("#password", PASSWORD)
    opened.page.click("main button[type=submit], form button.btn-primary")
    opened.page.wait_for_url("**/console/surveys")
    yield opened
    opened.close()
    assert problems == []


def labels(page: Page) -> list[str]:
    """The questions in the order they stand in, without their numbers."""
    return [re.sub(r"^[۰-۹]+\.?\s*", "", text) for text in page.locator("[data-question] .q-label").all_inner_texts()]


def test_an_officer_builds_a_survey_without_help(eyes: Eyes) -> None:
    page = eyes.page
    page.click(".page-head .btn-primary")
    eyes.look("new")
    page.fill("#title", "کار بعدی محله")
    page.check("input[value=blank]")
    page.click("main .card-foot .btn-primary")
    page.wait_for_url("**/edit**")
    eyes.look("empty")
    base = page.url.split("/edit")[0]
    for number, (kind, values) in enumerate(QUESTIONS, 1):
        page.click(f"#add button[value={kind}]")
        page.wait_for_url(f"**open=q{number}#q{number}")
        card = page.locator(f"#q{number}.is-open")
        for name, value in values.items():
            card.locator(f"[name$='-{name}']").fill(value)
        # What is typed is saved by itself after a pause.
        expect(page.locator("[data-builder-status]")).to_contain_text("ذخیره شد، ساعت", timeout=15_000)
        expect(card.locator("[data-label]")).to_have_text(values["label"])
        assert page.locator("[data-question]").count() == number

    # A condition from three choices: the third question only for those who chose the first option.
    page.goto(f"{base}/edit?open=q3")
    page.click(".conditions > summary")
    helper = page.locator("[data-helper]")
    helper.locator("select[name$='-name']").select_option("q1")
    helper.locator("select[name$='-value']").select_option(label="روشنایی کوچه")
    eyes.look("condition")
    helper.locator("button[value=rule]").click()
    page.wait_for_url("**open=q3**")
    expect(page.locator("input[name$='-show_if']")).to_have_value('q1 = "a1"')
    expect(page.locator(".q-card.is-open .q-fact")).to_contain_text("روشنایی کوچه")

    # The fifth question is dragged to the top of the list, and the step undone and done again.
    page.goto(f"{base}/edit")
    before = labels(page)
    handle, target = page.locator("[data-handle]").nth(4), page.locator("[data-question]").nth(3)
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + start["width"] / 2, end["y"] + 12, steps=12)
    page.mouse.up()
    expect(page.locator("[data-builder-status]")).to_contain_text("ذخیره شد، ساعت", timeout=15_000)
    dragged = [*before[:3], before[4], before[3]]
    expect(page.locator("[data-question] .q-label").nth(3)).to_contain_text(before[4], timeout=15_000)
    assert labels(page) == dragged
    page.reload()
    assert labels(page) == dragged
    page.click("[data-undo]")
    page.wait_for_selector("[role=status].notice")
    assert labels(page) == before
    page.click("[data-redo]")
    page.wait_for_selector("[role=status].notice")
    assert labels(page) == dragged
    eyes.look("cards")

    page.locator("[data-question]").nth(1).locator("button[formaction$='/delete']").click()
    page.click(".undo button")
    page.wait_for_selector("[role=status].notice")
    assert labels(page) == dragged

    for name in ("settings", "trials", "files", "versions", "saves"):
        page.goto(f"{base}/{name}")
        eyes.look(name)
    page.goto(f"{base}/preview")
    page.frame_locator("iframe").locator("h1").wait_for()
    eyes.look("preview")
    page.goto(f"{base}/try")
    page.locator("h1").wait_for()
    page.goto(f"{base}/publish")
    eyes.look("publish")
    page.click("main .card-foot .btn-primary")
    page.wait_for_url(base)
    eyes.look("published")
