"""Storm night and the mornings after, on a phone: an alert from one page, the second person's look, the all-clear; a wrong date put right.

What the pages say is held against what lies in the simulator's phones, number by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from contacts.queries import AudienceFilter
from contacts.rules.segments import narrowed
from engage.clock import now
from engage.db import db, transaction
from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from engage.persian import to_persian_digits
from tests import make
from tests.journeys.eyes import Eyes
from tests.journeys.people import PASSWORD, Office
from tests.journeys.steps import set_up_authenticator
from tests.journeys.walk import LINK, Walk, wait_for

IN_GOLSAR, ELSEWHERE = range(12), range(12, 14)
"""Places of the citizens who agreed to alerts, and of two in another neighbourhood who didn't."""
NEWCOMER = 14
ALERT = "از زیر درخت و دیوار سست دور شوید"
CALM = "خطر توفان گذشت. از همراهی شما سپاسگزاریم."
WRONG = "{واحد}: نشست محله پنجشنبه است. نظر شما چیست؟"
RIGHT = "{واحد}: نشست محله جمعه است، نه پنجشنبه. پوزش می‌خواهیم."
BANNER = "نشست محله روز جمعه است، نه پنجشنبه."


@dataclass(frozen=True)
class Coast(Office):
    """A city of its own, whose people walk at no other time."""

    def email(self, role: str) -> str:
        return f"{role}-storm@example.ir"

    def number(self, place: int) -> str:
        return f"0935700{place:04}"


@pytest.fixture(scope="module")
def walk(stage: Stage, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with stage.app.app_context():
        unit_id = commands.create_unit(
            parent_id=None,
            kind="municipality",
            name="شهرداری رشت",
            sms_name="شهرداری رشت",
            slug="storm",
            approval_recipients=5,
            actor_id=None,
        )
        office = Coast(unit_id, "شهرداری رشت", 360)
        for role, name in ((Role.OFFICER, "نرگس احمدی"), (Role.MANAGER, "رضا مرادی")):
            commands.create_user(email=office.email(role), name=name, password=PASSWORD, role=role, unit_id=unit_id, actor_id=None)
        add_citizens(office, IN_GOLSAR, "گلسار", agree=True)
        add_citizens(office, ELSEWHERE, "منظریه", agree=False)
    walking = Walk(stage, browser, office, tmp_path_factory.mktemp("storm"))
    yield walking
    walking.close()


def add_citizens(office: Office, places: range, neighbourhood: str, *, agree: bool) -> None:
    identities = make.make_contacts(office.unit_id, [f"+98{office.number(place)[1:]}" for place in places], neighbourhood=neighbourhood)
    if agree:
        with transaction():
            db.session.execute(
                text(
                    "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) "
                    "SELECT id, 'weather_safety', true, 'consent', :at FROM contact WHERE identity_id = ANY(:ids)"
                ),
                {"at": now(), "ids": identities},
            )


@pytest.fixture(autouse=True)
def nothing_wrong(walk: Walk) -> Iterator[None]:
    if walk.is_over:
        pytest.skip("an earlier step of this walk failed")
    walk.problems.clear()
    yield
    assert not walk.problems, "\n".join(dict.fromkeys(walk.problems))


def holders(walk: Walk, words: str) -> set[int]:
    """Places of the citizens in whose phone such a text lies; once, or it would be a doubled one."""
    found = set()
    for place in range(NEWCOMER + 1):
        texts = [each["message"] for each in walk.stage.simulator.inbox(walk.office.number(place)) if words in each["message"]]
        assert len(texts) <= 1, f"{len(texts)} copies at place {place}"
        found |= {place} if texts else set()
    return found


def settle(walk: Walk, words: str, places: set[int]) -> None:
    """All of these get the text; a little later nobody else has it."""
    wait_for(lambda: places <= holders(walk, words), 40)
    assert holders(walk, words) == places


def await_end(eyes: Eyes) -> None:
    """The campaign's page has renewed itself up to its last state: from here on it stands still."""
    expect(eyes.page.locator(".page-head")).to_contain_text("پایان‌یافته", timeout=40_000)
    eyes.page.wait_for_load_state()


def test_the_duty_officer_sends_an_alert_from_one_page(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    walk.sign_in(eyes, "officer")
    page.wait_for_url("**/console/")
    page.goto(f"{walk.base}/console/campaigns")
    page.click("main a.btn-primary")
    eyes.look("storm-kinds")
    page.click("text=هشدار ایمنی")
    page.click("text=توفان و باد شدید")
    expect(page.locator("#text")).to_have_value("{واحد}: هشدار توفان. از زیر درخت و دیوار سست دور شوید و در خانه بمانید. امداد ۱۲۵")
    eyes.look("storm-alert")
    page.fill("#typed", "۱۱")
    page.click("button[value=send]")
    expect(page.locator("[role=alert]")).to_contain_text("۱۲")
    eyes.look("storm-alert-wrong")
    page.fill("#typed", "۱۲")
    page.click("button[value=send]")
    page.wait_for_url("**/console/campaigns/a*")
    walk.campaign = page.url.split("/campaigns/")[1].split("?")[0]
    settle(walk, ALERT, set(IN_GOLSAR))
    await_end(eyes)
    expect(page.locator("h1")).to_contain_text("هشدار ایمنی: هشدار توفان")
    eyes.look("storm-arrived")
    assert page.locator("form[action$='/reviewed']").count() == 0, "whoever sent it isn't the second person"


def test_the_manager_looks_at_it_the_next_morning(walk: Walk) -> None:
    eyes = walk.window("manager")
    page = eyes.page
    set_up_authenticator(walk, eyes, "manager")
    eyes.look("storm-home-manager")
    page.click(f".task a[href*='{walk.campaign}']")
    expect(page.locator(".sms")).to_contain_text(ALERT)
    eyes.look("storm-to-look-at")
    page.click("form[action$='/reviewed'] button")
    page.wait_for_selector(".notice-ok")
    expect(page.locator("main")).to_contain_text("رضا مرادی")
    assert page.locator("form[action$='/reviewed']").count() == 0
    eyes.look("storm-looked-at")
    page.goto(f"{walk.base}/console/")
    assert page.locator(f".task a[href*='{walk.campaign}']").count() == 0


def test_the_all_clear_goes_to_exactly_those_the_alert_reached(walk: Walk) -> None:
    with walk.stage.app.app_context():
        add_citizens(walk.office, range(NEWCOMER, NEWCOMER + 1), "گلسار", agree=True)
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}")
    page.click("a[href$='/follow/all_clear']")
    page.fill("#text", "{واحد}: " + CALM)
    page.click("button[value=count]")
    eyes.look("storm-all-clear")
    page.fill("#typed", "۱۳")
    page.click("button[value=send]")
    expect(page.locator("[role=alert]")).to_contain_text("۱۲")
    page.fill("#typed", "۱۲")
    page.click("button[value=send]")
    page.wait_for_url("**/console/campaigns/a*")
    settle(walk, CALM, set(IN_GOLSAR))
    await_end(eyes)
    eyes.look("storm-all-clear-arrived")


def test_a_wrong_date_is_put_right_with_exactly_those_it_reached(walk: Walk) -> None:
    with walk.stage.app.app_context():
        unit = walk.office.unit_id
        survey = make.make_survey(unit)
        audience = AudienceFilter(unit, narrowed(neighbourhoods=("گلسار",)))
        campaign = make.make_campaign(unit, survey, title="نشست محله", text=WRONG, audience=audience)
        make.launch(campaign)
        walk.campaign = db.session.execute(text("SELECT slug FROM campaign WHERE id = :id"), {"id": campaign}).scalar_one()
        db.session.rollback()
    reached = {*IN_GOLSAR, NEWCOMER}
    settle(walk, "نشست محله پنجشنبه است", reached)
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}")
    await_end(eyes)
    eyes.look("wrong-date-arrived")
    page.click("a[href$='/follow/correction']")
    eyes.look("wrong-date-correction")
    page.fill("#text", RIGHT)
    page.fill("#notice", BANNER)
    page.click("button[value=next]")
    page.wait_for_url("**/review")
    correction = page.url.split("/campaigns/")[1].split("/")[0]
    eyes.look("wrong-date-review")
    page.click(".actionbar .btn-primary")
    page.wait_for_url(f"**/campaigns/{correction}")
    eyes.look("wrong-date-waits")

    manager = walk.window("manager")
    manager.page.goto(f"{walk.base}/console/campaigns/{correction}")
    expect(manager.page.locator("main")).to_contain_text(to_persian_digits(str(len(reached))))
    manager.look("wrong-date-to-approve")
    # The code of setting up is used up; the next one counts a moment before its time.
    manager.page.fill("#proof", walk.code("manager", ahead=30))
    manager.page.click(".actionbar .btn-primary")
    manager.page.wait_for_selector(".notice-ok")

    page.goto(f"{walk.base}/console/campaigns/{correction}")
    page.click("form[action$='/launch'] .btn-primary")
    settle(walk, "نشست محله جمعه است", reached)
    await_end(eyes)
    eyes.look("wrong-date-corrected")

    citizen = walk.window("citizen")
    first = next(each["message"] for each in walk.stage.simulator.inbox(walk.office.number(0)) if "پنجشنبه است" in each["message"])
    citizen.page.goto(LINK.findall(first)[0])
    expect(citizen.page.locator("main, body").first).to_contain_text(BANNER)
    citizen.look("wrong-date-banner", narrow=True)

    page.goto(f"{walk.base}/console/campaigns/{walk.campaign}")
    page.click("form[action$='/notice/remove'] button")
    page.wait_for_selector(".notice-ok")
    citizen.page.reload()
    expect(citizen.page.locator("main, body").first).not_to_contain_text(BANNER)
