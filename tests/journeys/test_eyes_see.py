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
