"""PDF: the report to print, file and send on. Fonts are inside; texts go in as data, never as markup."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from engage.identity.queries import get_unit
from engage.reports import queries
from engage.reports.content import Report
from engage.reports.masking import mask_numbers
from engage.reports.print.document import document_of, quoted_keys
from engage.reports.themes.queries import themes_of
from engage.web.vendor import FONTS

SHEET = Path(__file__).with_name("sheets") / "report.typ"
CHILD = Path(__file__).with_name("child.py")
QUOTES = 3
SECONDS = 120
"""A hundred questions take three; a report that needs longer than this is stuck"""


def write(report: Report, target: BinaryIO) -> None:
    unit = get_unit(report.unit_id)
    quotes = {key: [mask_numbers(text) for text in queries.texts_of(report, key, page=1, size=QUOTES)] for key in quoted_keys(report)}
    themes = () if report.is_sealed else themes_of(report)
    document = document_of(report, unit.name if unit else "", quotes=quotes, themes=themes)
    target.write(set_apart({"data": json.dumps(document, ensure_ascii=False)}))


def set_apart(inputs: dict[str, str]) -> bytes:
    """The report's sheets as PDF. In a process of its own: typst keeps what it laid out, and a few long reports would fill a server's memory.

    TimeoutError when it doesn't come to an end, RuntimeError when it fails.
    """
    job = {"root": str(SHEET.parent), "template": str(SHEET), "fonts": str(FONTS), "inputs": inputs}
    try:
        done = subprocess.run(
            [sys.executable, str(CHILD)], input=json.dumps(job).encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError("setting the report's sheets didn't come to an end") from None
    if done.returncode:
        # The last line is typst's own sentence about the template; what people wrote isn't in it.
        raise RuntimeError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200] or f"exit {done.returncode}")
    return done.stdout
