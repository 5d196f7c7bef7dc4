"""HTML: the report as one file that needs nothing beside it, to read, forward and print."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from flask import render_template
from markupsafe import Markup

from engage.identity.queries import get_unit
from engage.reports.content import Report
from engage.reports.render.page import page_of
from engage.web.assets import STATIC

_SHEETS = (STATIC / "css" / "tokens.css", STATIC / "css" / "console.css", STATIC / "css" / "charts.css", STATIC / "css" / "reports.css")
_OWN = Path(__file__).with_name("file.css")
_URL = re.compile(r'url\("([^"]+\.woff2)"\)')


def write(report: Report, target: BinaryIO) -> None:
    unit = get_unit(report.unit_id)
    html = render_template("reports/file.html", page=page_of(report), report=report, unit_name=unit.name if unit else "", style=_style())
    target.write(html.encode())


@lru_cache(maxsize=1)
def _style() -> Markup:
    """The console's own sheets with the font inside: the file looks like the page, also without a network."""
    text = "\n".join([_OWN.read_text("utf-8"), *(_with_font(path) for path in _SHEETS)])
    return Markup("<style>%s</style>") % Markup(text)


def _with_font(path: Path) -> str:
    def inline(match: re.Match[str]) -> str:
        font = (path.parent / match[1]).resolve().read_bytes()
        return f'url("data:font/woff2;base64,{base64.b64encode(font).decode()}")'

    return _URL.sub(inline, re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S))
