"""What is looked at on every page: nothing in the console, nobody shut out, nothing sideways, no foreign word, a picture."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

_PATIENCE = 10.0
"""Seconds a browser on a busy machine may need to do what it does of itself"""

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parent / "shots"

HEIGHTS = {1280: 900, 360: 740, 320: 640}
SMALLEST_TEXT = 18
"""Pixels, on citizens' pages. No small print is excepted: there is none."""
SMALLEST_TARGET = 44
"""Pixels, both ways"""
MOST_SHIFT = 0.05
"""Cumulative layout shift while a page comes"""

ALLOWED_WORDS = re.compile(
    r"\b(?:CSV|JSON|PDF|JPEG|PNG|WebP|HEIC|XLSX?|xlsx?|ods|Excel|LibreOffice|FreeOTP|Aegis|Google Authenticator|Engage|QR|SPSS|AAPOR|XLSForm|Kobo|ODK|district-12)\b|https?://\S+|لغو ?11|\.(?:csv|txt|xlsx)\b",
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

# Words that are only read out (clipped to one pixel) have no size to see; a list's own options are drawn by the phone.
_SMALL_TEXT = """smallest => {
  const small = [], size = (each, part) => parseFloat(getComputedStyle(each, part).fontSize)
  const seen = each => each.getClientRects().length && each.getBoundingClientRect().width > 1 && !each.closest("script, style, noscript, option, svg")
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim(), parent = walker.currentNode.parentElement
    if (words && seen(parent) && size(parent) < smallest) small.push(`${size(parent)}: ${words.slice(0, 60)}`)
  }
  for (const each of document.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), select, textarea, button")) {
    if (seen(each) && size(each) < smallest) small.push(`${size(each)}: ${each.tagName} ${each.name}`)
    if (each.type === "file" && size(each, "::file-selector-button") < smallest) small.push(`${size(each, "::file-selector-button")}: the button of ${each.name}`)
  }
  return small
}"""

# What a finger may hit: of a box to tick it is the box and its label together.
_SMALL_TARGETS = """smallest => {
  const small = []
  for (const each of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")) {
    const boxes = [each, ...(/^(radio|checkbox)$/.test(each.type) ? each.labels : [])].map(it => it.getBoundingClientRect()).filter(it => it.width)
    if (!boxes.length) continue
    const width = Math.max(...boxes.map(it => it.right)) - Math.min(...boxes.map(it => it.left))
    const height = Math.max(...boxes.map(it => it.bottom)) - Math.min(...boxes.map(it => it.top))
    if (Math.min(width, height) < smallest - 0.25)
      small.push(`${width.toFixed(1)}×${height.toFixed(1)}: ${each.tagName} ${each.name || each.id || ""} ${each.textContent.trim().slice(0, 40)}`)
  }
  return small
}"""

_SHIFT = """() => new Promise(told => {
  let sum = 0
  const add = list => { for (const each of list) if (!each.hadRecentInput) sum += each.value }
  const watch = new PerformanceObserver(list => add(list.getEntries()))
  watch.observe({type: "layout-shift", buffered: true})
  setTimeout(() => { add(watch.takeRecords()); told(sum) }, 50)
})"""

_REPORT_VIOLATIONS = (
    """addEventListener("securitypolicyviolation", e => console.error("CSP", e.violatedDirective, e.blockedURI, e.sourceFile))"""
)

_colours_seen: set[str] = set()


class Eyes:
    """One person's browser window. `problems` gathers what no page may have; the test that owns it fails with all of them."""

    def __init__(self, browser: Browser, problems: list[str], width: int, *, script: bool = True, prefix: str = "") -> None:
        self.browser = browser
        self.twin: Page | None = None
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
        if self.twin is not None:
            self.twin.context.close()

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
        self.check_words(page, place)
        if self.has_script:
            self.check_axe(page, place, name)

    def look_closely(self, name: str, *, page: Page | None = None, shots: tuple[int, ...] = (1280, 320)) -> None:
        """A citizen's page at every width it is read at: the size of words and targets, 200 %, and axe even where no script runs.

        A picture at each width in `shots`.
        """
        page = page or self.page
        place = f"{self.prefix}{name}"
        if self.has_script:
            self.check_shift(page, place)
        SHOTS.mkdir(exist_ok=True)
        for width in (1280, 360, 320):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            self._check_width(page, f"{place} at {width}")
            self.check_text_size(page, f"{place} at {width}")
            self.check_targets(page, f"{place} at {width}")
            if width in shots:
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=SHOTS / f"{place}-{width}.png", full_page=True, animations="disabled")
        self.check_words(page, place)
        self.check_axe(page, place, name)
        self.check_zoom(page, place)
        page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})

    def check_words(self, page: Page, place: str) -> None:
        """Nothing on the page is foreign."""
        for text in page.evaluate(_VISIBLE_TEXT):
            foreign = _FOREIGN.findall(ALLOWED_WORDS.sub("", text))
            if foreign:
                self.problems.append(f"{place}: not Persian: {text[:160]!r}")

    def check_axe(self, page: Page, place: str, name: str) -> None:
        """No violation. Where no script runs axe can't either: it then sees the same document in a window where it may."""
        # Colours don't depend on the width, and measuring them takes half of the time: once for each page.
        rules = {"color-contrast": {"enabled": name not in _colours_seen}}
        _colours_seen.add(name)
        if not self.has_script:
            page = self._twin_of(page)
        found: Any = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
        for violation in found.response["violations"]:
            nodes = [node["html"][:200] + " | " + node.get("failureSummary", "")[:300] for node in violation["nodes"][:3]]
            self.problems.append(f"{place}: axe {violation['id']}: {nodes}")

    def _twin_of(self, page: Page) -> Page:
        """The page's document as it stands, without the scripts that never ran, in a window that runs axe."""
        if self.twin is None:
            self.twin = self.browser.new_context(bypass_csp=True, locale="fa-IR").new_page()
        self.twin.set_viewport_size(page.viewport_size or {"width": self.width, "height": HEIGHTS[self.width]})
        self.twin.set_content(re.sub(r"<script\b.*?</script>", "", page.content(), flags=re.DOTALL))
        return self.twin

    def check_text_size(self, page: Page, place: str) -> None:
        """Every visible word, what is typed in included, is large enough for a citizen."""
        small = page.evaluate(_SMALL_TEXT, SMALLEST_TEXT)
        if small:
            self.problems.append(f"{place}: small text: {small[:5]}")

    def check_targets(self, page: Page, place: str) -> None:
        """Everything to tap is large enough for a finger; a box counts together with its label."""
        small = page.evaluate(_SMALL_TARGETS, SMALLEST_TARGET)
        if small:
            self.problems.append(f"{place}: small targets: {small[:5]}")

    def check_zoom(self, page: Page, place: str) -> None:
        """At 200 % in a window of 640 pixels nothing scrolls sideways."""
        session = self.context.new_cdp_session(page)
        session.send("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 360, "deviceScaleFactor": 2, "mobile": False})
        self._check_width(page, f"{place} at 200 %")
        session.send("Emulation.clearDeviceMetricsOverride")
        session.detach()

    def check_shift(self, page: Page, place: str) -> None:
        """Nothing moved while the page came."""
        shift = page.evaluate(_SHIFT)
        if shift > MOST_SHIFT:
            self.problems.append(f"{place}: moves while it loads: {shift:.3f}")

    def _check_width(self, page: Page, place: str) -> None:
        wide = page.evaluate(_TOO_WIDE)
        if wide:
            self.problems.append(f"{place}: scrolls sideways: {wide}")

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser says so of every page that answers 4xx; which answer is right, the walk itself checks.
        if message.type in ("error", "warning") and "Failed to load resource: the server responded with a status of 4" not in message.text:
            self.problems.append(f"{message.location.get('url', '')}: console: {message.text}")


def find_focus(page: Page, *wanted: str) -> str:
    """The id (without one: the class) of what has the focus, once it is one of these: autofocus follows the page, it doesn't come with it."""
    end = time.monotonic() + _PATIENCE
    while (found := str(page.evaluate("document.activeElement.id || document.activeElement.className"))) not in wanted and time.monotonic() < end:
        time.sleep(0.02)
    return found
