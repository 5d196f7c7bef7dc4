"""The import wizard walked in the browser with what an office really has: a workbook of two sheets with a title above the header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Browser, Page

from contacts import commands as contacts
from contacts.queries.policy import Policy
from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from engage.persian import to_persian_digits
from tests.journeys.eyes import Eyes
from tests.journeys.people import PASSWORD, Office
from tests.journeys.walk import Walk

FIRST = ("نرگس", "علي", "مریم", "رضا", "فاطمه", "حسین", "زهرا", "محمد", "لیلا", "کاوه")
LAST = ("احمدی", "كريمي", "مرادی", "رضایی", "محمدی", "صادقی")
PLACES = ("سنگلج", "محله سنگلج", "هرندی", "محلهٔ هرندی", "سنگلچ", "پامنار")
JOBS = ("نانوا", "بقال", "کتاب‌فروش", "")
GOOD, NEXT = 36, ".actionbar .btn-primary"


def write_messy_workbook(path: Path, number_of: Office) -> None:
    """Two sheets, a title row, every writing of a number, spellings of one neighbourhood, shared numbers and rows that can't be taken."""
    with xlsxwriter.Workbook(str(path)) as book:
        guide = book.add_worksheet("راهنما")
        guide.write_row(0, 0, ["این کتاب را روابط عمومی پر می‌کند"])
        guide.write_row(1, 0, ["نسخهٔ", 2])
        people = book.add_worksheet("شهروندان")
        people.write_row(0, 0, ["فهرست شهروندان · آذر ۱۴۰۵"])
        people.write_row(1, 0, ["نام", "نام خانوادگی", "شماره موبایل", "محله", "جنسیت", "سال تولد", "شغل"])
        rows: list[list[str | float]] = []
        for place in range(GOOD):
            number = number_of.number(place)
            spaced = f"{number[:4]} {number[4:7]} {number[7:]}"
            written = (number, to_persian_digits(number), f"+98{number[1:]}", spaced, float(number))[place % 5]
            gender = "خواهر" if place == 9 else ("زن", "مرد")[place % 2]
            year = "1410" if place == 11 else to_persian_digits(str(1330 + place))
            rows.append([FIRST[place % 10], LAST[place % 6], written, PLACES[place % 6], gender, year, JOBS[place % 4]])
        rows += [
            ["نرگس", "احمدی", number_of.number(0), "سنگلج", "زن", "1330", ""],
            ["سهراب", "احمدی", number_of.number(0), "سنگلج", "مرد", "1362", "نانوا"],
            ["=پروین", "نوری", "۰۲۱۵۵۶۰۱۲۳۴", "هرندی", "زن", "۱۳۴۰", ""],
            ["جمشید", "نوری", "", "هرندی", "مرد", "۱۳۴۱", ""],
            ["آرش", "نوری", "0912123", "هرندی", "مرد", "۱۳۷۰", ""],
        ]
        for number, row in enumerate(rows, 2):
            for column, value in enumerate(row):
                people.write_string(number, column, value) if isinstance(value, str) else people.write_number(number, column, value)


@pytest.fixture(scope="module", params=[1280, 360])
def walk(request: pytest.FixtureRequest, stage: Stage, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    width = request.param
    with stage.app.app_context():
        city = commands.create_unit(
            parent_id=None, kind="municipality", name="شهرداری ری", sms_name="شهرداری ری", slug=f"rey-{width}", actor_id=None
        )
        name = f"شهرداری منطقهٔ {'۱۴' if width == 1280 else '۱۵'}"
        unit_id = commands.create_unit(
            parent_id=city, kind="district", name=name, sms_name="منطقه", slug=f"wizard-{width}", approval_recipients=5, actor_id=None
        )
        contacts.set_policy(unit_id, Policy(imports_need_release=True), actor_id=None)
        commands.create_user(
            email=f"wizard-{width}@example.ir", name="نرگس احمدی", password=PASSWORD, role=Role.OFFICER, unit_id=unit_id, actor_id=None
        )
    walking = Walk(stage, browser, Office(unit_id, name, width), tmp_path_factory.mktemp("wizard"))
    yield walking
    walking.close()


@pytest.fixture(autouse=True)
def nothing_wrong(walk: Walk) -> Iterator[None]:
    if walk.is_over:
        pytest.skip("an earlier step of this walk failed")
    walk.problems.clear()
    yield
    assert not walk.problems, "\n".join(dict.fromkeys(walk.problems))


def step(walk: Walk, address: str) -> Page:
    page = walk.window("officer").page
    page.click(NEXT)
    page.wait_for_url(address, timeout=30_000)
    return page


def sign_in(walk: Walk) -> Eyes:
    eyes = walk.window("officer")
    eyes.page.goto(f"{walk.base}/console/")
    eyes.page.fill("#email", f"wizard-{walk.width}@example.ir")
    eyes.page.fill("#password", PASSWORD)
    eyes.page.click("form .btn-primary")
    eyes.page.wait_for_url("**/console/")
    return eyes


def test_sheet_header_and_columns(walk: Walk) -> None:
    eyes = sign_in(walk)
    page = eyes.page
    path = walk.folder / "شهروندان محله.xlsx"
    write_messy_workbook(path, walk.office)
    page.goto(f"{walk.base}/console/contacts/imports/new")
    page.set_input_files("#file", path)
    page = step(walk, "**/sheet")
    assert page.locator("input[name=header]:checked").get_attribute("value") == "2"
    eyes.look("wizard-1-sheet", narrow=True)
    page.click(".chip:not([aria-current])")
    assert page.locator("input[name=header]:checked").get_attribute("value") == "1"
    page.go_back()
    page = step(walk, "**/columns")
    assert not page.locator("input[name=title-6]").is_visible()
    page.locator("select[name=column-6]").select_option("new:choice")
    assert page.locator("input[name=title-6]").is_visible() and page.locator("input[name=title-6]").input_value() == "شغل"
    eyes.look("wizard-2-columns", narrow=True)


def test_values_and_preview(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = step(walk, "**/values")
    places = page.locator("section", has_text="محله").first
    assert places.locator("tbody tr").count() == 3, "«محله سنگلج», «محلهٔ هرندی» and «سنگلچ», each once"
    eyes.look("wizard-3-values", narrow=True)
    page.locator("section", has_text="خواهر").locator("select").first.select_option("=female")
    page = step(walk, "**/preview")
    assert f"{to_persian_digits(str(GOOD))}" in page.inner_text(".stats-wide")
    eyes.look("wizard-4-preview", narrow=True)
    page.click(".chip-bad")
    page.wait_for_url("**show=rejected")
    assert page.locator(".as-cards tbody tr").count() == 3
    page.goto(page.url.partition("?")[0] + "?show=warned")
    eyes.look("wizard-4-preview-warned")
    page.goto(page.url.partition("?")[0])


def test_basis_release_and_summary(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = step(walk, "**/basis")
    eyes.look("wizard-5-basis")
    page.check("#basis-0")
    page.fill("#evidence", "برگه‌های عضویت سرای محله، زونکن ۱۲")
    page.click(NEXT)
    page.wait_for_selector("text=در انتظار تصمیم مدیر سامانه است")
    eyes.look("wizard-6-waits")
    slug = page.url.rstrip("/").rpartition("/")[2]
    with walk.stage.app.app_context():
        contacts.release_import(slug, actor_id=None)
    page.reload()
    page.wait_for_selector(".page-head .btn-primary[href$='/contacts/']", timeout=30_000)
    eyes.look("wizard-7-summary")
    with page.expect_download() as taken:
        page.click("a[href$='/rejected']")
    assert taken.value.suggested_filename.endswith(".xlsx")
    page.goto(f"{walk.base}/console/contacts/imports/")
    eyes.look("wizard-imports")
    page.goto(f"{walk.base}/console/contacts/new")
    eyes.look("wizard-new")
    page.check("#how-0")
    eyes.look("wizard-new-stated")


def test_the_same_shape_again_and_taken_back(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/contacts/imports/new")
    page.set_input_files("#file", walk.folder / "شهروندان محله.xlsx")
    step(walk, "**/sheet")
    page = step(walk, "**/columns")
    assert "این شکل فایل را پیش‌تر دیده‌ایم" in page.inner_text("main")
    eyes.look("wizard-remembered")
    step(walk, "**/preview")
    page.goto(f"{walk.base}/console/contacts/imports/")
    page.click("tbody tr:last-child a")
    page.click(".page-head form[action$='/undo'] button")
    page.wait_for_selector("text=این ورود بازگردانده شده است", timeout=30_000)
    eyes.look("wizard-undone")
