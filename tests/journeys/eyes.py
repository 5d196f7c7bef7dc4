"""What is looked at on every page: nothing in the console, nobody shut out, nothing sideways, no foreign word, a picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parent / "shots"

HEIGHTS = {1280: 900, 360: 740}

ALLOWED_WORDS = re.compile(
    r"\b(?:CSV|JSON|PDF|XLSX?|xlsx?|ods|Excel|LibreOffice|FreeOTP|Aegis|Google Authenticator|Engage|QR|XLSForm|Kobo|ODK|district-12)\b|https?://\S+|لغو ?11|\.(?:csv|txt|xlsx)\b",
    re.IGNORECASE,
)
"""What is Latin in Persian, too: names of things, addresses, and the word a citizen has to send letter by letter."""

_FOREIGN = re.compile(r"[A-Za-z]{2,}|[0-9]")

_VISIBLE_TEXT = """() => {
  const skipped = "bdi, code, kbd, samp, script, style, noscript, textarea, [lang=en], svg title"
  const found = [document.title]
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement
    if (walker.currentNode.data.trim() && !parent.closest(skipped) && parent.getClientRects().length) found.push(walker.currentNode.data.trim())
  }
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    for (const name of ["aria-label", "title", "placeholder", "alt"]) if (each.hasAttribute(name)) found.push(each.getAttribute(name))
  return found
}"""

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  const outside = [...document.querySelectorAll("body *")].filter(each => {
    const box = each.getBoundingClientRect()
    return box.width && (box.left < -1 || box.right > width + 1)
  })
  return [`${document.documentElement.scrollWidth} of ${width}`, ...outside.slice(0, 5).map(each => each.tagName + "." + each.className)]
}"""

_REPORT_VIOLATIONS = (
    """addEventListener("securitypolicyviolation", e => console.error("CSP", e.violatedDirective, e.blockedURI, e.sourceFile))"""
)

_colours_seen: set[str] = set()


class Eyes:
    """One person's browser window. `problems` gathers what no page may have; the test that owns it fails with all of them."""

    def __init__(self, browser: Browser, problems: list[str], width: int, *, script: bool = True, prefix: str = "") -> None:
        self.width = width
        self.has_script = script
        self.problems = problems
        self.prefix = prefix
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]}, java_script_enabled=script, locale="fa-IR", accept_downloads=True
        )
        self.context.set_default_timeout(15_000)
        if script:
            self.context.add_init_script(_REPORT_VIOLATIONS)
        self.page = self.open_page()

    def open_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: script error: {error}"))
        return page

    def close(self) -> None:
        self.context.close()

    def look(self, name: str, *, narrow: bool = False, page: Page | None = None, full: bool = True) -> None:
        """Everything that must hold on the page shown now; `narrow`: at 320 pixels, too."""
        page = page or self.page
        place = f"{self.prefix}{name}-{self.width}"
        if self.has_script:
            page.evaluate("document.fonts.ready")
        SHOTS.mkdir(exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=SHOTS / f"{place}.png", full_page=full, animations="disabled")
        self._check_width(page, place)
        if narrow:
            page.set_viewport_size({"width": 320, "height": 640})
            self._check_width(page, f"{place} at 320")
            page.screenshot(path=SHOTS / f"{self.prefix}{name}-320.png", full_page=full)
            page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})
        for text in page.evaluate(_VISIBLE_TEXT):
            foreign = _FOREIGN.findall(ALLOWED_WORDS.sub("", text))
            if foreign:
                self.problems.append(f"{place}: not Persian: {text[:160]!r}")
        if self.has_script:
            # Colours don't depend on the width, and measuring them takes half of the time: once for each page.
            rules = {"color-contrast": {"enabled": name not in _colours_seen}}
            _colours_seen.add(name)
            found: Any = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
            for violation in found.response["violations"]:
                nodes = [node["html"][:200] + " | " + node.get("failureSummary", "")[:300] for node in violation["nodes"][:3]]
                self.problems.append(f"{place}: axe {violation['id']}: {nodes}")

    def _check_width(self, page: Page, place: str) -> None:
        wide = page.evaluate(_TOO_WIDE)
        if wide:
            self.problems.append(f"{place}: scrolls sideways: {wide}")

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser says so of every page that answers 4xx; which answer is right, the walk itself checks.
        if message.type in ("error", "warning") and "Failed to load resource: the server responded with a status of 4" not in message.text:
            self.problems.append(f"{message.location.get('url', '')}: console: {message.text}")
