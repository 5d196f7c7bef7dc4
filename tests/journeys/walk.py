"""One office's walk through the product: who is at work in which window, and what the steps leave for the next ones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Browser

from engage.operations.rehearse.stage import Stage
from tests.journeys.eyes import Eyes
from tests.journeys.people import PASSWORD, Office

LINK = re.compile(r"https?://\S+")


@dataclass
class Walk:
    stage: Stage
    browser: Browser
    office: Office
    folder: Path
    problems: list[str] = field(default_factory=list)
    windows: dict[str, Eyes] = field(default_factory=dict)
    is_over: bool = False
    """An earlier step failed."""
    survey: str = ""
    campaign: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return self.office.width

    @property
    def base(self) -> str:
        return self.stage.settings.base_url

    def window(self, name: str, width: int | None = None, *, script: bool = True) -> Eyes:
        """The window of this person, opened at their first step."""
        if name not in self.windows:
            self.windows[name] = Eyes(self.browser, self.problems, width or self.width, script=script)
        return self.windows[name]

    def sign_in(self, eyes: Eyes, role: str) -> None:
        """Fills the first sign-in form; what comes next depends on the role."""
        eyes.page.goto(f"{self.base}/console/")
        eyes.page.fill("#email", self.office.email(role))
        eyes.page.fill("#password", PASSWORD)
        eyes.page.click("main button[type=submit], form button.btn-primary")

    def code(self, role: str, ahead: int = 0) -> str:
        """What the authenticator app of this person shows, on the stage's clock, in `ahead` seconds."""
        at = time.time() + self.stage.settings.clock_offset + ahead
        return pyotp.TOTP(self.secrets[role].replace("-", "").replace(" ", "")).at(int(at))

    def link_of(self, place: int) -> str:
        """The link in the newest text this citizen's phone got."""

        def newest() -> str:
            texts = self.stage.simulator.inbox(self.office.number(place))
            found = LINK.findall(texts[-1]["message"]) if texts else []
            return found[0] if found else ""

        return wait_for(newest, 20)

    def close(self) -> None:
        for each in self.windows.values():
            each.close()


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """The first true value of `condition()`; AssertionError after that many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"still nothing after {seconds} s")
