"""The eyes themselves: a page with every fault is not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys import eyes as eyes_module
from tests.journeys.eyes import Eyes

FAULTY = """<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8"><title>صفحه</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'none'"></head>
<body><main><h1>صفحه</h1><p>Untranslated words</p><p>شماره 12</p><p><bdi>12 is fine</bdi></p><img src="data:,">
<div style="color: red">LONG</div><p hidden>Hidden words</p></main></body></html>""".replace("LONG", "پهن" * 300)


@pytest.mark.parametrize("width", [1280, 360])
def test_every_fault_is_seen(browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int) -> None:
    monkeypatch.setattr(eyes_module, "SHOTS", tmp_path)
    problems: list[str] = []
    eyes = Eyes(browser, problems, width)
    page = tmp_path / "faulty.html"
    page.write_text(FAULTY, "utf-8")
    eyes.page.goto(page.as_uri())
    eyes.page.evaluate("console.error('a cry')")
    eyes.look("faulty")
    eyes.close()
    told = "\n".join(problems)
    assert "Untranslated" in told and "شماره 12" in told
    assert "is fine" not in told and "Hidden" not in told
    assert "axe image-alt" in told
    assert "scrolls sideways" in told
    assert "a cry" in told
    assert "CSP" in told or "Content Security Policy" in told
    assert (tmp_path / f"faulty-{width}.png").stat().st_size > 1000


TIGHT = """<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8"><title>صفحه</title><style>
html{font-size:112.5%}.small{font-size:17px}.out{position:absolute;width:1px;height:1px;overflow:hidden}
.row{display:block;min-height:48px;position:relative}.row input{position:absolute}.wide{width:330px}a{display:inline-block;min-height:44px;min-width:44px}a.low{min-height:30px;line-height:1}
</style></head><body><main><h1>صفحه</h1><p class="small">ریز</p><p class="out small">خوانده می‌شود</p><div class="wide">پهن</div>
<p><a class="low" href="#x">کوتاه</a> <a href="#y">بلند</a></p><div class="row"><input type="radio" id="r"><label class="row" for="r">کارت</label></div>
<p><input type="file" id="f" name="photo" style="min-height:3rem"><label for="f">عکس</label></p><img src="data:,"></main>
<script>setTimeout(() => document.querySelector("h1").style.marginTop = "400px", 100)</script></body></html>"""


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_what_is_too_small_or_moves_is_seen(browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: bool) -> None:
    monkeypatch.setattr(eyes_module, "SHOTS", tmp_path)
    problems: list[str] = []
    eyes = Eyes(browser, problems, 360, script=script)
    page = tmp_path / "tight.html"
    page.write_text(TIGHT, "utf-8")
    eyes.page.goto(page.as_uri())
    eyes.page.wait_for_timeout(400)
    eyes.look_closely("tight")
    assert eyes.page.locator("h1").evaluate("it => it.style.marginTop") == ("400px" if script else "")
    eyes.close()
    told = "\n".join(problems)
    assert "17: ریز" in told and "خوانده" not in told
    assert "INPUT photo" in told
    assert "A  کوتاه" in told and "بلند" not in told and "INPUT r" not in told
    assert "at 320: scrolls sideways" in told and "at 200 %: scrolls sideways" in told and "at 360: scrolls sideways" not in told
    assert "axe image-alt" in told
    assert ("moves while it loads" in told) is script
    assert (tmp_path / "tight-320.png").stat().st_size > 1000
