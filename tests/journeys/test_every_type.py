"""Every type of question in a citizen's hands, with scripts and without: empty, refused, filled, stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from engage.clock import now
from engage.db import db, transaction
from engage.identity import commands as identity
from engage.operations.rehearse.stage import Stage
from surveys import commands, queries
from surveys.models import Response
from surveys.protecting import protect
from surveys.types import QUESTION_TYPES, type_of
from surveys.uploads import open_upload
from tests.journeys.every_type import BY_ID, CASES, LINK_SAYS, STORED, SURVEY, Case, picture
from tests.journeys.eyes import Eyes, find_focus
from tests.make import make_contacts

NEXT, SEND, BACK = "صفحهٔ بعد", "ثبت پاسخ‌ها", "بازگشت"

# What the form holds, as the server would get it: files aside, since no page may name one again, and «no place», which is nothing.
_HELD = """() => [...document.forms[0].elements]
  .filter(it => it.name && !/^(file|hidden|submit)$/.test(it.type) && (it.checked || !/^(radio|checkbox)$/.test(it.type)) && it.value && it.value !== "0")
  .map(it => it.name + "=" + it.value).sort()"""

PROBLEMS: list[str] = []


def test_every_type_is_walked() -> None:
    assert {type_of(case.question) for case in CASES} == set(QUESTION_TYPES)


@pytest.fixture(scope="module")
def survey(stage: Stage) -> tuple[int, int]:
    """The survey's and its unit's id."""
    with stage.app.app_context():
        unit_id = identity.create_unit(
            parent_id=None, kind="municipality", name="شهرداری تهران، منطقهٔ ۱۲", sms_name="منطقه ۱۲", slug="every-type", actor_id=None
        )
        found = commands.create_survey(unit_id, SURVEY.title, SURVEY, actor_id=None)
        commands.publish_survey(found, closes_at=now() + timedelta(days=9), results_on=None, actor_id=None)
        return found, unit_id


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def eyes(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Eyes]:
    PROBLEMS.clear()
    window = Eyes(browser, PROBLEMS, 360, script=request.param, prefix="type-" if request.param else "type-plain-")
    yield window
    window.close()
    assert not PROBLEMS, "\n".join(dict.fromkeys(PROBLEMS))


def invite(stage: Stage, survey: tuple[int, int], phone: str) -> tuple[int, str]:
    """The invitation of this number and its address."""
    with stage.app.app_context():
        survey_id, unit_id = survey
        person = make_contacts(unit_id, [phone])[0]
        with transaction():
            invited = commands.invite_identities(survey_id, unit_id, [person], now() + timedelta(days=9))[person]
        return invited[0], queries.link_of(*invited)


def press(page: Page, *words: str) -> None:
    button = next(found for each in words if (found := page.get_by_role("button", name=each, exact=True)).count())
    with page.expect_navigation():
        button.click()


def held(page: Page) -> list[str]:
    return [str(each) for each in page.evaluate(_HELD)]


def on_page(page: Page) -> list[Case]:
    """Those of the cases that this page asks, in its order."""
    names = page.evaluate("() => [...document.forms[0].elements].map(it => it.name.split('.')[0])")
    found = [BY_ID[name] for name in dict.fromkeys(names) if name in BY_ID]
    return [case for case in found if case.question.asks]


def walk_page(eyes: Eyes, number: int) -> None:
    """One page of the form: as it comes, sent with every mistake, mended, left, and come back to."""
    page, cases = eyes.page, on_page(eyes.page)
    eyes.look_closely(f"{number}-empty", shots=(320,) if eyes.has_script else ())

    for case in cases:
        case.mistake(page)
    typed = held(page)
    press(page, NEXT, SEND)
    assert page.title().startswith("خطا:"), page.title()
    assert find_focus(page, "errors") == "errors"
    assert held(page) == typed, "what was typed is gone"
    shown = page.locator("p.er").evaluate_all("them => them.map(it => it.id)")
    assert sorted(shown) == sorted(f"{case.question.id}:e" for case in cases)
    for link in page.locator("#errors a").all():
        assert page.locator(f"[id='{str(link.get_attribute('href'))[1:]}']").count() == 1
    eyes.look_closely(f"{number}-error", shots=(320,) if eyes.has_script else ())

    for case in cases:
        case.answer(page)
    if number == 1:
        press(page, NEXT)
        press(page, BACK)
    else:
        press(page, BACK)
        press(page, NEXT)
    assert not page.title().startswith("خطا:")
    filled = expected_fields(eyes, cases)
    assert held(page) == filled
    eyes.look_closely(f"{number}-filled", shots=(1280,) if eyes.has_script else ())
    assert held(page) == filled


def expected_fields(eyes: Eyes, cases: list[Case]) -> list[str]:
    """What the controls hold when these answers are shown again; a file and a national id are told of in words instead."""
    found = []
    for case in cases:
        told = case.question.id in ("photo", "card")
        if told:
            sheet = eyes.page.locator(".s", has=eyes.page.locator(f"#{case.question.id}"))
            assert sheet.get_by_text({"photo": "پروندهٔ شما رسیده است", "card": "کد ملی شما دریافت شد"}[case.question.id]).count()
            continue
        entries = {name.partition(".")[2]: value for name, value in (case.stored or {}).items()}
        for part, values in case.question.typed(entries).items():
            name = f"{case.question.id}.{part}" if part else case.question.id
            found += [f"{name}={value}" for value in values]
    return sorted(found)


def test_every_type_from_empty_to_stored(stage: Stage, survey: tuple[int, int], eyes: Eyes) -> None:
    invitation, link = invite(stage, survey, "+989391120001" if eyes.has_script else "+989391120002")
    page = eyes.page
    page.goto(link + LINK_SAYS)
    walked: list[str] = []
    for number in range(1, 20):
        cases = on_page(page)
        assert cases and not {case.question.id for case in cases} & set(walked)
        walked += [case.question.id for case in cases]
        walk_page(eyes, number)
        press(page, NEXT, SEND)
        if not page.locator("form[data-page]").count():
            break
    assert "کد پیگیری" in page.inner_text("main")
    eyes.look_closely("thanks", shots=(320,) if eyes.has_script else ())
    assert walked == [case.question.id for case in CASES if case.question.asks]
    with stage.app.app_context():
        stored = db.session.scalars(select(Response.answers).where(Response.invitation_id == invitation)).all()
        assert len(stored) == 1
        document: dict[str, Any] = dict(stored[0])
        assert open_upload(document.pop("photo")) == picture()
        assert document == protect(SURVEY, STORED)
        db.session.rollback()
