"""A citizen answers a survey of three pages on a telephone 360 pixels wide, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, Request
from sqlalchemy import select

from engage.clock import now
from engage.db import db, transaction
from engage.identity import commands as identity
from engage.operations.rehearse.stage import Stage
from surveys import commands, queries
from surveys.definitions import Definition
from surveys.models import Response
from surveys.types import Knapsack, LongText, Multiple, Number, Option, Points, Rating, ShortText, Single
from surveys.types.ballots import Project
from tests.journeys.eyes import Eyes, find_focus
from tests.make import make_contacts

FIRST, NEXT = 14 * 1024, 6 * 1024

PROJECTS = [
    Project(id=f"p{n}", label=label, cost=cost)
    for n, (label, cost) in enumerate((("روشنایی کوچه‌ها", 4_000_000_000), ("زمین بازی", 7_000_000_000), ("بوستان کوچک", 6_000_000_000)), 1)
]
SURVEY = Definition(
    title="بودجهٔ محله را شما تقسیم کنید",
    intro="با پاسخ شما روشن می‌شود بودجهٔ سال ۱۴۰۶ صرف چه کاری شود.",
    questions=[
        Single(id="near", label="کدام کار واجب‌تر است؟", required=True, options=[Option(id="a", label="روشنایی"), Option(id="b", label="بوستان")]),
        Rating(id="clean", label="از نظافت محله چقدر راضی هستید؟", low_label="خیلی ناراضی", high_label="خیلی راضی"),
        Multiple(id="what", label="چه چیزی آزارتان می‌دهد؟", options=[Option(id="x", label="تاریکی"), Option(id="y", label="زباله")]),
        LongText(id="more", label="حرف دیگری دارید؟"),
        Number(id="years", label="چند سال است این‌جا زندگی می‌کنید؟", required=True, min=0, max=100, unit="سال"),
        ShortText(id="park", label="نام بوستان نزدیک شما چیست؟", show_if='near = "b"', new_page=True),
        Points(id="share", label="ده امتیاز را میان این سه کار بخش کنید.", points=10, projects=PROJECTS),
        Knapsack(id="buy", label="با ده میلیارد ریال چه کنیم؟", budget=10_000_000_000, projects=PROJECTS),
    ],
)

PROBLEMS: list[str] = []


@pytest.fixture(scope="module")
def links(stage: Stage) -> list[str]:
    """Addresses of two citizens who were invited."""
    with stage.app.app_context():
        unit_id = identity.create_unit(
            parent_id=None, kind="municipality", name="شهرداری پردیس", sms_name="شهرداری پردیس", slug="pardis", actor_id=None
        )
        survey_id = commands.create_survey(unit_id, SURVEY.title, SURVEY, actor_id=None)
        commands.publish_survey(survey_id, closes_at=now() + timedelta(days=9), results_on=None, actor_id=None)
        people = make_contacts(unit_id, ["+989391110001", "+989391110002"])
        with transaction():
            invited = commands.invite_identities(survey_id, unit_id, people, now() + timedelta(days=9))
        return [queries.link_of(*invited[each]) for each in people]


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def eyes(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Eyes]:
    PROBLEMS.clear()
    window = Eyes(browser, PROBLEMS, 360, script=request.param, prefix="answer-" if request.param else "answer-plain-")
    yield window
    window.close()
    assert not PROBLEMS, "\n".join(dict.fromkeys(PROBLEMS))


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=words).click()


def test_three_pages_on_a_telephone(stage: Stage, links: list[str], eyes: Eyes) -> None:
    page, link = eyes.page, links[0 if eyes.has_script else 1]
    sizes: list[tuple[str, int]] = []

    def weigh(request: Request) -> None:
        if request.resource_type != "document":
            PROBLEMS.append(f"another request: {request.url}")
        elif request.method == "GET":
            sizes.append((request.url, request.sizes()["responseBodySize"]))

    page.on("requestfinished", weigh)
    page.goto(link)
    eyes.look("first", narrow=True)
    page.fill("#years", "هفت‌صد")
    page.fill("#more", "چراغ کوچه خاموش است.")
    press(page, "صفحهٔ بعد")
    assert page.title().startswith("خطا:") and find_focus(page, "errors") == "errors"
    assert page.input_value("#years") == "هفت‌صد" and page.input_value("#more") == "چراغ کوچه خاموش است."
    eyes.look("errors", narrow=True)

    page.get_by_text("بوستان", exact=True).click()
    page.fill("#years", "۱۲")
    if eyes.has_script:
        # The server never heard of this: the browser itself remembers it.
        page.goto(link)
        assert page.input_value("#years") == "۱۲" and page.is_checked("input[name=near][value=b]")
    press(page, "صفحهٔ بعد")
    assert "page=2" in page.url
    eyes.look("second", narrow=True)
    page.reload()
    page.fill("#park", "لاله")
    press(page, "بازگشت")
    assert page.input_value("#years") == "۱۲"
    page.go_back()
    page.go_forward()
    assert page.input_value("#years") == "۱۲" or "page=2" in page.url
    page.goto(link)
    press(page, "صفحهٔ بعد")
    assert page.input_value("#park") == "لاله"
    while not page.locator("input[name='buy']").count():
        if page.locator("[data-points]").count():
            for field, typed in zip(page.locator("[data-point]").all(), ("۵", "۳", "۲"), strict=True):
                field.fill(typed)
            eyes.look("points")
        press(page, "صفحهٔ بعد")
    page.locator("label[for^='buy']").nth(0).click()
    page.locator("label[for^='buy']").nth(1).click()
    if eyes.has_script:
        assert "۱" in page.locator("[data-budget] [data-over]").inner_text()
    eyes.look("over", narrow=True)
    press(page, "فرستادن" if page.get_by_role("button", name="فرستادن").count() else "ثبت")
    assert page.title().startswith("خطا:")
    page.locator("label[for^='buy']").nth(1).click()
    press(page, "فرستادن" if page.get_by_role("button", name="فرستادن").count() else "ثبت")
    assert "کد پیگیری" in page.inner_text("main")
    eyes.look("thanks")
    if eyes.has_script:
        assert page.evaluate("Object.keys(localStorage).length") == 0
    with stage.app.app_context():
        document = db.session.scalars(select(Response.answers).order_by(Response.id.desc()).limit(1)).one()
    assert document["near"] == "b" and document["years"] == 12 and document["park"] == "لاله" and document["more"] == "چراغ کوچه خاموش است."
    print(sizes)
    assert sizes[0][1] <= FIRST
    heavy = [each for each in sizes if "page=" in each[0] and each[1] > NEXT]
    assert not heavy
