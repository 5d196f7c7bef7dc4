"""The stylesheet of citizen pages: read once, minified, cut to what a page needs, and named by its hash for the CSP."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("citizen.css")
_PART = re.compile(r"/\* part: (\w+) \*/(.*?)/\* end \*/", re.S)


@dataclass(frozen=True)
class Style:
    """Minified CSS and the CSP source expression that allows exactly it."""

    css: str
    source: str


def minify(css: str) -> str:
    """The same rules without comments and idle white space. Made for our own file: strings must not hold braces or semicolons."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,>]) ?", r"\1", css)
    return css.replace(";}", "}").strip()


@cache
def _parts() -> dict[str, str]:
    text = SOURCE.read_text(encoding="utf-8")
    parts = {name: minify(body) for name, body in _PART.findall(text)}
    parts[""] = minify(_PART.sub("", text))
    return parts


@cache
def _style(names: tuple[str, ...]) -> Style:
    parts = _parts()
    css = parts[""] + "".join(parts[name] for name in names)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Style(css, f"'sha256-{digest}'")


def style_for(parts: Iterable[str]) -> Style:
    """The core and these parts, in the order of the file."""
    wanted = set(parts)
    return _style(tuple(name for name in _parts() if name and name in wanted))
