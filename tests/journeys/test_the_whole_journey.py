"""From an empty house to a report: an officer, a manager, citizens and an administrator, each in their own window.

The steps build on one another and run in this order, once on a desk's screen and once on a phone's. Every page on the way is looked
at (`Eyes.look`): no violation of accessibility rules, nothing in the console, no sideways scrolling, no foreign word.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engage.operations.rehearse.stage import Stage
from engage.persian import format_number, to_persian_digits
from tests.journeys.people import GOOD_ROWS, PASSWORD, REJECTED_ROWS, Office, write_messy_list
from tests.journeys.steps import answer_by_form, answer_with_mistakes, day_ahead, go, set_up_authenticator
from tests.journeys.walk import Walk, wait_for

TITLE = "کار بعدی محلهٔ شما چه باشد؟"
CAMPAIGN = "پرسش از محله‌ها"
READ, UNREAD, STRANGER, STOPPED, LATE, LIVE = 1, 2, 3, 4, 5, 6
"""Places in the list of the citizens who do something of their own."""


@pytest.fixture(scope="module", params=[1280, 360])
def walk(
    request: pytest.FixtureRequest, stage: Stage, browser: Browser, offices: dict[int, Office], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walk]:
    walking = Walk(stage, browser, offices[request.param], tmp_path_factory.mktemp("journey"))
    yield walking
    walking.close()


@pytest.fixture(autouse=True)
def nothing_wrong(walk: Walk) -> Iterator[None]:
    if walk.is_over:
        pytest.skip("an earlier step of this walk failed")
    walk.problems.clear()
    yield
    assert not walk.problems, "\n".join(dict.fromkeys(walk.problems))


def test_officer_comes_into_an_empty_house(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    go(eyes, f"{walk.base}/console/", "sign-in")
    page.click("form .btn-primary")
    eyes.look("sign-in-nothing-typed")
    page.fill("#email", walk.office.email("officer"))
    page.fill("#password", "این رمز نیست")
    page.click("form .btn-primary")
    page.wait_for_selector(".notice-bad")
    eyes.look("sign-in-refused")
    walk.sign_in(eyes, "officer")
    page.wait_for_url("**/console/")
    assert page.locator("h1").inner_text() == "کارتابل امروز"
    eyes.look("home-first-time")
    for name, path in (
        ("contacts-empty", "contacts/"),
        ("imports-empty", "contacts/imports/"),
        ("surveys-empty", "surveys"),
        ("campaigns-empty", "campaigns"),
        ("campaign-without-survey", "campaigns/new"),
        ("reports-empty", "reports"),
        ("settings-officer", "settings"),
    ):
        go(eyes, f"{walk.base}/console/{path}", name)
    go(eyes, f"{walk.base}/console/surveys/no-such-survey", "error-404", 404)
    go(eyes, f"{walk.base}/console/settings/users", "error-403", 403)


def test_officer_imports_a_messy_list(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/")
    page.click("main a[href$='/contacts/imports/new']")
    eyes.look("import-1-file")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("import-1-file-errors")
    path = walk.folder / "شهروندان محله.csv"
    write_messy_list(path, walk.office)
    page.set_input_files("#file", path)
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/columns")
    eyes.look("import-2-columns")
    phone = page.locator("select").nth(2)
    assert phone.input_value() == "phone"
    phone.select_option("")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".notice-bad")
    eyes.look("import-2-columns-errors")
    page.locator("select").nth(2).select_option("phone")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/preview", timeout=30_000)
    eyes.look("import-3-preview")
    assert format_number(GOOD_ROWS) in page.inner_text(".stats-wide")
    page.click(".chip-bad")
    assert page.locator("tbody tr .cell-note").count() >= REJECTED_ROWS - 1
    eyes.look("import-3-preview-rejected")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/basis")
    eyes.look("import-4-basis")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("import-4-basis-errors")
    page.check("#basis-0")
    page.fill("#evidence", "برگه‌های عضویت سرای محله، زونکن ۱۲")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".page-head .btn-primary[href$='/contacts/']", timeout=30_000)
    assert [format_number(GOOD_ROWS), format_number(REJECTED_ROWS)] == [
        page.locator(".stats-wide dd").nth(0).inner_text(),
        page.locator(".stats-wide dd").nth(2).inner_text(),
    ]
    eyes.look("import-5-summary")
    with page.expect_download() as taken:
        page.click("a[href$='/rejected']")
    rejected = Path(taken.value.path()).read_text("utf-8-sig")
    assert len(rejected.strip().splitlines()) == REJECTED_ROWS + 1
    go(eyes, f"{walk.base}/console/contacts/imports/", "imports")
    go(eyes, f"{walk.base}/console/", "home-with-contacts")


def test_officer_looks_up_a_contact(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    go(eyes, f"{walk.base}/console/contacts/", "contacts")
    page.fill("#q", "هیچ‌کس با این نام نیست")
    page.click("main form[role=search] button")
    page.wait_for_selector(".blank")
    eyes.look("contacts-nobody-found")
    page.fill("#q", to_persian_digits(walk.office.number(0)))
    page.click("main form[role=search] button")
    page.click("tbody .row-link")
    page.wait_for_selector("#h-shared")
    eyes.look("contact")
    page.click(".page-head a[href$='/edit']")
    page.fill("#birth_year", "۱۲")
    page.click("main .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("contact-edit-errors")
    page.fill("#birth_year", "۱۳۳۱")
    page.click("main .btn-primary")
    page.wait_for_selector(".page-head")
    page.click(".page-head a[href$='/consent']")
    eyes.look("contact-consent")
    page.go_back()
    page.click(".page-head a[href$='/stop']")
    eyes.look("contact-stop")
    go(eyes, f"{walk.base}/console/contacts/new", "contact-new")
    page.fill("#phone", "۰۹۱۲")
    page.click("main .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("contact-new-errors")


QUESTIONS = (
    (
        "rating",
        {"label": "از خدمات شهرداری در محلهٔ خود چقدر راضی هستید؟", "low_label": "خیلی ناراضی", "high_label": "خیلی راضی", "required": True},
    ),
    (
        "single",
        {
            "label": "کدام کار در محلهٔ شما از همه واجب‌تر است؟",
            "options": "روشنایی کوچه‌ها\nترمیم پیاده‌روها\nنظافت و جمع‌آوری زباله",
            "exclusive": "نظری ندارم",
            "required": True,
        },
    ),
    (
        "multiple",
        {
            "label": "برای کدام کارها خودتان هم کمک می‌کنید؟",
            "options": "درخت‌کاری\nپاکسازی بوستان\nخبررسانی به همسایه‌ها",
            "exclusive": "هیچ‌کدام",
            "max_choices": "۲",
        },
    ),
    ("number", {"label": "چند سال است در این محله زندگی می‌کنید؟", "min": "۰", "max": "۱۰۰", "unit": "سال"}),
    ("short_text", {"label": "نام کوچه یا بوستانی که در نظر دارید چیست؟"}),
    ("long_text", {"label": "اگر حرف دیگری دارید، بنویسید.", "hint": "نام و شمارهٔ تلفن ننویسید."}),
)


def test_officer_builds_and_publishes_a_survey(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/surveys")
    page.click(".page-head .btn-primary")
    eyes.look("survey-new")
    page.click("main .card-foot .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("survey-new-errors")
    page.fill("#title", TITLE)
    page.check("input[value=blank]")
    page.click("main .card-foot .btn-primary")
    page.wait_for_url("**/edit**")
    walk.survey = page.url.split("/surveys/")[1].split("/")[0]
    eyes.look("survey-edit-empty")
    go(eyes, f"{walk.base}/console/surveys/{walk.survey}/publish", "survey-publish-not-ready")
    page.goto(f"{walk.base}/console/surveys/{walk.survey}/edit")
    for number, (kind, values) in enumerate(QUESTIONS, 1):
        page.click(f"#add button[value={kind}]")
        form = page.locator(".q-card.is-open form")
        form.wait_for()
        if number == 2:
            eyes.look("survey-edit-question")
        for name, value in values.items():
            control = form.locator(f"[name$='-{name}']")
            control.check() if value is True else control.fill(str(value))
        form.locator(".card-foot button.btn").last.click()
        page.wait_for_selector(".notice-ok")
        assert page.locator("[data-question]").count() == number
    eyes.look("survey-edit")
    page.goto(f"{walk.base}/console/surveys/{walk.survey}/preview")
    page.frame_locator("iframe").locator("h1").wait_for()
    eyes.look("survey-preview")
    page.goto(f"{walk.base}/console/surveys/{walk.survey}/publish")
    page.fill("#closes_on", "۱۴۰۵/۱۳/۴۰")
    page.fill("#results_on", "")
    page.click("main .card-foot .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("survey-publish-errors")
    page.fill("#closes_on", day_ahead(walk, 21))
    page.fill("#results_on", day_ahead(walk, 28))
    eyes.look("survey-publish")
    page.click("main .card-foot .btn-primary")
    page.wait_for_url(f"**/surveys/{walk.survey}")
    eyes.look("survey")
    go(eyes, f"{walk.base}/console/surveys", "surveys")
    go(eyes, f"{walk.base}/console/reports/{walk.survey}", "report-nothing-sent")


def test_officer_composes_a_campaign(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/campaigns")
    page.click("main .btn-primary")
    eyes.look("campaign-0-kind")
    page.click("main .card-title a[href$='/campaigns/new']")
    page.wait_for_selector("#title")
    eyes.look("campaign-1-audience")
    page.fill("#title", "")
    page.fill("#birth_year_from", "۱۴۰۰")
    page.fill("#birth_year_to", "۱۳۰۰")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("campaign-1-audience-errors")
    page.fill("#title", CAMPAIGN)
    page.fill("#birth_year_from", "۱۴۰۰")
    page.fill("#birth_year_to", "")
    page.locator("#birth_year_to").blur()
    expect(page.locator("#audience .notice-wait")).to_be_visible()
    eyes.look("campaign-1-audience-nobody")
    page.fill("#birth_year_from", "")
    page.locator("#birth_year_from").blur()
    expect(page.locator("#audience .sum td")).to_have_text(format_number(GOOD_ROWS))
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/text")
    walk.campaign = page.url.split("/campaigns/")[1].split("/")[0]
    page.fill("#text", "کوتاه " * 14)
    expect(page.locator("#measure .notice-wait")).to_be_visible()
    eyes.look("campaign-2-text-two-pages")
    page.fill("#text", "{واحد}: کار بعدی؟")
    expect(page.locator("#measure .counter-line")).to_contain_text("۱ صفحه")
    page.check("#reminder-1")
    eyes.look("campaign-2-text")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/time")
    eyes.look("campaign-3-time")
    page.check("#when-1")
    page.fill("#day", "۳۰ اسفند")
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("campaign-3-time-errors")
    page.check("#when-0")
    page.fill("#day", "")
    page.click(".actionbar .btn-primary")
    page.wait_for_url("**/review")
    eyes.look("campaign-4-review")
    page.click(".actionbar .btn-primary")
    page.wait_for_url(f"**/campaigns/{walk.campaign}")
    eyes.look("campaign-in-review")
    go(eyes, f"{walk.base}/console/campaigns", "campaigns")
    go(eyes, f"{walk.base}/console/campaigns?state=finished", "campaigns-none-in-state")


def test_manager_approves_on_the_other_screen(walk: Walk) -> None:
    eyes = walk.window("manager", 360 if walk.width == 1280 else 1280)
    page = eyes.page
    set_up_authenticator(walk, eyes, "manager")
    eyes.look("home-manager")
    page.click(f".task a[href*='{walk.campaign}']")
    eyes.look("campaign-to-approve")
    # The code of setting up is used up; the next one counts a moment before its time.
    page.fill("#proof", walk.code("manager", ahead=30))
    page.click(".actionbar .btn-primary")
    page.wait_for_selector(".notice-ok")
    eyes.look("campaign-approved-manager")


def test_officer_launches_and_watches_it_move(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    go(eyes, f"{walk.base}/console/", "home-approved")
    go(eyes, f"{walk.base}/console/campaigns/{walk.campaign}", "campaign-approved")
    page.click("form[action$='/launch'] .btn-primary")
    page.wait_for_selector("#progress")
    page.evaluate("window.stayed = true")
    eyes.look("campaign-live-beginning")
    wait_for(lambda: walk.stage.simulator.inbox(walk.office.number(GOOD_ROWS - 1)), 30)
    expect(page.locator("#progress .stats dd").first).to_contain_text(format_number(GOOD_ROWS), timeout=20_000)
    eyes.look("campaign-live")
    go(eyes, f"{walk.base}/console/campaigns/{walk.campaign}/cancel", "campaign-cancel")
    go(eyes, f"{walk.base}/console/", "home-running")
    go(eyes, f"{walk.base}/console/reports/{walk.survey}", "report-nothing-answered")


def test_citizen_answers_without_script(walk: Walk) -> None:
    eyes = walk.window("citizen without script", 360, script=False)
    answer_with_mistakes(walk, eyes, walk.link_of(READ), "citizen-no-script")


def test_citizen_answers_from_the_phone_page(walk: Walk) -> None:
    eyes = walk.window("citizen")
    page = eyes.page
    page.goto(f"{walk.stage.simulator.base_url}/phone")
    eyes.look("phones")
    page.fill("input[name=q]", walk.office.number(UNREAD))
    page.click("form button")
    page.wait_for_selector(".bubble a")
    eyes.look("phone")
    with eyes.context.expect_page() as opened:
        page.click(".bubble a")
    link = opened.value.url
    opened.value.close()
    assert link == walk.link_of(UNREAD)
    answer_with_mistakes(walk, eyes, link, "citizen")
    eyes.page.goto(link + "?verify")
    eyes.look("citizen-verify", narrow=True)


def test_citizens_find_their_ways_out(walk: Walk) -> None:
    eyes = walk.window("citizen")
    page = eyes.page
    for place, name in ((STRANGER, "not-me"), (STOPPED, "stop")):
        link = walk.link_of(place)
        page.goto(link)
        page.click(f"footer a[href='?{name}']")
        eyes.look(f"citizen-{name}", narrow=True)
        page.goto(link)
        assert page.locator("form .btn").count() == 1  # asking changed nothing
        page.click(f"footer a[href='?{name}']")
        page.click("main form .btn")
        page.wait_for_selector(".tick")
        eyes.look(f"citizen-{name}-done", narrow=True)
    answer = page.goto(walk.link_of(STRANGER))
    assert answer is not None and answer.status == 404
    eyes.look("citizen-404", narrow=True)

    officer = walk.window("officer")
    page = officer.page
    for place, name in ((STOPPED, "contact-stopped"), (STRANGER, "contact-reassigned")):
        page.goto(f"{walk.base}/console/contacts/?q={walk.office.number(place)}")
        page.click("tbody .row-link")
        wait_for(lambda: page.reload() and page.locator(".notice-wait").count(), 10)
        officer.look(name)
        assert page.locator("a[href$='/consent']").count() == 0


def test_report_lives(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    go(eyes, f"{walk.base}/console/reports/{walk.survey}", "report-few")
    page.evaluate("window.stayed = true")
    expect(page.locator(".figures b").first).to_have_text(format_number(2), timeout=10_000)
    answer_by_form(walk, LIVE)
    expect(page.locator(".figures b").first).to_have_text(format_number(3), timeout=5_000)
    assert page.evaluate("window.stayed") is True
    for place in range(LIVE + 1, LIVE + 21):
        answer_by_form(walk, place)
    expect(page.locator(".figures b").first).to_have_text(format_number(23), timeout=5_000)
    go(eyes, f"{walk.base}/console/reports/{walk.survey}", "report")
    page.click(".files > summary")
    eyes.look("report-exports", full=False)
    with page.expect_download() as taken:
        page.click("form[action$='/files/csv'] button")
    rows = Path(taken.value.path()).read_text("utf-8-sig").strip().splitlines()
    assert len(rows) == 24
    assert not any(walk.office.number(place)[1:] in line for line in rows for place in range(GOOD_ROWS))
    page.keyboard.press("Escape")
    page.click("a[href*='/texts/']")
    eyes.look("report-texts")
    go(eyes, f"{walk.base}/console/reports", "reports")
    go(eyes, f"{walk.base}/console/surveys/{walk.survey}", "survey-answered")
    go(eyes, f"{walk.base}/console/campaigns/{walk.campaign}", "campaign-answered")
    page.goto(f"{walk.base}/console/contacts/?q={walk.office.number(READ)}")
    page.click("tbody .row-link")
    page.wait_for_selector("#h-line")
    texts = page.inner_text("section[aria-labelledby=h-line]")
    assert CAMPAIGN in texts and walk.link_of(READ) not in texts
    eyes.look("contact-answered")


def test_officer_closes_the_survey(walk: Walk) -> None:
    eyes = walk.window("officer")
    page = eyes.page
    page.goto(f"{walk.base}/console/surveys/{walk.survey}")
    page.click("form[action$='/close'] button")
    page.wait_for_selector("a[href$='/publish']")
    eyes.look("survey-closed")
    citizen = walk.window("citizen")
    citizen.page.goto(walk.link_of(LATE))
    assert "مهلت" in citizen.page.inner_text("h1")
    citizen.look("citizen-closed", narrow=True)
    go(eyes, f"{walk.base}/console/reports/{walk.survey}", "report-closed")


def test_administrator_sees_what_was_done(walk: Walk) -> None:
    eyes = walk.window("administrator")
    page = eyes.page
    set_up_authenticator(walk, eyes, "admin")
    for name, path in (("home-admin", ""), ("settings", "settings"), ("users", "settings/users"), ("units", "settings/units")):
        go(eyes, f"{walk.base}/console/{path}", name)
    page.click("tbody .row-link")
    eyes.look("unit")
    page.fill("#sms_name", "")
    page.click("main .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("unit-errors")
    go(eyes, f"{walk.base}/console/settings/units/{walk.office.unit_id}/new", "unit-new")
    go(eyes, f"{walk.base}/console/settings/users/new", "user-new")
    page.click("main .btn-primary")
    page.wait_for_selector(".problems")
    eyes.look("user-new-errors")
    page.fill("#name", "سعید کریمی")
    page.fill("#email", f"saeed-{walk.width}@example.ir")
    page.check("#role-0")
    page.select_option("#unit_id", str(walk.office.unit_id))
    page.fill("#password", "گلدان روی پنجره ۷")
    page.click("main .btn-primary")
    page.wait_for_url("**/settings/users/*")
    eyes.look("user")
    go(eyes, f"{walk.base}/console/settings/audit", "audit")
    told = page.inner_text("table")
    for words in (CAMPAIGN, TITLE, "رضا مرادی", "نرگس احمدی"):
        assert words in told, f"the audit log doesn't tell of {words}"
    page.fill("#first_day", day_ahead(walk, 30))
    page.click("main form .btn")
    page.wait_for_selector(".blank")
    eyes.look("audit-nothing")
    go(eyes, f"{walk.base}/console/account", "account")
    go(eyes, f"{walk.base}/console/account/password", "password")
    page.fill("#current", PASSWORD)
    page.fill("#new", "کوتاه")
    page.click("main .btn-primary")
    page.wait_for_selector(".notice-bad, .problems")
    eyes.look("password-refused")
    go(eyes, f"{walk.base}/console/account/recovery-codes", "recovery-codes-again")


def test_administrator_comes_back_without_the_phone(walk: Walk) -> None:
    eyes = walk.window("administrator")
    page = eyes.page
    page.goto(f"{walk.base}/console/")
    page.click("summary.who")
    eyes.look("account-menu", full=False)
    page.click("form[action$='/sign-out'] button")
    page.wait_for_url("**/sign-in**")
    eyes.look("signed-out")
    walk.sign_in(eyes, "admin")
    page.wait_for_url("**/sign-in/code**")
    page.fill("#code", "123456")
    page.click("form .btn-primary")
    page.wait_for_selector(".notice-bad")
    eyes.look("sign-in-code-refused")
    page.fill("#code", walk.secrets["admin recovery"])
    page.click("form .btn-primary")
    page.wait_for_url("**/console/")
