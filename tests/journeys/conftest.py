"""The whole platform, as `engage rehearse` stages it, and browsers that walk through it with open eyes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from engage.identity import commands
from engage.identity.rules import Role
from engage.operations.rehearse.stage import Stage, build_stage
from tests.journeys.eyes import CHROMIUM
from tests.journeys.people import PASSWORD, Office

NO_NETWORK = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A step that couldn't be walked ends this walk: the later ones would only wait for what isn't there."""
    report = yield
    if report.when == "call" and report.failed and "walk" in getattr(item, "funcargs", {}):
        item.funcargs["walk"].is_over = True  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: nobody walked through the pages")
        pytest.skip("NOT CHECKED: Debian's chromium is not installed, so nobody walked through the pages")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(NO_NETWORK))
        yield started
        started.close()


@pytest.fixture(scope="package")
def stage(browser: Browser) -> Iterator[Stage]:
    """Servers, web, workers, sweeper and gateway at ten o'clock of a working day; the data are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="engage-journey-") as folder, build_stage(Path(folder)) as running:
        yield running


@pytest.fixture(scope="package")
def offices(stage: Stage) -> dict[int, Office]:
    """One district with its own people for the journey at each width: the same things are done twice, beside each other."""
    with stage.app.app_context():
        city = commands.create_unit(
            parent_id=None, kind="municipality", name="شهرداری تهران", sms_name="شهرداری تهران", slug="tehran", actor_id=None
        )
        return {1280: _open_office(city, 1280, "۱۲", "district-12"), 360: _open_office(city, 360, "۷", "district-7")}


def _open_office(city: int, width: int, number: str, slug: str) -> Office:
    unit_id = commands.create_unit(
        parent_id=city,
        kind="district",
        name=f"شهرداری منطقهٔ {number}",
        sms_name=f"منطقه {number}",
        slug=slug,
        approval_recipients=5,
        actor_id=None,
    )
    for role, name in ((Role.ADMIN, "مینا صادقی"), (Role.OFFICER, "نرگس احمدی"), (Role.MANAGER, "رضا مرادی")):
        commands.create_user(email=f"{role}-{width}@example.ir", name=name, password=PASSWORD, role=role, unit_id=unit_id, actor_id=None)
    return Office(unit_id, f"شهرداری منطقهٔ {number}", width)
