"""The page of files in a real browser: clean at both widths, alive while a file is written, whole without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.exporting import commands
from engage.reports.render import FORMATS, Format
from tests.features.test_reports_browser import browser, check, context_of, site, watched  # noqa: F401 - fixtures
from tests.features.test_reports_live import Asked
from tests.people import make_person


def refuse(report: object, target: object) -> None:
    raise Refused("report_rows_too_many", limit=1_048_575)


@pytest.mark.parametrize("width", [1280, 360])
def test_files_in_every_state_are_clean(
    app: Flask,
    browser: Browser,  # noqa: F811
    site: str,  # noqa: F811
    drain: Callable[[], int],
    width: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked()
    asked.answer({"q1": "a1", "q2": 4, "q4": 12}, 12)
    user_id = make_person(asked.unit_id, Role.MANAGER)
    page, complaints = watched(context_of(app, browser, user_id, width))
    page.goto(f"{site}{asked.url}/exports")
    check(page, "exports-none", width)
    with monkeypatch.context() as patch:
        patch.setitem(FORMATS, "xlsx", Format("x", refuse))
        commands.ask_for_file(asked.id, "xlsx", actor_id=user_id)
        drain()
    commands.ask_for_file(asked.id, "codebook.csv", actor_id=user_id)
    drain()
    page.click("form:has(input[value=sav]) button")
    check(page, "exports-some", width)
    expect(page.locator("#report-files .td-state").first).to_contain_text("در نوبت")
    drain()
    # The list renews itself, without anybody touching it.
    expect(page.locator("#report-files .td-state").first).to_contain_text("آماده", timeout=8_000)
    check(page, "exports-ready", width)
    with page.expect_download() as taken:
        page.click("#report-files button >> nth=0")
    assert taken.value.suggested_filename.endswith(".sav")
    assert complaints == []


def test_without_script_a_file_is_asked_for_and_taken(app: Flask, browser: Browser, site: str, drain: Callable[[], int]) -> None:  # noqa: F811
    asked = Asked()
    asked.answer({"q1": "a1"}, 12)
    page, _ = watched(context_of(app, browser, make_person(asked.unit_id, Role.OFFICER), 360, script=False))
    page.goto(f"{site}{asked.url}/exports")
    page.click("form:has(input[value='csv']) button")
    drain()
    page.click("#report-files a")
    with page.expect_download() as taken:
        page.click("#report-files button")
    assert taken.value.suggested_filename.endswith(".csv")
