"""An officer in a hurry: a quick poll, its plan, approval by a second person on a phone, sending watched, paused and resumed, a reminder, the
report. What the pages say is held against the simulator's phones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from campaigns.commands import seed_first_line
from engage.db import transaction
from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from engage.persian import to_persian_digits
from tests import make
from tests.journeys.people import PASSWORD, Office
from tests.journeys.steps import answer_by_form, go, set_up_authenticator
from tests.journeys.walk import Walk, wait_for

PEOPLE = 900
"""Enough batches that a pause finds some of them unsent"""
QUESTION = "از روشنایی کوچه‌ها راضی هستید؟"
ANSWERING = 12
SAMPLE = range(0, PEOPLE, 18)
PACE = 40
"""Texts a second on the line while this walk goes on, so that a pause finds texts that haven't left"""


@dataclass(frozen=True)
class Town(Office):
    """A city of its own, whose people walk at no other time."""

    def email(self, role: str) -> str:
        return f"{role}-poll@example.ir"

    def number(self, place: int) -> str:
        return f"0936800{place:04}"


@pytest.fixture(scope="module")
def walk(stage: Stage, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with stage.app.app_context():
        unit_id = commands.create_unit(
            parent_id=None,
            kind="municipality",
            name="شهرداری ساری",
            sms_name="شهرداری ساری",
            slug="poll",
            approval_recipients=5,
            actor_id=None,
        )
        office = Town(unit_id, "شهرداری ساری", 1280)
        for role, name in ((Role.OFFICER, "نرگس احمدی"), (Role.MANAGER, "رضا مرادی")):
            commands.create_user(email=office.email(role), name=name, password=PASSWORD, role=role, unit_id=unit_id, actor_id=None)
        pace(stage, PACE)
        make.make_contacts(unit_id, [f"+98{office.number(place)[1:]}" for place in range(PEOPLE)])
    walking = Walk(stage, browser, office, tmp_path_factory.mktemp("poll"))
    yield walking
    walking.close()
    with stage.app.app_context():
        pace(stage, None)


def pace(stage: Stage, per_second: int | None) -> None:
    seed_first_line(stage.settings)
    with transaction() as session:
        session.execute(text("UPDATE sms_line SET per_second = :pace"), {"pace": per_second})


@pytest.fixture(autouse=True)
def nothing_wrong(walk: Walk) -> Iterator[None]:
    if walk.is_over:
        pytest.skip("an earlier step of this walk failed")
    walk.problems.clear()
    yield
    assert not walk.problems, "\n".join(dict.fromkeys(walk.problems))


def texts_at(walk: Walk, place: int) -> int:
    return len(walk.stage.simulator.inbox(walk.office.number(place)))


def sent_so_far(walk: Walk) -> int:
    """Texts in the phones of every eighteenth citizen."""
    return sum(texts_at(walk, place) for place in SAMPLE)


def test_the_plan_follows_what_is_chosen(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    walk.sign_in(eyes, "officer")
    page.wait_for_url("**/console/")
    go(eyes, f"{walk.base}/console/campaigns/quick-poll", "poll")
    expect(page.locator("#plan")).to_contain_text("۹۰۰")
    page.check("input[name=precision][value=all]")
    expect(page.locator("#plan")).to_contain_text("همهٔ مخاطبان", timeout=10_000)
    page.fill("#question", QUESTION)
    page.check("input[name=kind][value=satisfaction]")
    page.click("button[value=next]")
    page.wait_for_url("**/review")
    walk.campaign = page.url.split("/campaigns/")[1].split("/")[0]
    eyes.look("poll-review")
    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}/text")
    page.check("input[name=reminder][value=yes]")
    page.fill("#reminder_amount", "۱")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/time")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/review")
    page.click(".actionbar .btn-primary")
    page.wait_for_url(f"**/campaigns/{walk.campaign}")
    expect(page.locator(".page-head")).to_contain_text("در انتظار تأیید")


def test_a_second_person_approves_on_a_phone(walk: Walk) -> None:
    eyes = walk.window("manager", 360)
    page = eyes.page
    set_up_authenticator(walk, eyes, "manager")
    go(eyes, f"{walk.base}/console/notices", "poll-notices")
    page.goto(f"{walk.base}/console/")
    page.click(f".task a[href*='{walk.campaign}']")
    expect(page.locator("main")).to_contain_text(to_persian_digits("900"))
    eyes.look("poll-to-approve")
    # The code of setting up is used up; the next one counts a moment before its time.
    page.fill("#proof", walk.code("manager", ahead=30))
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".notice-ok")


def test_sending_is_watched_paused_and_resumed(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}")
    page.click("form[action$='/launch'] .btn-primary")
    page.wait_for_selector("#progress")
    page.set_default_timeout(40_000)  # a busy machine may take its time
    page.click("form[action$='/pause'] button")
    expect(page.locator("form[action$='/resume'] button")).to_be_visible()
    time.sleep(3)  # a batch that was claimed may still go out
    sent = sent_so_far(walk)
    time.sleep(1)
    assert sent_so_far(walk) == sent < len(SAMPLE), "nothing leaves while it rests"
    eyes.look("poll-paused")
    page.click("form[action$='/resume'] button")
    page.wait_for_load_state()
    if page.url.endswith("/resume"):
        eyes.look("poll-resume")
        page.click("main form .btn-primary")
    wait_for(lambda: texts_at(walk, 0) and texts_at(walk, PEOPLE // 2) and texts_at(walk, PEOPLE - 1), 60)
    eyes.look("poll-live")
    assert all(texts_at(walk, place) == 1 for place in SAMPLE), "a pause neither loses nor doubles a text"


def test_the_report_has_what_was_answered(walk: Walk) -> None:
    for place in range(ANSWERING):
        answer_by_form(walk, place)
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/reports")
    page.click(f"text={QUESTION}")
    expect(page.locator(".figures b").first).to_have_text(to_persian_digits(str(ANSWERING)), timeout=20_000)
    eyes.look("poll-report")


def test_a_reminder_goes_to_the_silent_alone(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}")
    page.click("form[action$='/remind'] button")
    page.wait_for_load_state()
    wait_for(lambda: texts_at(walk, PEOPLE - 1) == 2 and texts_at(walk, ANSWERING) == 2, 60)
    assert all(texts_at(walk, place) == 1 for place in range(ANSWERING)), "who answered isn't asked again"
    # From its last state on the page stands still.
    expect(page.locator(".page-head")).to_contain_text("پایان‌یافته", timeout=60_000)
    page.wait_for_load_state()
    eyes.look("poll-reminded")
