"""Citizens of the contact base at the door: joining, confirming, choosing, seeing, erasing, renewing.

At 360 pixels without JavaScript, as an old phone shows it; at 1280 with it, so that the accessibility rules can be run on every page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request
from sqlalchemy import update

from contacts.commands import add_contact, give_consent
from contacts.models import PhoneCode
from contacts.queries import find_identity
from contacts.rules.consent import Basis, Channel
from contacts.rules.people import Person
from engage.clock import now
from engage.db import transaction
from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage
from engage.persian import to_persian_digits
from tests.journeys.eyes import SHOTS, find_focus
from tests.journeys.people import PASSWORD, Office
from tests.journeys.walk import LINK, Walk, wait_for
from tests.make import launch, make_campaign, make_survey

MOST_BYTES = 14 * 1024
TITLE = "خبرهای محلهٔ ما با پیامک"
NARROW = {"join", "join-errors", "code-wrong", "confirm", "preferences", "held-open", "correct-errors", "renew"}
"""Looked at on the smallest telephone, too."""
JOINS, BY_LINK, BY_REPLY, HOLDER = 101, 102, 103, 104
"""Places of the citizens who do something of their own; far from those of the other walks on this stage."""

_SMALL = """() => [...document.querySelectorAll("a, button, select, textarea, summary, input:not([type=hidden])")].filter(each => {
  const box = (each.matches("[type=checkbox], [type=radio]") ? each.labels[0] : each).getBoundingClientRect()
  return box.height && (box.height < 43.5 || box.width < 43.5)
}).map(each => `${each.outerHTML.slice(0, 90)} ${each.getBoundingClientRect().height}`)"""
_FINE_PRINT = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement
    if (walker.currentNode.data.trim() && parent.getClientRects().length && parseFloat(getComputedStyle(parent).fontSize) < 18)
      found.push(walker.currentNode.data.trim().slice(0, 60))
  }
  return found
}"""


class Visit:
    """A citizen's window. Beside what every page must hold: one request within 14 KB, fingers find everything, eyes read everything."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.eyes = walk.window("citizen", script=walk.width == 1280)
        self.page: Page = self.eyes.page
        self.requests: list[Request] = []
        self.page.on("requestfinished", lambda request: self.requests.append(request))

    def go(self, path: str, name: str, status: int = 200, *, problem: bool = False) -> None:
        answer = self.page.goto(self.walk.base + path if path.startswith("/") else path)
        assert answer is not None and answer.status == status, f"{path} answered {answer and answer.status}"
        self.look(name, problem=problem)

    def look(self, name: str, *, problem: bool = False) -> None:
        """The page shown now; `problem`: it must say what is wrong in its title, and the reader must be taken there."""
        if problem:
            assert self.page.title().startswith("خطا:"), self.page.title()
            wanted = ("sum", "phone", "code", "birth_year")
            assert (focused := find_focus(self.page, *wanted)) in wanted, f"{name}: the focus is on {focused!r}"
        self.eyes.look(f"door-{name}", narrow=name in NARROW and self.walk.width == 360)
        said = self.walk.problems
        said.extend(f"{name}: too small to hit: {each}" for each in self.page.evaluate(_SMALL))
        said.extend(f"{name}: fine print: {each!r}" for each in self.page.evaluate(_FINE_PRINT))
        for request in self.requests:
            if request.resource_type != "document":
                said.append(f"{name}: another request: {request.url}")
            elif (size := request.sizes()["responseBodySize"]) > MOST_BYTES:
                said.append(f"{name}: {request.url} weighs {size} bytes")
        self.requests.clear()

    def press(self, words: str) -> None:
        """The button or link with these words, and what comes after it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words).or_(self.page.get_by_role("link", name=words)).first.click()


@pytest.fixture(scope="module", params=[360, 1280])
def walk(request: pytest.FixtureRequest, stage: Stage, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    width = request.param
    name = f"شهرداری منطقهٔ {'۱۴' if width == 1280 else '۱۵'}"
    with stage.app.app_context():
        city = commands.create_unit(
            parent_id=None, kind="municipality", name="شهرداری ورامین", sms_name="شهرداری ورامین", slug=f"varamin-{width}", actor_id=None
        )
        unit_id = commands.create_unit(
            parent_id=city, kind="district", name=name, sms_name="منطقه", slug=f"door-{width}", approval_recipients=5, actor_id=None
        )
        commands.create_user(
            email=f"door-{width}@example.ir", name="مینا صادقی", password=PASSWORD, role=Role.ADMIN, unit_id=unit_id, actor_id=None
        )
    walking = Walk(stage, browser, Office(unit_id, name, width), tmp_path_factory.mktemp("door"))
    invite_the_holder(walking)
    yield walking
    walking.close()


@pytest.fixture(scope="module")
def visit(walk: Walk) -> Visit:
    return Visit(walk)


@pytest.fixture(autouse=True)
def nothing_wrong(walk: Walk) -> Iterator[None]:
    if walk.is_over:
        pytest.skip("an earlier step of this walk failed")
    walk.problems.clear()
    yield
    assert not walk.problems, "\n".join(dict.fromkeys(walk.problems))


def e164_of(walk: Walk, place: int) -> str:
    return f"+98{walk.office.number(place)[1:]}"


def invite_the_holder(walk: Walk) -> None:
    """A citizen the office knows, with two topics and a survey's link on the way to their phone."""
    with walk.stage.app.app_context():
        person = Person(first_name="زهرا", last_name="کاظمی", neighbourhood="هرندی", birth_year=1362)
        contact_id = add_contact(
            walk.office.unit_id,
            e164_of(walk, HOLDER),
            person,
            purpose="survey_invitation",
            basis=Basis.CONSENT,
            evidence="فرم کاغذی، پوشهٔ ۱۲",
            actor_id=None,
        )
        give_consent(
            contact_id, "service_notice", basis=Basis.CONSENT, channel=Channel.OFFICER, evidence="فرم کاغذی، پوشهٔ ۱۲", actor_id=None
        )
        launch(make_campaign(walk.office.unit_id, make_survey(walk.office.unit_id)))


def texts_of(walk: Walk, place: int) -> list[str]:
    return [each["message"] for each in walk.stage.simulator.inbox(walk.office.number(place))]


def next_code(walk: Walk, place: int, ask: Callable[[], None]) -> str:
    """The code in the text that comes after asking for it, as a citizen with a Persian keyboard types it."""
    before = len(texts_of(walk, place))
    ask()
    newest: str = wait_for(lambda: texts_of(walk, place)[before:], 20)[0]
    found = re.search(r"\d{6}$", newest)
    assert found is not None, "telephones offer the digits at the end"
    return to_persian_digits(found[0])


def join_page(walk: Walk) -> str:
    return f"/join/{walk.survey}"


def test_administrator_makes_a_sign_up_page(walk: Walk) -> None:
    eyes = walk.window("administrator")
    page = eyes.page
    page.goto(f"{walk.base}/console/")
    page.fill("#email", f"door-{walk.width}@example.ir")
    page.fill("#password", PASSWORD)
    page.click("form .btn-primary")
    page.wait_for_url("**/authenticator")
    walk.secrets["admin"] = page.locator(".qr-card bdi").inner_text()
    page.fill("#code", walk.code("admin"))
    page.click("main .btn-primary")
    page.wait_for_selector("ol.howto bdi")
    page.click("main .btn-primary")
    page.wait_for_url("**/console/")
    page.goto(f"{walk.base}/console/contacts/sign-up")
    page.click(".page-head .btn-primary, main .btn-primary")
    page.fill("#title", TITLE)
    page.check("input[value=neighbourhood_news]")
    page.check("input[value=weather_safety]")
    eyes.look("sign-up-new")
    page.click("main form .btn-primary")
    page.wait_for_url("**/sign-up")
    eyes.look("sign-up-pages")
    address = page.locator("a[href*='/join/']").first.get_attribute("href") or ""
    walk.survey = address.rpartition("/")[2]
    with page.expect_download() as taken:
        page.click("a[href$='/poster.pdf']")
    poster = Path(taken.value.path()).read_bytes()
    assert poster.startswith(b"%PDF-")
    SHOTS.mkdir(exist_ok=True)
    (SHOTS / f"door-poster-{walk.width}.pdf").write_bytes(poster)
    for place in (BY_LINK, BY_REPLY):
        page.goto(f"{walk.base}/console/contacts/new")
        page.fill("#phone", to_persian_digits(walk.office.number(place)))
        page.fill("#first_name", "کاوه")
        page.check("#how-1")
        page.click("main form .btn-primary")
        page.wait_for_url("**/contacts/")


def test_a_citizen_joins_without_a_name(walk: Walk, visit: Visit) -> None:
    page = visit.page
    visit.go("/join/no-such-page", "404", 404)
    visit.go(join_page(walk), "join")
    visit.press("کد را بفرستید")
    visit.look("join-errors", problem=True)
    page.check("input[value=neighbourhood_news]")
    page.check("input[value=weather_safety]")
    page.fill("#phone", "۰۹۱۲۳")
    visit.press("کد را بفرستید")
    visit.look("join-number-error", problem=True)
    assert page.is_checked("input[value=weather_safety]"), "what was chosen stays chosen"
    page.uncheck("input[value=weather_safety]")
    page.fill("#phone", to_persian_digits(walk.office.number(JOINS)))
    old = next_code(walk, JOINS, lambda: visit.press("کد را بفرستید"))
    visit.look("code")
    page.fill("#code", "۰۰۰۰۰۰" if old != "۰۰۰۰۰۰" else "۱۱۱۱۱۱")
    visit.press("عضو می‌شوم")
    visit.look("code-wrong", problem=True)
    ten_minutes_pass(walk)
    page.fill("#code", old)
    visit.press("عضو می‌شوم")
    visit.look("code-expired", problem=True)
    code = next_code(walk, JOINS, lambda: visit.press("فرستادن کد دیگر"))
    page.fill("#code", code)
    visit.press("عضو می‌شوم")
    assert "عضو شدید" in page.inner_text("h1")
    visit.look("welcome")


def ten_minutes_pass(walk: Walk) -> None:
    with walk.stage.app.app_context(), transaction() as session:
        session.execute(update(PhoneCode).where(PhoneCode.used_at.is_(None)).values(expires_at=now() - timedelta(seconds=1)))


def test_people_an_officer_named_confirm_themselves(walk: Walk, visit: Visit) -> None:
    page = visit.page
    asked = wait_for(lambda: texts_of(walk, BY_LINK), 20)[-1]
    link = LINK.findall(asked)[0]
    visit.go(link, "confirm")
    assert "کاوه" not in page.inner_text("body"), "a stranger may have got this text"
    visit.press("بله، پیامک بفرستید")
    assert "عضو شدید" in page.inner_text("h1")
    again = page.goto(link)
    assert again is not None and again.status == 404
    wait_for(lambda: texts_of(walk, BY_REPLY), 20)
    walk.stage.simulator.answer(walk.office.number(BY_REPLY), "۱")

    def is_known() -> bool:
        with walk.stage.app.app_context():
            return find_identity(e164_of(walk, BY_REPLY)) is not None

    wait_for(is_known, 20)


def test_a_survey_s_footer_leads_to_the_topics(walk: Walk, visit: Visit) -> None:
    page = visit.page
    page.goto(walk.link_of(HOLDER))
    with page.expect_navigation():
        page.click("footer a[href='?preferences']")
    visit.requests.clear()
    visit.look("preferences")
    assert page.locator("button[name=end]").count() == 2
    with page.expect_navigation():
        page.click("button[value=service_notice]")
    assert page.locator("button[name=end]").count() == 1
    with page.expect_navigation():
        page.click("button[value=survey_invitation]")
    visit.look("preferences-none")
    visit.press("من رضایت نداده بودم")
    visit.look("dispute")
    page.go_back()
    visit.press("هیچ پیامکی نمی‌خواهم")
    with page.expect_navigation():
        page.click("main form .btn")
    assert page.locator(".tick").count() == 1
    visit.requests.clear()
    visit.look("stopped")


def test_a_citizen_sees_corrects_takes_along_and_erases(walk: Walk, visit: Visit) -> None:
    page = visit.page
    visit.go("/my", "my")
    page.fill("#phone", "شماره‌ام")
    visit.press("کد را بفرستید")
    visit.look("my-number-error", problem=True)
    page.fill("#phone", walk.office.number(JOINS))
    code = next_code(walk, JOINS, lambda: visit.press("کد را بفرستید"))
    page.fill("#code", code)
    visit.press("دیدن اطلاعات من")
    for each in page.locator("summary").all():
        each.click()
    visit.look("held-open")
    assert page.is_checked("input[value=neighbourhood_news]") and not page.is_checked("input[value=weather_safety]")
    page.check("input[value=weather_safety]")
    visit.press("ذخیرهٔ انتخاب‌ها")
    with page.expect_download() as taken:
        page.click("a[href='/my/data.json']")
    data = json.loads(Path(taken.value.path()).read_text("utf-8"))
    assert data["number"] == e164_of(walk, JOINS) and [each["office"] for each in data["offices"]] == [walk.office.name]
    visit.requests.clear()
    visit.go("/my/print", "print")
    visit.go(f"/my/correct/door-{walk.width}", "correct")
    page.fill("#first_name", "نرگس")
    page.fill("#birth_year", "سیزده")
    visit.press("ذخیره")
    visit.look("correct-errors", problem=True)
    page.fill("#birth_year", "۱۳۶۲")
    visit.press("ذخیره")
    assert "نرگس" in page.inner_text("main") and "۱۳۶۲" in page.inner_text("main")
    visit.look("held-corrected")
    for deed in ("not-mine", "erase"):
        visit.go(f"/my/{deed}", f"my-{deed}")
    visit.press("حذف همهٔ اطلاعات")
    visit.look("erased")
    with walk.stage.app.app_context():
        assert find_identity(e164_of(walk, JOINS)) is None
    page.goto(f"{walk.base}/my/")
    assert page.locator("#phone").count() == 1, "the visit is over"


def test_a_stopped_number_joins_again_in_a_step_of_its_own(walk: Walk, visit: Visit) -> None:
    page = visit.page
    page.goto(walk.base + join_page(walk))
    page.check("input[value=weather_safety]")
    page.fill("#phone", walk.office.number(HOLDER))
    code = next_code(walk, HOLDER, lambda: visit.press("کد را بفرستید"))
    page.fill("#code", code)
    visit.press("عضو می‌شوم")
    visit.look("renew")
    visit.press("برداشتن منع و عضویت")
    assert "عضو شدید" in page.inner_text("h1")
    page.goto(f"{walk.base}/my")
    page.fill("#phone", walk.office.number(HOLDER))
    code = next_code(walk, HOLDER, lambda: visit.press("کد را بفرستید"))
    page.fill("#code", code)
    visit.press("دیدن اطلاعات من")
    assert page.is_checked("input[value=weather_safety]")
    assert not page.is_checked("input[value=survey_invitation]"), "what stood before the stop isn't brought back"
    visit.look("held-known")
    visit.press("خروج")


def test_a_closed_page_says_so(walk: Walk, visit: Visit) -> None:
    page = walk.window("administrator").page
    page.goto(f"{walk.base}/console/contacts/sign-up")
    page.click("form[action$='/close'] button")
    page.wait_for_selector("form[action$='/open']")
    visit.go(join_page(walk), "closed", 410)
