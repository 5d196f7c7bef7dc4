"""Sheets of paper: set by typst with our own font, and the QR codes on them."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst

from engage.web.vendor import FONTS

_lock = threading.Lock()
"""Compilers are kept warm with their fonts; they aren't made for two threads at once."""


@cache
def _compiler(root: Path) -> Any:
    return typst.Compiler(root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True)


def draw_sheet(template: Path, inputs: Mapping[str, str], *, format: str = "pdf", ppi: float | None = None) -> bytes:
    """The typst `template` with these inputs as a file; it may read what lies in its own folder. `format` "png" is for looking at it."""
    with _lock:
        return bytes(_compiler(template.parent).compile(input=str(template), format=format, ppi=ppi, sys_inputs=dict(inputs)))


def qr_code(address: str, *, for_screen: bool = False) -> str:
    """An SVG that still reads with a corner of the sheet torn off (level Q); for a screen on white, whatever its theme, about 5 cm wide."""
    out = io.BytesIO()
    light, scale, border = ("#ffffff", 5, 3) if for_screen else (None, 1, 1)
    segno.make(address, error="q", micro=False, boost_error=False).save(
        out, kind="svg", border=border, scale=scale, dark="#0a5f5e", light=light, xmldecl=False
    )
    return out.getvalue().decode()
